/**
 * Small files that must survive a crash: written beside, fsynced, renamed over, folder fsynced.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { mkdir, open, readFile, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { AccessDeniedError, InvalidInputError, StorageFullError } from "../base/errors.ts"

/**
 * Replaces a file as a whole: a reader sees the old bytes or the new ones, also after a crash. Mode 0600.
 * @throws {StorageFullError} no room, or a read-only file system
 * @throws {AccessDeniedError} no right to write there
 */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path)
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(temporary, "wx", 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(folder)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw fileError(path, cause)
  }
}

/** The bytes of a file, or `undefined` when there is none. */
export async function readFileIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw fileError(path, cause)
  }
}

/** Makes a rename or a removal in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The typed error of a failed file call; the original stays its `cause`. */
export function fileError(path: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? ""
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new StorageFullError(`no room left to write ${path}: free some space and try again`, {
        cause,
      })
    case "EROFS":
      return new StorageFullError(`${path} is on a read-only file system`, { cause })
    case "EACCES":
    case "EPERM":
      return new AccessDeniedError(`no right to use ${path}: check its owner and mode`, { cause })
    case "ENOENT":
    case "ENOTDIR":
      return new InvalidInputError(`there is no ${path}`, { cause })
    case "EISDIR":
      return new InvalidInputError(`${path} is a folder where a file is needed`, { cause })
    default:
      return cause instanceof Error ? cause : new Error(String(cause))
  }
}
