/**
 * Canonical dag-cbor: one value, one encoding.
 *
 * Written by `@ipld/dag-cbor`. Its decoder is lenient (it takes unsorted keys and `undefined`), so that reading is done by a strict one of our
 * own. Parsers above add the shape; this module only guarantees the form.
 * Source: IPLD dag-cbor specification, "Strictness"; RFC 8949 §4.2.
 *
 * @module
 */
import * as dagCbor from "@ipld/dag-cbor"
import { decodeCanonical } from "./dag-cbor-decode.ts"
import { IntegrityError, InvalidInputError } from "./errors.ts"

/** What dag-cbor can hold here; CIDs inside sealed bodies are `CID` objects of multiformats. */
export type DagCborValue = unknown

/** Encodes canonically: keys sorted by length, then bytes; shortest integers; definite lengths. */
export function encodeDagCbor(value: DagCborValue): Uint8Array {
  return dagCbor.encode(value)
}

/**
 * Decodes one whole value and nothing after it.
 * @throws {InvalidInputError} when the bytes are not canonical dag-cbor
 */
export function decodeDagCbor(bytes: Uint8Array): unknown {
  const { value, end } = decodeFirst(bytes)
  if (end !== bytes.length) throw new InvalidInputError("the bytes go on after their value")
  return value
}

/**
 * Decodes one value that zeros may follow, as in a padded box.
 * @throws {InvalidInputError} when the value is not canonical
 * @throws {IntegrityError} when anything but zeros follows
 */
export function decodePaddedDagCbor(bytes: Uint8Array): unknown {
  const { value, end } = decodeFirst(bytes)
  if (bytes.subarray(end).some((byte) => byte !== 0))
    throw new IntegrityError("the padding of a box is not zero")
  return value
}

/**
 * Encodes and pads with zeros to `length` bytes.
 * @throws {InvalidInputError} when the value does not fit
 */
export function encodePaddedDagCbor(value: DagCborValue, length: number): Uint8Array {
  const encoded = encodeDagCbor(value)
  if (encoded.length > length) {
    throw new InvalidInputError(`${encoded.length} bytes do not fit a box of ${length}`)
  }
  const padded = new Uint8Array(length)
  padded.set(encoded)
  return padded
}

function decodeFirst(bytes: Uint8Array) {
  try {
    return decodeCanonical(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  } catch (cause) {
    throw new InvalidInputError("the bytes are not canonical dag-cbor", { cause })
  }
}
