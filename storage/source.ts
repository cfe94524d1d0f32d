/**
 * Reading a {@link BlobSource}: exactly the announced bytes, in pieces of the length that the driver writes.
 *
 * @module
 */
import { equal } from "../src/base/bytes.ts"
import { InvalidInputError } from "../src/base/errors.ts"
import type { BlobSource } from "./blob-store.ts"
import { patiently } from "./wait.ts"

/**
 * Yields the bytes of a source. The last piece is held back until the source has ended at the right length, so whoever
 * stores what it gets never holds a whole value of a source that is wrong.
 * @throws {InvalidInputError} when the source is shorter or longer than announced; what the source throws passes unchanged
 */
export async function* exactly(
  key: string,
  source: BlobSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0
  let held: Uint8Array | undefined
  for await (const piece of patiently(source.open(), signal)) {
    if (piece.length === 0) continue
    length += piece.length
    if (length > source.size) throw wrongLength(key, source, "more")
    if (held !== undefined) yield held
    held = piece
  }
  if (length < source.size) throw wrongLength(key, source, "fewer")
  if (held !== undefined) yield held
}

function wrongLength(key: string, source: BlobSource, what: string): InvalidInputError {
  return new InvalidInputError(
    `the source of ${key} gave ${what} than the ${source.size} bytes announced: did it change meanwhile?`,
  )
}

/**
 * Yields the same bytes in pieces of exactly `length`, the last one shorter. Aligned pieces pass without a copy; `total`, where the
 * number of all bytes is known, spares the last one the copy too.
 */
export async function* inPiecesOf(
  length: number,
  total: number,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0
  let gathered: Uint8Array | undefined
  let filled = 0
  for await (const piece of source) {
    let rest = piece
    while (rest.length > 0) {
      const wanted = total > at ? Math.min(length, total - at) : length
      if (gathered === undefined && rest.length >= wanted) {
        at += wanted
        yield rest.subarray(0, wanted)
        rest = rest.subarray(wanted)
        continue
      }
      gathered ??= new Uint8Array(wanted)
      const taken = rest.subarray(0, gathered.length - filled)
      gathered.set(taken, filled)
      filled += taken.length
      rest = rest.subarray(taken.length)
      if (filled === gathered.length) {
        at += filled
        yield gathered
        gathered = undefined
        filled = 0
      }
    }
  }
  if (gathered !== undefined) yield gathered.subarray(0, filled)
}

/**
 * Whether the source holds the same bytes as the stored value, of which `stored` yields all from the beginning. Reads no further
 * than the first difference.
 */
export async function sameBytes(
  key: string,
  source: BlobSource,
  stored: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const pieces = stored[Symbol.asyncIterator]()
  let piece: Uint8Array = new Uint8Array(0)
  try {
    for await (const given of exactly(key, source, signal)) {
      let rest = given
      while (rest.length > 0) {
        if (piece.length === 0) {
          const step = await pieces.next()
          if (step.done === true) return false
          piece = step.value
          continue
        }
        const length = Math.min(rest.length, piece.length)
        if (!equal(rest.subarray(0, length), piece.subarray(0, length))) return false
        rest = rest.subarray(length)
        piece = piece.subarray(length)
      }
    }
    return piece.length === 0 && (await pieces.next()).done === true
  } finally {
    await pieces.return?.()
  }
}
