/**
 * Sources of DICOM bytes that tell what was read, and sources larger than memory.
 *
 * @module
 */
import type { DicomSource } from "../../src/dicom/source.ts"

/** A source that counts. */
export interface CountingSource extends DicomSource {
  /** Bytes handed out so far. */
  readonly bytesRead: number
  /** The longest single read, bytes. */
  readonly longestRead: number
}

/** Bytes with a hole of zeros behind: `size` in all, without holding them. */
export function sparseSource(
  size: number,
  pieces: readonly { readonly at: number; readonly bytes: Uint8Array }[],
): CountingSource {
  let bytesRead = 0
  let longestRead = 0
  return {
    size,
    get bytesRead() {
      return bytesRead
    },
    get longestRead() {
      return longestRead
    },
    read: async (start, end) => {
      const window = new Uint8Array(Math.max(0, Math.min(size, end) - start))
      bytesRead += window.length
      longestRead = Math.max(longestRead, window.length)
      for (const { at, bytes } of pieces) {
        const from = Math.max(start, at)
        const to = Math.min(start + window.length, at + bytes.length)
        if (from < to) window.set(bytes.subarray(from - at, to - at), from - start)
      }
      return window
    },
  }
}

/** A file in memory that counts. */
export function countingSource(bytes: Uint8Array): CountingSource {
  return sparseSource(bytes.length, [{ at: 0, bytes }])
}
