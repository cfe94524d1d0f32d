/**
 * The intake object: the public key to which writers seal deposits in one epoch (docs/FORMAT.md §6).
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { bytes, encodeShape, epochNumber, parseShape } from "./shape.ts"

/** Whom to seal deposits to. */
export interface Intake {
  readonly epoch: number
  /** X-Wing public key, 1216 bytes. */
  readonly key: Uint8Array
}

const shape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("intake"),
  epoch: epochNumber,
  key: bytes(1216),
})

/** @throws {InvalidInputError} when the key or the epoch is malformed */
export function encodeIntake({ epoch, key }: Intake): Uint8Array {
  return encodeShape("intake object", shape, { v: 1, kind: "intake", epoch, key })
}

/**
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed
 */
export function parseIntake(object: Uint8Array): Intake {
  const { epoch, key } = parseShape("intake object", shape, decodeDagCbor(object))
  return { epoch, key }
}
