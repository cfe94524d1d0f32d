/**
 * Hand-over: what the phone gives the agent at pairing and at each new epoch (docs/FORMAT.md §10).
 *
 *     phone ──HPKE to the agent's key, signed by the phone's Symbol key──▶ agent
 *
 * Pairing goes to the agent's pairing key, a new epoch to the key that follows from the child seed. The agent itself compares the
 * commitments with what is announced.
 *
 * @module
 */
import { z } from "zod"
import { equal } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { IntegrityError } from "../base/errors.ts"
import { type HpkeHolder, openPhoneMessage, sealPhoneMessage } from "./phone-message.ts"
import { bytes, encodeShape, epochNumber, parseShape, text, urls, whole } from "./shape.ts"
import type { Signer } from "./signature.ts"

export const approvalShape = z.strictObject({
  salt: bytes(16),
  memoryKiB: whole,
  passes: whole,
  lanes: whole,
  hash: bytes(32),
})

const pairingShape = z.strictObject({
  kind: z.literal("pairing"),
  /** Seed of the agent's own key. */
  seed: bytes(32),
  /** Generation hash. */
  network: bytes(32),
  /** Public keys of the three accounts. */
  register: bytes(32),
  vault: bytes(32),
  seats: bytes(32),
  category: text(64).min(1),
  epoch: epochNumber,
  /** S_e */
  secret: bytes(32),
  /** X-Wing seed of the intake key. */
  intake: bytes(32),
  dedup: bytes(32),
  lake: urls,
  control: urls,
  nodes: urls,
  /** argon2id verifier of the patient's second factor. */
  approval: approvalShape,
  /** Symbol public keys of the patient's other two keys. */
  phone: bytes(32),
  words: bytes(32),
})

const epochShape = z.strictObject({
  kind: z.literal("epoch"),
  network: bytes(32),
  /** Public key of the register: which vault. */
  register: bytes(32),
  epoch: epochNumber,
  secret: bytes(32),
  intake: bytes(32),
})

const contentShape = z.discriminatedUnion("kind", [pairingShape, epochShape])

export type Pairing = Readonly<z.output<typeof pairingShape>>
export type EpochHandOver = Readonly<z.output<typeof epochShape>>
export type HandOver = Pairing | EpochHandOver
/** argon2id verifier of the second factor: parameters and the 32-byte hash. */
export type ApprovalVerifier = Readonly<z.output<typeof approvalShape>>

/**
 * Seals a hand-over to the agent.
 * @param agreement X-Wing key of the agent (its pairing key, at pairing), 1216 bytes
 * @param phone signs; in a pairing it is the phone named inside
 * @throws {InvalidInputError} when a field is malformed
 */
export async function sealHandOver(
  content: HandOver,
  agreement: Uint8Array,
  phone: Signer,
): Promise<Uint8Array> {
  const plaintext = encodeShape("hand-over", contentShape, content)
  return await sealPhoneMessage("hand-over", plaintext, agreement, phone)
}

/**
 * Verifies and opens a hand-over.
 * @param phone the phone's Symbol key, where it is known already (every time but at pairing)
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed
 * @throws {IntegrityError} when the signature does not hold or is not the phone's
 * @throws {AccessDeniedError} when it is sealed to another key
 */
export async function openHandOver(
  message: Uint8Array,
  agent: HpkeHolder,
  phone?: Uint8Array,
): Promise<HandOver> {
  const { plaintext, signer } = await openPhoneMessage("hand-over", message, agent)
  const content = parseShape("hand-over", contentShape, decodeDagCbor(plaintext))
  const named = content.kind === "pairing" ? content.phone : undefined
  const expected = phone ?? named
  if (!expected || !equal(signer, expected) || (named && !equal(signer, named))) {
    throw new IntegrityError("the hand-over is not signed by the phone of this vault")
  }
  return content
}
