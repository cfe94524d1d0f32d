/**
 * A DICOM file on disk as a source. It is opened for each read, so that a thousand files need no thousand handles.
 *
 * @module
 */
import { open, stat } from "node:fs/promises"
import type { DicomSource } from "../dicom/source.ts"
import { fileError } from "./files.ts"

/**
 * The file at `path`, of the size it has now.
 * @throws {InvalidInputError} when there is none
 * @throws {AccessDeniedError} no right to read it
 */
export async function fileSource(path: string): Promise<DicomSource> {
  const wrap = (cause: unknown) => {
    throw fileError(path, cause)
  }
  const { size } = await stat(path).catch(wrap)
  return {
    size,
    read: async (start, end) => {
      const file = await open(path, "r").catch(wrap)
      try {
        const bytes = new Uint8Array(Math.max(0, end - start))
        let filled = 0
        while (filled < bytes.length) {
          const left = bytes.length - filled
          const { bytesRead } = await file.read(bytes, filled, left, start + filled).catch(wrap)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return bytes.subarray(0, filled)
      } finally {
        await file.close()
      }
    },
  }
}
