/**
 * Padded plaintexts of boxes: the length of a box tells little about what is in it (docs/FORMAT.md §1, pad).
 *
 * @module
 */
import { encodeDagCbor, encodePaddedDagCbor } from "../base/dag-cbor.ts"
import { padmeLength } from "../crypto/padme.ts"

/** Canonical dag-cbor, with zeros up to the Padmé length of its length. */
export function padCbor(value: unknown): Uint8Array {
  return encodePaddedDagCbor(value, padmeLength(encodeDagCbor(value).length))
}
