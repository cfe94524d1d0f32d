/**
 * Deposits: what a writer hands the agent so that a record is anchored, and the draft that comes back (docs/FORMAT.md §10).
 *
 * @module
 */
import { z } from "zod"
import { concat } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import type { RandomBytes } from "../base/random.ts"
import { BOX_KEY_LENGTH } from "../crypto/seal.ts"
import type { Signer } from "../vault/card.ts"
import type { VaultId } from "../vault/context.ts"
import type { HpkeHolder } from "../vault/phone-message.ts"
import {
  bytes,
  encodeShape,
  isAscending,
  objectBytes,
  parseShape,
  transactionIndex,
} from "../vault/shape.ts"
import { type DataTime, dataTimeFields, isDataTime } from "./data-time.ts"
import {
  type Entry,
  entryShape,
  kindShape,
  type Pinned,
  pinnedShape,
  readPinned,
  writePinned,
} from "./entry.ts"
import { type InstanceName, instanceShape, readInstance, writeInstance } from "./instance-name.ts"
import {
  openAnswer,
  openWriterMessage,
  type Sealed,
  sealAnswer,
  sealWriterMessage,
  type VaultEpoch,
  verifyWriterMessage,
  type WriterMessage,
} from "./writer-message.ts"

/** What a deposit says. */
export interface Deposit extends DataTime {
  /** 32 bytes. */
  readonly recordKey: Uint8Array
  readonly kind: string
  readonly manifest: Pinned
  readonly blobs: readonly Pinned[]
  readonly entry: Entry
  readonly instances: readonly InstanceName[]
}

/** Opens the locate box of one transfer in the aggregate. */
export interface TransferOpener {
  readonly index: number
  /** 76 bytes: see `locateOpener`. */
  readonly opener: Uint8Array
}

/** An aggregate for the writer to check and sign. */
export interface Draft {
  /** The unsigned aggregate transaction. */
  readonly aggregate: Uint8Array
  /** Ascending by index. */
  readonly openers: readonly TransferOpener[]
}

const depositShape = z
  .strictObject({
    recordKey: bytes(32),
    kind: kindShape,
    manifest: pinnedShape,
    blobs: z.array(pinnedShape).min(1),
    ...dataTimeFields,
    entry: entryShape,
    instances: z.array(instanceShape),
  })
  .refine(isDataTime, { path: ["before1970"] })

const draftShape = z.strictObject({
  v: z.literal(1),
  aggregate: objectBytes,
  openers: z
    .array(z.strictObject({ index: transactionIndex, opener: bytes(BOX_KEY_LENGTH) }))
    .min(1)
    .refine((openers) => isAscending(openers.map(({ index }) => index))),
})

/**
 * Seals and signs a deposit for an epoch.
 * @param intake the epoch's X-Wing key, 1216 bytes
 * @throws {InvalidInputError} when a field is malformed
 */
export async function sealDeposit(
  at: VaultEpoch,
  intake: Uint8Array,
  deposit: Deposit,
  by: { readonly writer: Signer; readonly random: RandomBytes },
): Promise<Uint8Array> {
  const plaintext = encodeShape("deposit", depositShape, {
    ...deposit,
    manifest: writePinned(deposit.manifest),
    blobs: deposit.blobs.map(writePinned),
    instances: deposit.instances.map(writeInstance),
  })
  return await sealWriterMessage("deposit", at, intake, plaintext, by)
}

/** Reads a deposit and verifies its signature; throws as `verifyWriterMessage`. */
export function verifyDeposit(newest: VaultEpoch, message: Uint8Array): WriterMessage {
  return verifyWriterMessage("deposit", newest, message)
}

/**
 * Opens a verified deposit.
 * @throws {AccessDeniedError} when it is not sealed to this intake key by this writer for this vault and epoch
 * @throws {InvalidInputError} when what it holds is malformed
 */
export async function openDeposit(
  vault: VaultId,
  message: WriterMessage,
  intake: HpkeHolder,
): Promise<Deposit> {
  const plaintext = await openWriterMessage(vault, message, intake)
  const body = parseShape("deposit", depositShape, decodeDagCbor(plaintext))
  return {
    ...body,
    manifest: readPinned(body.manifest),
    blobs: body.blobs.map(readPinned),
    instances: body.instances.map(readInstance),
  }
}

/**
 * Seals a draft over one or more deposits of one writer.
 * @param deposits hashes of the deposits (32 bytes each), in the order in which they were sent
 * @param agreement the writer's X-Wing key, 1216 bytes
 */
export async function sealDraft(
  at: VaultEpoch,
  deposits: readonly Uint8Array[],
  agreement: Uint8Array,
  draft: Draft,
  random: RandomBytes,
): Promise<Sealed> {
  const { aggregate, openers } = draft
  const fields = { v: 1 as const, aggregate, openers: openers.map((one) => ({ ...one })) }
  const plaintext = encodeShape("draft", draftShape, fields)
  return await sealAnswer("draft", at, concat(...deposits), agreement, { plaintext, random })
}

/**
 * Opens the draft that answers these deposits.
 * @throws {AccessDeniedError} when it is not sealed to this writer for these deposits, vault and epoch
 * @throws {InvalidInputError} when what it holds is malformed
 * @throws {UnsupportedError} when it has another version
 */
export async function openDraft(
  at: VaultEpoch,
  deposits: readonly Uint8Array[],
  answer: Sealed,
  writer: HpkeHolder,
): Promise<Draft> {
  const plaintext = await openAnswer("draft", at, concat(...deposits), answer, writer)
  const { aggregate, openers } = parseShape("draft", draftShape, decodeDagCbor(plaintext))
  return { aggregate, openers }
}
