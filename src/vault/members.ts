/**
 * The members object: who may take part in an epoch, sealed for the holders of C_e (docs/FORMAT.md §6).
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor, decodePaddedDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { open, seal } from "../crypto/seal.ts"
import { contextOf, type VaultId } from "./context.ts"
import { padCbor } from "./padded.ts"
import { bytes, bytesUpTo, encodeShape, epochNumber, objectBytes, parseShape } from "./shape.ts"

/** The patient's Symbol public keys and the cards of all members. */
export interface Members {
  readonly words: Uint8Array
  readonly phone: Uint8Array
  readonly agent: Uint8Array
  /** Encoded cards. */
  readonly cards: readonly Uint8Array[]
}

/** An epoch as its readers know it. */
export interface EpochIndex {
  readonly epoch: number
  /** C_e, 32 bytes. */
  readonly index: Uint8Array
}

/** Longest card (bytes) that is taken. */
export const CARD_LIMIT = 16_384

const bodyShape = z.strictObject({
  words: bytes(32),
  phone: bytes(32),
  agent: bytes(32),
  cards: z.array(bytesUpTo(CARD_LIMIT)).max(24),
})

const shape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("members"),
  epoch: epochNumber,
  salt: bytes(32),
  box: objectBytes,
})

/** @throws {InvalidInputError} when a key or card is malformed */
export function sealMembers(
  id: VaultId,
  { epoch, index }: EpochIndex,
  members: Members,
  random: RandomBytes,
): Uint8Array {
  const salt = random(32)
  const body = padCbor(parseShape("members object", bodyShape, members))
  const box = seal(index, "members", contextOf(id, epoch), salt, body)
  return encodeShape("members object", shape, { v: 1, kind: "members", epoch, salt, box })
}

/**
 * Opens the members object of an epoch. The cards inside are not verified yet.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed or of another epoch
 * @throws {AccessDeniedError} when C_e does not open it, as that of another vault or epoch does not
 * @throws {IntegrityError} when it was changed
 */
export function openMembers(
  id: VaultId,
  { epoch, index }: EpochIndex,
  object: Uint8Array,
): Members {
  const outer = parseShape("members object", shape, decodeDagCbor(object))
  if (outer.epoch !== epoch) {
    throw new InvalidInputError(`the members object is of epoch ${outer.epoch}, not ${epoch}`)
  }
  const body = open(index, "members", contextOf(id, epoch), outer.salt, outer.box)
  return parseShape("members object", bodyShape, decodePaddedDagCbor(body))
}
