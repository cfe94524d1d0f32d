/**
 * The standing of records: what a reader may believe of each transfer vault → register (docs/DESIGN.md §3).
 *
 *     chain alone ──▶ anchored ──▶ listed ──▶ verified        first by chain order: erased, duplicate
 *         └───────────────┴──── any check that fails ──▶ quarantined
 *
 * A pure function over facts. What the reader has no key for, or no store holds, leaves the record at the last rung it reached, with
 * that reason; what is there and fails a check quarantines it. Every transfer gets a standing: none is dropped.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { equal, hex } from "../base/bytes.ts"
import { UnsupportedError } from "../base/errors.ts"
import { printRecordName } from "../vault/announcement.ts"
import {
  type Announced,
  type AnnouncementHistory,
  announcedAt,
  type ChainPosition,
  comparePositions,
} from "../vault/announcement-history.ts"
import { slotOf } from "../vault/slot.ts"
import { parseRecordMessage } from "./record-message.ts"
import { type Reason, type ReasonCode, reasonOf } from "./standing-reason.ts"

/** Where a record stands. */
export type Standing = "anchored" | "listed" | "verified" | "erased" | "duplicate" | "quarantined"

/** An amount of one mosaic. */
export interface MosaicAmount {
  readonly id: bigint
  readonly amount: bigint
}

/** A transfer to the register that is no announcement, as found on the chain and proven. */
export interface RecordTransfer extends ChainPosition {
  /** Hash of the aggregate that holds it, 32 bytes. */
  readonly hash: Uint8Array
  /** Address of the sender, 24 bytes. */
  readonly sender: Uint8Array
  readonly mosaics: readonly MosaicAmount[]
  readonly message: Uint8Array
  /** Public keys (32 bytes) of the aggregate's signer and cosigners; their signatures hold. */
  readonly signers: readonly Uint8Array[]
}

/** Who may take part while an announcement is the newest. */
export interface Membership {
  readonly phone: Uint8Array
  readonly agent: Uint8Array
  /** Symbol keys on the cards of all members. */
  readonly writers: readonly Uint8Array[]
}

/** What was found behind a name or in a box: the thing, or why it is not there. */
export type Found<T> = T | "no-key" | "absent" | "shut"

/** All that a reader found out about one transfer; what follows a thing that is not there is not looked at. */
export interface RecordFacts {
  readonly transfer: RecordTransfer
  /** Of the locate box. */
  readonly manifestCid: Found<CID>
  /** Of the index box. */
  readonly slot: Found<number>
  /** Of the catalogue's list box. */
  readonly listedWriter: Found<Uint8Array>
  /** Of the announcement before the transfer. */
  readonly members: Found<Membership>
  /** Of the index box, by the read slot key. */
  readonly recordKey: Found<Uint8Array>
  /** Of the manifest; its signature holds. */
  readonly manifest: Found<{ readonly writer: Uint8Array; readonly time: number }>
}

/** What holds for all records of a vault. */
export interface StandingContext {
  readonly announcements: Pick<AnnouncementHistory, "history" | "erased">
  /** Id of the data mosaic of a vault (address, 24 bytes). */
  readonly dataMosaic: (vault: Uint8Array) => bigint
}

/** A record with its standing; `reasons` is empty when it is verified. */
export interface RecordStanding<F extends RecordFacts = RecordFacts> {
  readonly facts: F
  /** `HASH:index` */
  readonly name: string
  readonly standing: Standing
  readonly reasons: readonly Reason[]
}

/** A record as far as its checks went. */
interface Judged {
  readonly standing: Standing
  readonly reason?: ReasonCode
}

/** The standing of every record, in chain order; the facts may come in any. */
export function standingsOf<F extends RecordFacts>(
  facts: Iterable<F>,
  context: StandingContext,
): RecordStanding<F>[] {
  const seen = new Set<string>()
  const inOrder = [...facts].toSorted((a, b) => comparePositions(a.transfer, b.transfer))
  return inOrder.map((one) => {
    const name = printRecordName(one.transfer)
    const { standing, reason } = judge(one, name, context, seen)
    return { facts: one, name, standing, reasons: reason ? [reasonOf(reason)] : [] }
  })
}

/**
 * Whether a register's balance of the data mosaic is what the transfers say: one that was withheld makes a difference.
 * @param transfers every transfer of the vault to the register, of whatever standing
 */
