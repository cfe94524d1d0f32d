/**
 * All records of a vault, opened as far as a reader's keys reach, each with its standing (DESIGN §3).
 *
 *     transfers to the register ─▶ signers ─▶ locate box ─▶ index box ─▶ catalogue ─▶ record key ─▶ manifest ─▶ standing
 *
 * Starts at the chain, and asks for each aggregate and each list of members once. What is missing or shut ends the way of that record
 * alone, and its standing says why.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import PQueue from "p-queue"
import type { BlobStore } from "../../storage/blob-store.ts"
import { askOnce } from "../base/ask-once.ts"
import { equal, hex } from "../base/bytes.ts"
import {
  AccessDeniedError,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
  UnsupportedError,
} from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { type ConfirmedAggregate, mosaicIdOf } from "../ledger/index.ts"
import { type Listing, openList, parseCatalogue } from "../record/catalogue.ts"
import { type Manifest, openManifest } from "../record/manifest.ts"
import {
  openIndex,
  openLocate,
  openRecordKey,
  parseRecordMessage,
  type RecordMessage,
} from "../record/record-message.ts"
import {
  balanceMatches,
  type Found,
  type Membership,
  type RecordFacts,
  type RecordStanding,
  type RecordTransfer,
  standingsOf,
} from "../record/standing.ts"
import { DATA_MOSAIC } from "../vault/accounts.ts"
import { isAnnouncement } from "../vault/announcement.ts"
import { type Announced, announcedAt, followAnnouncements } from "../vault/announcement-history.ts"
import { slotKey } from "../vault/calendar.ts"
import { parseContactCard } from "../vault/card.ts"
import { contextOf, type VaultId } from "../vault/context.ts"
import { openMembers } from "../vault/members.ts"
import { getObject, StoreRefusedError } from "./control-object.ts"
import type { LakeContext } from "./ports.ts"
import type { ReadableEpoch, Reader } from "./reader.ts"
import { positioned, provenHistory, type RegisterTransfer } from "./register.ts"

/** Records that are opened at the same time; each has one request under way, to the node or to the store. */
export const RECORDS_AT_ONCE = 16

/** A record as far as it opened. */
export interface OpenedRecord extends RecordFacts {
  readonly listing: Found<Listing>
  readonly opened: Found<Manifest>
  readonly recordKey: Found<Uint8Array>
  readonly catalogueCid: Found<CID>
  readonly epoch: number
}

/** Everything that a register shows to a reader. */
export interface VaultRecords {
  readonly records: readonly RecordStanding<OpenedRecord>[]
  /** Announcements that do not count, by reason. */
  readonly ignored: readonly { readonly reason: string; readonly hash: Uint8Array }[]
  /** Whether the register's balance of data mosaics, proven, is what the transfers say. */
  readonly balanced: boolean
  /** Height of the newest block that was read. */
  readonly height: number
  readonly finalizedHeight: number
}

/**
 * Reads all records of the reader's vault.
 * @throws {LedgerUnavailableError} when no node answers
 * @throws {IntegrityError} when the node's answers do not hold
 */
export async function readRecords(
  context: LakeContext,
  control: BlobStore,
  reader: Reader,
  signal?: AbortSignal,
): Promise<VaultRecords> {
  const { ledger } = context
  const { id, register } = reader.accounts
  const { identifier } = await ledger.network()
  const heights = await ledger.chain(signal)
  const isOwn = (one: RegisterTransfer) => equal(one.signer, register)
  const account = { address: id.register, key: register }
  const { all, ...history } = await provenHistory(ledger, account, async () => {
    const transfers: RegisterTransfer[] = []
    const query = { recipient: id.register, ...(signal && { signal }) }
    for await (const transfer of ledger.transfers(query)) {
      transfers.push(positioned(transfer, transfers.length))
    }
    const own = transfers.filter((one) => isOwn(one) && isAnnouncement(one.message))
    return { all: transfers, ...followAnnouncements(own) }
  })
  const mosaic = mosaicIdOf(id.vault, DATA_MOSAIC.nonce)
  const units = all.filter((one) => !isOwn(one) && one.mosaics.some((held) => held.id === mosaic))
  const aggregates = new Map<string, Promise<ConfirmedAggregate | undefined>>()
  const memberships = new Map<Announced, Promise<Found<Membership>>>()
  const open = async (one: RegisterTransfer): Promise<OpenedRecord> => {
    const aggregate = askOnce(aggregates, hex(one.hash), () =>
      aggregateOf(context, one.hash, signal),
    )
    const transfer = provenTransfer(one, await aggregate, identifier)
    const announced = announcedAt(history.history, transfer)
    const members =
      announced && askOnce(memberships, announced, () => membersOf(control, reader, announced))
    return await openRecord(control, reader, transfer, (await members) ?? "no-key", signal)
  }
  const queue = new PQueue({ concurrency: RECORDS_AT_ONCE })
  const opening = queue.addAll(all.filter((one) => !isOwn(one)).map((one) => () => open(one)))
  const facts = await opening.finally(() => queue.clear())
  const records = standingsOf(facts, {
    announcements: history,
    dataMosaic: (vault) => mosaicIdOf(vault, DATA_MOSAIC.nonce),
  })
  const balance = await ledger.proveBalance(id.register, mosaic, signal)
  return {
    records,
    ignored: history.ignored.map(({ reason, transfer }) => ({ reason, hash: transfer.hash })),
    balanced: balanceMatches(units, mosaic, balance.value),
    height: heights.height,
    finalizedHeight: heights.finalizedHeight,
  }
}

