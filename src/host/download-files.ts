/**
 * Instances on their way to files: written beside, fsynced and renamed, so that a file under its own name is whole and verified.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises"
import { equal } from "../base/bytes.ts"
import { AlreadyExistsError } from "../base/errors.ts"
import { fileError } from "./files.ts"

/** How the name of a file ends that is not whole yet. */
export const PART = ".part"

/** A name for each instance of a record: `UID.dcm`; of versions with one UID the second is `UID~2.dcm`, which no UID can be. */
export function downloadNames(uids: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return uids.map((uid) => {
    const version = (seen.get(uid) ?? 0) + 1
    seen.set(uid, version)
    return version === 1 ? `${uid}.dcm` : `${uid}~${version}.dcm`
  })
}

/**
 * Writes a file of bytes that are verified when they end; nothing stands under its name before. Its folder is there, and is synced by the caller.
 * @returns a call that makes the file durable under its name
 * @throws {StorageFullError} no room, or a read-only file system; also from the call
 * @throws {AccessDeniedError} no right to write there; also from the call
 */
export async function startDownload(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
): Promise<() => Promise<void>> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}${PART}`
  const fail = async (cause: unknown): Promise<never> => {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError(path, cause)
  }
  const file = await open(temporary, "wx", 0o600).catch(fail)
  try {
    for await (const piece of bytes) await writeAll(file, piece)
  } catch (cause) {
    await file.close().catch(() => undefined)
    return await fail(cause)
  }
  return async () => {
    try {
      await file.datasync()
      await file.close()
      await rename(temporary, path)
    } catch (cause) {
      await file.close().catch(() => undefined)
      await fail(cause)
    }
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let done = 0; done < piece.length; ) {
    done += (await file.write(piece, done, piece.length - done)).bytesWritten
  }
}

/**
 * Whether a file of these bytes is there already.
 * @param sha256 of the file, 32 bytes
 * @throws {AlreadyExistsError} when other bytes stand under the name: they are left as they are
 */
export async function isDownloaded(path: string, length: number, sha256: Uint8Array) {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw fileError(path, cause)
  })
  if (!found) return false
  const hash = createHash("sha256")
  if (found.isFile() && found.size === length) {
    try {
      for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
    } catch (cause) {
      throw fileError(path, cause)
    }
    if (equal(hash.digest(), sha256)) return true
  }
  throw new AlreadyExistsError(
    `${path} is there with other bytes: nothing was overwritten; fetch to another folder`,
  )
}
