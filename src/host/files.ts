/**
 * Small files that must survive a crash: written beside, fsynced, renamed over, folder fsynced.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import {
  AccessDeniedError,
  AlreadyExistsError,
  InvalidInputError,
  StorageFullError,
  StorageUnavailableError,
} from "../base/errors.ts"

/** How the name of a file ends that is being written. */
export const UNFINISHED = ".tmp"
const HOUR_MS = 3_600_000

/**
 * Replaces a file as a whole: a reader sees the old bytes or the new ones, also after a crash. Mode 0600.
 * @throws {StorageFullError} no room, or a read-only file system
 * @throws {AccessDeniedError} no right to write there
 */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeBeside(path, bytes, (temporary) => rename(temporary, path))
}

/**
 * Makes a file that was not there, as a whole; of several writers at once one wins. Throws as {@link writeFileDurably}.
 * @throws {AlreadyExistsError} when something stands under the name: it is left as it is
 */
export async function createFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeBeside(path, bytes, async (temporary) => {
    await link(temporary, path)
    await rm(temporary)
  })
}

async function writeBeside(
  path: string,
  bytes: Uint8Array,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path)
  const temporary = `${path}.${randomBytes(6).toString("hex")}${UNFINISHED}`
  try {
    await makeFolder(folder)
    const file = await open(temporary, "wx", 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await publish(temporary)
    await syncFolder(folder)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw fileError(path, cause)
  }
}

/**
 * Makes a folder of mode 0700 where there is none, with those above it; the name of each that is made is durable.
 * @throws {InvalidInputError} when a file stands in the way
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder)
  const first = await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(path, cause)
    throw new InvalidInputError(`${path} is a file where a folder is needed`, { cause })
  })
  if (first === undefined) return
  const highest = dirname(resolve(first))
  for (let above = dirname(path); ; above = dirname(above)) {
    await syncFolder(above)
    if (above === highest || above === dirname(above)) return
  }
}

/**
 * Removes what killed processes left half-written in a folder. Younger than an hour, it may still be at work.
 * @param now milliseconds since 1970
 */
export async function sweepUnfinished(
  folder: string,
  now: number,
  ending = UNFINISHED,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(ending)) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found && now - found.mtimeMs > HOUR_MS) await rm(path, { force: true })
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
    case "EFBIG":
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
    case "EEXIST":
      return new AlreadyExistsError(`${path} is there already: nothing was overwritten`, { cause })
    case "ENAMETOOLONG":
    case "ELOOP":
      return new InvalidInputError(`${path} cannot be the name of a file here`, { cause })
    case "EIO":
    case "ESTALE":
    case "EMFILE":
    case "ENFILE":
      return new StorageUnavailableError(`${path} cannot be used now (${code}): try again later`, {
        cause,
      })
    default:
      return cause instanceof Error ? cause : new Error(String(cause))
  }
}
