/**
 * A DICOM file on disk as a source. It is opened for each read, so that a thousand files need no thousand handles.
 *
 * Streams lend their buffers and take them back: a study that is read in fresh memory costs more in page faults than in reading.
 *
 * What is read is one version of the file: another size, time of change or file under the name ends the reading.
 *
 * @module
 */
import { close, fstat, open, read, type Stats, stat } from "node:fs"
import { promisify } from "node:util"
import { IntegrityError } from "../base/errors.ts"
import type { DicomSource } from "../dicom/source.ts"
import { fileError } from "./files.ts"

/** Numbers for files, not handles: a handle costs more than a small read. */
const file = {
  open: promisify(open),
  read: promisify(read),
  close: promisify(close),
  stat: promisify(fstat),
}
const PIECE = 1 << 20
/** Buffers that no stream holds; as many as there were streams at once. */
const spare: Uint8Array[] = []

/**
 * The file at `path`, as it is now. Reading throws {@link IntegrityError} once it has changed, and as this function does.
 * @throws {InvalidInputError} when there is none
 * @throws {AccessDeniedError} no right to read it
 */
export async function fileSource(path: string): Promise<DicomSource> {
  const wrap = (cause: unknown) => {
    throw fileError(path, cause)
  }
  const version = await promisify(stat)(path).catch(wrap)
  const { size } = version
  const begin = async (): Promise<number> => {
    const descriptor = await file.open(path, "r").catch(wrap)
    try {
      await requireSame(descriptor)
      return descriptor
    } catch (error) {
      await file.close(descriptor)
      throw error
    }
  }
  const requireSame = async (descriptor: number): Promise<void> => {
    const now = await file.stat(descriptor).catch(wrap)
    if (isSame(version, now)) return
    throw new IntegrityError(`${path} changed while it was read: upload it once it is complete`)
  }
  return {
    size,
    read: async (start, end) => {
      const descriptor = await begin()
      try {
        const bytes = new Uint8Array(Math.max(0, end - start))
        return await fill(descriptor, bytes, start).catch(wrap)
      } finally {
        await file.close(descriptor)
      }
    },
    stream: async function* (start) {
      const descriptor = await begin()
      const lent = spare.pop() ?? new Uint8Array(PIECE)
      try {
        for (let at = start; at < size; at += PIECE) {
          yield await fill(descriptor, lent.subarray(0, size - at), at).catch(wrap)
        }
        await requireSame(descriptor)
      } finally {
        spare.push(lent)
        await file.close(descriptor)
      }
    },
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino && a.dev === b.dev
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