/** The aggregate of a hash, checked; undefined when there is none, or it holds something unknown here. */
async function aggregateOf(
  { ledger }: LakeContext,
  hash: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<ConfirmedAggregate | undefined> {
  return await ledger.aggregate(hash, signal).catch((error: unknown) => {
    if (error instanceof UnsupportedError) return undefined
    throw error
  })
}

/** The transfer with everybody who signed its aggregate. */
function provenTransfer(
  found: RegisterTransfer,
  aggregate: ConfirmedAggregate | undefined,
  identifier: number,
): RecordTransfer {
  const embedded = aggregate?.instructions[found.index]
  const isSame =
    embedded?.type === "transfer" &&
    equal(embedded.message, found.message) &&
    equal(embedded.signer, found.signer)
  return {
    hash: found.hash,
    height: found.height,
    transaction: found.transaction,
    index: found.index,
    sender: addressOf(found.signer, identifier),
    mosaics: found.mosaics,
    message: found.message,
    signers: isSame && aggregate ? [aggregate.signer, ...aggregate.cosignatories] : [],
  }
}

async function openRecord(
  control: BlobStore,
  { accounts, epochs }: Reader,
  transfer: RecordTransfer,
  members: Found<Membership>,
  signal: AbortSignal | undefined,
): Promise<OpenedRecord> {
  const { id } = accounts
  const message = foundBy(() => parseRecordMessage(transfer.message) ?? "shut")
  const keys = isFound(message) ? epochs.get(message.epoch) : undefined
  const located = chain(message, (one) => (keys ? openLocate(id, one, keys.locate) : "no-key"))
  const indexed = chain(message, (one) => (keys?.index ? openIndex(id, one, keys.index) : "no-key"))
  const slot = chain(indexed, (one) => one.slot)
  const listing = await chainAsync(located, async ({ catalogue }) => {
    if (!keys || !isFound(slot) || !isFound(message)) return isFound(slot) ? "no-key" : slot
    const key = keyOf(id, keys, slot, "list")
    if (!key) return "no-key"
    const object = await getObject(control, catalogue, signal)
    return openList(id, parseCatalogue(object, message.epoch), key)
  })
  const recordKey = chain(indexed, (one) => {
    const key = keys && keyOf(id, keys, one.slot, "read")
    return key ? openRecordKey(id, message as RecordMessage, one, key) : "no-key"
  })
  const opened = await chainAsync(recordKey, async (key) => {
    if (!isFound(located)) return located
    return openManifest(id, key, await getObject(control, located.manifest, signal))
  })
  return {
    transfer,
    members,
    manifestCid: chain(located, (one) => one.manifest),
    catalogueCid: chain(located, (one) => one.catalogue),
    slot,
    listing,
    listedWriter: chain(listing, (one) => one.writer),
    recordKey,
    opened,
    manifest: chain(opened, ({ writer, time }) => ({ writer, time })),
    epoch: isFound(message) ? message.epoch : 0,
  }
}

function keyOf(
  id: VaultId,
  keys: ReadableEpoch,
  slot: number,
  tree: "list" | "read",
): Uint8Array | undefined {
  try {
    return slotKey(keys[tree], slot, tree, contextOf(id, keys.epoch))
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined
    throw error
  }
}

async function membersOf(
  control: BlobStore,
  { accounts, epochs }: Reader,
  { announcement }: Announced,
): Promise<Found<Membership>> {
  const index = epochs.get(announcement.epoch)?.index
  if (!index) return "no-key"
  return await foundAsync(async () => {
    const object = await getObject(control, announcement.members)
    const { epoch } = announcement
    const { phone, agent, cards } = openMembers(accounts.id, { epoch, index }, object)
    return { phone, agent, writers: cards.map((card) => parseContactCard(card).body.key) }
  })
}

/** Whether something was found. */
export function isFound<T>(value: Found<T>): value is T {
  return value !== "no-key" && value !== "absent" && value !== "shut"
}

function chain<A, B>(value: Found<A>, next: (value: A) => Found<B>): Found<B> {
  return isFound(value) ? foundBy(() => next(value)) : value
}

async function chainAsync<A, B>(
  value: Found<A>,
  next: (value: A) => Promise<Found<B>>,
): Promise<Found<B>> {
  return isFound(value) ? await foundAsync(() => next(value)) : value
}

function foundBy<T>(open: () => Found<T>): Found<T> {
  try {
    return open()
  } catch (error) {
    return whyNot(error)
  }
}

async function foundAsync<T>(open: () => Promise<Found<T>>): Promise<Found<T>> {
  try {
    return await open()
  } catch (error) {
    return whyNot(error)
  }
}

/** Absent is not shut, and a store that refuses or does not answer is neither: that error is thrown on. */
function whyNot(error: unknown): "absent" | "shut" {
  if (error instanceof NotFoundError) return "absent"
  if (error instanceof StoreRefusedError) throw error
  const isShut =
    error instanceof AccessDeniedError ||
    error instanceof IntegrityError ||
    error instanceof InvalidInputError ||
    error instanceof UnsupportedError
  if (isShut) return "shut"
  throw error
}
