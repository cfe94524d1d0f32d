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

/** Does work that reads most of a source, in any order. One of at most 1 MiB is read once, and lent to the work from memory. */
export async function withPieceRead<T>(
  source: DicomSource,
  work: (source: DicomSource) => Promise<T>,
): Promise<T> {
  if (!source.stream || source.size === 0 || source.size > PIECE) return await work(source)
  const results: T[] = []
  for await (const piece of source.stream(0)) results.push(await work(lentSource(piece)))
  return results[0] as T
}

/** What is read holds; what is streamed is lent. */
function lentSource(bytes: Uint8Array): DicomSource {
  return {
    size: bytes.length,
    read: async (start, end) => bytes.slice(start, end),
    stream: async function* (start) {
      if (start < bytes.length) yield bytes.subarray(start)
    },
  }
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
