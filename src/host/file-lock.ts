/**
 * One process at a time at a small file: a lock beside it, taken for milliseconds.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { open, rename, rm, stat } from "node:fs/promises"
import { type Clock, systemClock } from "../base/clock.ts"
import { StorageUnavailableError } from "../base/errors.ts"
import { fileError } from "./files.ts"

/** Whoever holds a lock for longer has ended without letting go. */
const STALE_MS = 10_000
const PATIENCE_MS = 15_000
const PAUSE_MS = 20

/**
 * Runs `work` while nobody else holds the lock of `path`. What a killed process left is taken over after ten seconds.
 * @throws {StorageUnavailableError} when it is held for too long
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const lock = `${path}.lock`
  const end = clock.now() + PATIENCE_MS
  while (!(await taken(lock))) {
    if (clock.now() > end) {
      throw new StorageUnavailableError(`${path} is being changed by another process: try again`)
    }
    await takeOver(lock, clock.now())
    await clock.sleep(PAUSE_MS)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close()
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false
    throw fileError(lock, cause)
  }
}

/** Removes a lock that is stale; of several processes that find it so, one. */
async function takeOver(lock: string, now: number): Promise<void> {
  const found = await stat(lock).catch(() => undefined)
  if (!found || now - found.mtimeMs < STALE_MS) return
  const aside = `${lock}.${randomBytes(6).toString("hex")}`
  await rename(lock, aside).catch(() => undefined)
  await rm(aside, { force: true })
}
