/**
 * Where an instance's bytes come from: a file, a blob of the browser, an array.
 *
 * @module
 */

const PIECE = 1 << 20

/** Random access to a whole DICOM file. */
export interface DicomSource {
  /** Bytes. */
  readonly size: number
  /** Bytes from `start` up to but not including `end`; fewer only at the end of the file. */
  read(start: number, end: number): Promise<Uint8Array>
  /** All bytes from `start`, where that is cheaper than by `read`. Each piece is lent: it holds until the next one is asked for. */
  stream?(start: number): AsyncIterable<Uint8Array>
}

/** A file that is in memory already. */
export function bytesSource(bytes: Uint8Array): DicomSource {
  return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

/** All bytes of a source from `start` in pieces of at most 1 MiB, each of which holds until the next one is asked for. */
export async function* piecesOf(source: DicomSource, start = 0): AsyncGenerator<Uint8Array> {
  if (source.stream) {
    yield* source.stream(start)
    return
  }
  for (let at = start; at < source.size; at += PIECE) {
    yield await source.read(at, Math.min(source.size, at + PIECE))
  }
}
