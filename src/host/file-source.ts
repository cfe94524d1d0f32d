/**
 * A DICOM file on disk as a source. It is opened for each read, so that a thousand files need no thousand handles.
 *
 * Streams lend their buffers and take them back: a study that is read in fresh memory costs more in page faults than in reading.
 *
 * @module
 */
import { close, open, read, stat } from "node:fs"
import { promisify } from "node:util"
import type { DicomSource } from "../dicom/source.ts"
import { fileError } from "./files.ts"

/** Numbers for files, not handles: a handle costs more than a small read. */
const file = { open: promisify(open), read: promisify(read), close: promisify(close) }
const PIECE = 1 << 20
/** Buffers that no stream holds; as many as there were streams at once. */
const spare: Uint8Array[] = []

/**
 * The file at `path`, of the size it has now.
 * @throws {InvalidInputError} when there is none
 * @throws {AccessDeniedError} no right to read it
 */
export async function fileSource(path: string): Promise<DicomSource> {
  const wrap = (cause: unknown) => {
    throw fileError(path, cause)
  }
  const { size } = await promisify(stat)(path).catch(wrap)
  return {
    size,
    read: async (start, end) => {
      const descriptor = await file.open(path, "r").catch(wrap)
      try {
        const bytes = new Uint8Array(Math.max(0, end - start))
        return await fill(descriptor, bytes, start).catch(wrap)
      } finally {
        await file.close(descriptor)
      }
    },
    stream: async function* (start) {
      const descriptor = await file.open(path, "r").catch(wrap)
      const lent = spare.pop() ?? new Uint8Array(PIECE)
      try {
        for (let at = start; at < size; at += PIECE) {
          yield await fill(descriptor, lent.subarray(0, size - at), at).catch(wrap)
        }
      } finally {
        spare.push(lent)
        await file.close(descriptor)
      }
    },
  }
}

/** The bytes from `start`, as many as fit; fewer at the end of the file. */
async function fill(descriptor: number, bytes: Uint8Array, start: number): Promise<Uint8Array> {
  let filled = 0
  while (filled < bytes.length) {
    const left = bytes.length - filled
    const { bytesRead } = await file.read(descriptor, bytes, filled, left, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
