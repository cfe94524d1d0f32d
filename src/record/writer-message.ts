/**
 * The frame of what a writer sends an agent and gets back: sealed to one key, signed by the writer (docs/FORMAT.md §10).
 *
 *     writer ──cbor {v, kind, epoch, writer, enc, ct, signature}──▶ agent        HPKE to the intake key, AAD = writer
 *     writer ◀──────────────{enc, ct}────────────────────────────── agent        HPKE to the writer's key, AAD = hash of the message
 *
 * Guarantees: a message verified here was signed by its writer for this vault and epoch; sealed again under another writer's name it does
 * not open. Replays are the agent's to notice: it knows the manifest's name.
 *
 * @module
 */
import { z } from "zod"
import { concat } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { StaleEpochError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { labelInfo } from "../crypto/hkdf.ts"
import { hpkeSeal } from "../crypto/hpke.ts"
import { sha256 } from "../crypto/sha256.ts"
import { signedBytes } from "../crypto/sign.ts"
import type { Signer } from "../vault/card.ts"
import { contextOf, type VaultId } from "../vault/context.ts"
import type { HpkeHolder } from "../vault/phone-message.ts"
import { bytes, encodeShape, epochNumber, objectBytes, parseShape } from "../vault/shape.ts"
import { requireSignature } from "./signed-by.ts"

/** What a writer may send. */
export type WriterMessageKind = "deposit" | "query"

/** Purposes of the answers. */
export type AnswerKind = "draft" | "query-answer"

/** A writer's message whose signature holds, still shut. */
export interface WriterMessage {
  readonly kind: WriterMessageKind
  readonly epoch: number
  /** Symbol public key, 32 bytes. */
  readonly writer: Uint8Array
  readonly enc: Uint8Array
  readonly ct: Uint8Array
  /** H of the whole message: what its answer is bound to. */
  readonly hash: Uint8Array
}

/** Which vault and which of its epochs. */
export interface VaultEpoch {
  readonly vault: VaultId
  readonly epoch: number
}

/** An HPKE ciphertext: encapsulated key (1120 bytes) and sealed bytes. */
export interface Sealed {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

const shapeOf = (kind: WriterMessageKind) =>
  z.strictObject({
    v: z.literal(1),
    kind: z.literal(kind),
    epoch: epochNumber,
    writer: bytes(32),
    enc: bytes(1120),
    ct: objectBytes,
    signature: bytes(64),
  })

/** Seals and signs a message to the intake key (X-Wing, 1216 bytes) of an epoch. */
export async function sealWriterMessage(
  kind: WriterMessageKind,
  { vault, epoch }: VaultEpoch,
  intake: Uint8Array,
  plaintext: Uint8Array,
  { writer, random }: { readonly writer: Signer; readonly random: RandomBytes },
): Promise<Uint8Array> {
  const context = contextOf(vault, epoch)
  const { enc, ct } = await hpkeSeal(
    intake,
    labelInfo(kind, context),
    writer.key,
    plaintext,
    random,
  )
  const signature = await writer.sign(signedBytes(kind, context, concat(enc, ct)))
  const fields = { v: 1 as const, kind, epoch, writer: writer.key, enc, ct, signature }
  return encodeShape(kind, shapeOf(kind), fields)
}

/** H of a deposit or query as sent: what its answer is bound to. */
export function writerMessageHash(message: Uint8Array): Uint8Array {
  return sha256(message)
}

/**
 * Reads a message and verifies its signature. Whether the writer is a member is the caller's to say.
 * @param newest vault, and its newest announced epoch
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed or of another kind
 * @throws {IntegrityError} when the signature does not hold for this vault and the message's epoch
 * @throws {StaleEpochError} when it was sealed for another epoch than the newest
 */
export function verifyWriterMessage(
  kind: WriterMessageKind,
  { vault, epoch: newest }: VaultEpoch,
  message: Uint8Array,
): WriterMessage {
  const parsed = parseShape(kind, shapeOf(kind), decodeDagCbor(message))
  const { epoch, writer, enc, ct, signature } = parsed
  requireSignature(kind, contextOf(vault, epoch), concat(enc, ct), { key: writer, signature })
  if (epoch !== newest) {
    throw new StaleEpochError(
      `the ${kind} is sealed for epoch ${epoch}, the newest is ${newest}: seal it again`,
    )
  }
  return { kind, epoch, writer, enc, ct, hash: writerMessageHash(message) }
}

/** The plaintext of a verified message, by the holder of the intake key. */
export async function openWriterMessage(
  vault: VaultId,
  { kind, epoch, writer, enc, ct }: WriterMessage,
  intake: HpkeHolder,
): Promise<Uint8Array> {
  const info = labelInfo(kind, contextOf(vault, epoch))
  return await intake.openHpke({ enc, ct }, info, writer)
}

/** Seals an answer to a writer's agreement key (X-Wing, 1216 bytes). */
export async function sealAnswer(
  kind: AnswerKind,
  { vault, epoch }: VaultEpoch,
  answered: Uint8Array,
  agreement: Uint8Array,
  { plaintext, random }: { readonly plaintext: Uint8Array; readonly random: RandomBytes },
): Promise<Sealed> {
  const info = labelInfo(kind, contextOf(vault, epoch))
  return await hpkeSeal(agreement, info, answered, plaintext, random)
}

/** Opens an answer to what was `answered`, by the writer. */
export async function openAnswer(
  kind: AnswerKind,
  { vault, epoch }: VaultEpoch,
  answered: Uint8Array,
  answer: Sealed,
  writer: HpkeHolder,
): Promise<Uint8Array> {
  return await writer.openHpke(answer, labelInfo(kind, contextOf(vault, epoch)), answered)
}
