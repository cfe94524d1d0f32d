/**
 * Parts laid out in one blob, one behind the other, each hashed while it streams.
 *
 * @module
 */
import { IntegrityError } from "../base/errors.ts"
import { sha256Stream } from "../crypto/sha256.ts"
import type { ManifestPart } from "./manifest.ts"

/** A file on its way into a blob. */
export interface PartSource {
  readonly role: string
  /** Media type. */
  readonly type: string
  readonly ref?: string
  /** Bytes. */
  readonly length: number
  /** The bytes from the beginning, each time it is called. */
  readonly open: () => AsyncIterable<Uint8Array>
}

/** Bytes of all parts. */
export function totalLength(parts: readonly Pick<PartSource, "length">[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/**
 * The joined parts of blob `blob`; `onPart` gets each part's entry once its last byte has passed.
 * @throws {IntegrityError} when a part yields another number of bytes than it has
 */
export async function* joinParts(
  parts: readonly PartSource[],
  blob: number,
  onPart: (part: ManifestPart) => void,
): AsyncGenerator<Uint8Array> {
  let offset = 0
  for (const { role, type, ref, length, open } of parts) {
    const hash = sha256Stream()
    let read = 0
    for await (const piece of open()) {
      read += piece.length
      if (read > length) break
      hash.update(piece)
      yield piece
    }
    if (read !== length) {
      throw new IntegrityError(`a file changed while it was read: it had ${length} bytes before`)
    }
    onPart({
      role,
      type,
      coding: "identity",
      blob,
      offset,
      length,
      sha256: hash.digest(),
      ...(ref === undefined ? {} : { ref }),
    })
    offset += length
  }
}
