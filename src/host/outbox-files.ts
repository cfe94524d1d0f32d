/**
 * The outbox as files: one sealed file an upload, written durably, never plaintext.
 *
 *     kdf(root seed, "outbox") ──seal──▶ outbox/<time>-<id>.upload
 *
 * @module
 */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { concat } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import { IntegrityError, MedlakeError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { kdf } from "../crypto/hkdf.ts"
import { open, SALT_LENGTH, seal } from "../crypto/seal.ts"
import {
  encodePendingUpload,
  type PendingUpload,
  parsePendingUpload,
} from "../lake/pending-upload.ts"
import type { Outbox } from "../lake/ports.ts"
import {
  fileError,
  readFileIfPresent,
  sweepUnfinished,
  syncFolder,
  writeFileDurably,
} from "./files.ts"

const LABEL = "outbox"
const ENDING = ".upload"

/** See the module. */
export class OutboxFiles implements Outbox {
  readonly #folder: string
  readonly #key: Uint8Array
  readonly #random: RandomBytes
  readonly #clock: Clock

  /** @param rootSeed the institution's own 32-byte seed */
  constructor(folder: string, rootSeed: Uint8Array, random: RandomBytes, clock: Clock) {
    this.#folder = folder
    this.#key = kdf(rootSeed, LABEL, null)
    this.#random = random
    this.#clock = clock
  }

  async save(upload: PendingUpload): Promise<void> {
    const salt = this.#random(SALT_LENGTH)
    const box = seal(this.#key, LABEL, upload.id, salt, encodePendingUpload(upload))
    const name = (await this.#fileOf(upload.id)) ?? this.#newName(upload.id)
    await writeFileDurably(join(this.#folder, name), concat(salt, box))
  }

  /**
   * All uploads, oldest first.
   * @throws {IntegrityError} when a file is damaged or another keyring's: it is left as it is, for whoever can restore it
   */
  async uploads(): Promise<readonly PendingUpload[]> {
    await sweepUnfinished(this.#folder, this.#clock.now())
    const uploads: PendingUpload[] = []
    for (const file of await this.#files()) {
      const path = join(this.#folder, file)
      const sealed = await readFileIfPresent(path)
      if (sealed) uploads.push(this.#open(path, idOf(file), sealed))
    }
    return uploads
  }

  async discard(id: string): Promise<void> {
    const file = await this.#fileOf(id)
    if (!file) return
    const path = join(this.#folder, file)
    try {
      await rm(path, { force: true })
      await syncFolder(this.#folder)
    } catch (cause) {
      throw fileError(path, cause)
    }
  }

  #open(path: string, id: string, sealed: Uint8Array): PendingUpload {
    const [salt, box] = [sealed.subarray(0, SALT_LENGTH), sealed.subarray(SALT_LENGTH)]
    try {
      if (salt.length < SALT_LENGTH) throw new IntegrityError("the file is cut off")
      return parsePendingUpload(open(this.#key, LABEL, id, salt, box))
    } catch (cause) {
      if (!(cause instanceof MedlakeError)) throw cause
      throw new IntegrityError(
        `${path} is damaged, or sealed by another keyring: restore it, or move it away and upload its files again`,
        { cause },
      )
    }
  }

  #newName(id: string): string {
    return `${String(this.#clock.now()).padStart(15, "0")}-${id}${ENDING}`
  }

  async #fileOf(id: string): Promise<string | undefined> {
    return (await this.#files()).find((file) => idOf(file) === id)
  }

  async #files(): Promise<string[]> {
    try {
      const files = await readdir(this.#folder)
      return files.filter((file) => file.endsWith(ENDING)).toSorted()
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return []
      throw fileError(this.#folder, cause)
    }
  }
}

function idOf(file: string): string {
  return file.slice(file.indexOf("-") + 1, -ENDING.length)
}
