/**
 * Parts laid out in one blob, one behind the other, each hashed while it streams, and begun to be read while the one before it is under way.
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
  let ahead = begin(parts[0])
  try {
    for (const [i, { role, type, ref, length }] of parts.entries()) {
      const begun = ahead as Begun
      const hash = sha256Stream()
      let read = 0
      ahead = begin(parts[i + 1])
      for await (const piece of begun.pieces()) {
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
  } finally {
    await ahead?.close()
  }
}

/** A part whose first piece is on its way. */
interface Begun {
  readonly pieces: () => AsyncIterable<Uint8Array>
  /** For one whose pieces were never asked for. */
  readonly close: () => Promise<void>
}

function begin(part: PartSource | undefined): Begun | undefined {
  if (!part) return undefined
  const source = part.open()[Symbol.asyncIterator]()
  const first = source.next()
  first.catch(() => undefined)
  const close = async () => {
    await source.return?.()
  }
  return {
    close,
    pieces: async function* () {
      try {
        for (let one = await first; one.done !== true; one = await source.next()) yield one.value
      } finally {
        await close()
      }
    },
  }
}
