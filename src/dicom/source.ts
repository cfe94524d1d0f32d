/**
 * Where an instance's bytes come from: a file, a blob of the browser, an array.
 *
 * @module
 */

/** Random access to a whole DICOM file. */
export interface DicomSource {
  /** Bytes. */
  readonly size: number
  /** Bytes from `start` up to but not including `end`; fewer only at the end of the file. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** A file that is in memory already. */
export function bytesSource(bytes: Uint8Array): DicomSource {
  return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end) }
}

/** All bytes of a source in pieces of at most `pieceLength`, without holding more than one. */
export async function* piecesOf(
  source: DicomSource,
  start = 0,
  end = source.size,
  pieceLength = 1 << 20,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += pieceLength) {
    yield await source.read(at, Math.min(end, at + pieceLength))
  }
}