export function balanceMatches(
  transfers: Iterable<Pick<RecordTransfer, "mosaics">>,
  mosaic: bigint,
  balance: bigint,
): boolean {
  let moved = 0n
  for (const { mosaics } of transfers) {
    for (const { id, amount } of mosaics) if (id === mosaic) moved += amount
  }
  return moved === balance
}

function judge(
  facts: RecordFacts,
  name: string,
  context: StandingContext,
  seen: Set<string>,
): Judged {
  const flaw = chainFlaw(facts.transfer, context)
  if (flaw) return { standing: "quarantined", reason: flaw }
  const judged = climb(facts)
  const manifest = typeof facts.manifestCid === "string" ? undefined : facts.manifestCid.toString()
  const isFirst = manifest === undefined || !seen.has(manifest)
  if (manifest !== undefined && judged.standing !== "quarantined") seen.add(manifest)
  if (context.announcements.erased.has(name)) return { standing: "erased", reason: "erased" }
  if (judged.standing === "quarantined") return judged
  return isFirst ? judged : { standing: "duplicate", reason: "same-manifest" }
}

/** What the chain alone says against a transfer. */
function chainFlaw(transfer: RecordTransfer, context: StandingContext): ReasonCode | undefined {
  const announced = announcedAt(context.announcements.history, transfer)
  if (!announced) return "not-announced"
  const { vault } = announced.announcement
  if (!equal(transfer.sender, vault)) return "other-sender"
  const [moved, ...more] = transfer.mosaics
  const isOneUnit = moved?.amount === 1n && moved.id === context.dataMosaic(vault)
  if (!isOneUnit || more.length > 0) return "not-one-unit"
  return messageFlaw(transfer.message, announced)
}

function messageFlaw(message: Uint8Array, { announcement }: Announced): ReasonCode | undefined {
  try {
    const parsed = parseRecordMessage(message)
    if (!parsed) return "not-a-record"
    return parsed.epoch === announcement.epoch ? undefined : "other-epoch"
  } catch (error) {
    return error instanceof UnsupportedError ? "unsupported" : "malformed"
  }
}

/** How far an anchored record gets: each rung stands on the one below it. */
function climb(facts: RecordFacts): Judged {
  const { manifestCid, slot, listedWriter, members, recordKey, manifest } = facts
  const at = (standing: Standing, reason: ReasonCode): Judged => ({ standing, reason })
  const shut = (reason: ReasonCode): Judged => at("quarantined", reason)

  if (manifestCid === "shut") return shut("locate-shut")
  if (typeof manifestCid === "string") return at("anchored", "no-locate-key")
  if (slot === "shut") return shut("index-shut")
  if (typeof slot === "string") return at("anchored", "no-index-key")
  if (listedWriter === "shut") return shut("catalogue-shut")
  if (listedWriter === "absent") return at("anchored", "catalogue-absent")
  if (listedWriter === "no-key") return at("anchored", "no-list-key")
  if (members === "shut") return at("anchored", "members-shut")
  if (typeof members === "string") return at("anchored", "members-absent")
  const unsigned = signatureFlaw(facts.transfer.signers, listedWriter, members)
  if (unsigned) return shut(unsigned)
  if (recordKey === "shut") return shut("record-key-shut")
  if (typeof recordKey === "string") return at("listed", "no-read-key")
  if (manifest === "shut" || manifest === "no-key") return shut("manifest-shut")
  if (manifest === "absent") return at("listed", "manifest-absent")
  if (!equal(manifest.writer, listedWriter)) return shut("other-writer")
  if (slotOf(manifest.time).slot !== slot) return shut("other-time")
  return { standing: "verified" }
}

/** A member signs with the patient's phone or agent; for a source that has no seat, phone and agent both sign. */
function signatureFlaw(
  signers: readonly Uint8Array[],
  writer: Uint8Array,
  { phone, agent, writers }: Membership,
): ReasonCode | undefined {
  const signed = new Set(signers.map(hex))
  const patientKeys = [phone, agent].filter((key) => signed.has(hex(key))).length
  if (!writers.some((member) => equal(member, writer))) {
    return patientKeys === 2 ? undefined : "not-signed-by-both"
  }
  if (!signed.has(hex(writer))) return "not-signed-by-writer"
  return patientKeys > 0 ? undefined : "not-signed-by-patient"
}
