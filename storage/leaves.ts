/**
 * Checking bytes against the name that they are stored under, a leaf at a time.
 *
 * @module
 */
import { equal } from "../src/base/bytes.ts"
import { IntegrityError } from "../src/base/errors.ts"
import { LEAF_LENGTH } from "../src/cid/cid.ts"
import { dagOfLeaves } from "../src/cid/unixfs.ts"
import { sha256 } from "../src/crypto/sha256.ts"
import { inPiecesOf } from "./source.ts"

/** A leaf and its SHA-256. */
export interface Leaf {
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

/** Cuts bytes into leaves; no bytes are one empty leaf. `total` as in {@link inPiecesOf}. */
export async function* leavesOf(
  source: AsyncIterable<Uint8Array>,
  total = Number.POSITIVE_INFINITY,
): AsyncGenerator<Leaf, void, undefined> {
  let count = 0
  for await (const bytes of inPiecesOf(LEAF_LENGTH, total, source)) {
    count++
    yield { bytes, digest: sha256(bytes) }
  }
  if (count === 0) yield { bytes: new Uint8Array(0), digest: sha256(new Uint8Array(0)) }
}

/**
 * Passes bytes on whose name is `key`. With the digests of the leaves known each leaf is checked before it is yielded; without,
 * all but the last leaf are yielded unchecked, and the last one only when the root is right: nobody gets the whole of a wrong value.
 * @throws {IntegrityError} the bytes have another name
 */
export async function* checked(
  key: string,
  source: AsyncIterable<Uint8Array>,
  known?: readonly Uint8Array[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const digests: Uint8Array[] = []
  let size = 0
  let held: Uint8Array | undefined
  for await (const { bytes, digest } of leavesOf(source)) {
    const expected = known?.[digests.length]
    if (known !== undefined && (expected === undefined || !equal(expected, digest))) {
      throw new IntegrityError(`leaf ${digests.length} of ${key} is not the one announced`)
    }
    digests.push(digest)
    size += bytes.length
    if (held !== undefined) yield held
    held = bytes
  }
  requireName(key, digests, size)
  if (held !== undefined && held.length > 0) yield held
}

/** @throws {IntegrityError} unless leaves with these digests and of this size in all have this name */
export function requireName(key: string, digests: readonly Uint8Array[], size: number): void {
  if (dagOfLeaves(digests, size).root.toString() !== key) {
    throw new IntegrityError(`the bytes are not those that ${key} names`)
  }
}
