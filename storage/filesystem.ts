/**
 * A store in a folder of a local or mounted file system.
 *
 *     <folder>/ge/bafkrei…ged4     a value: shard of the two characters before the key's last, then the key itself
 *     <folder>/.incoming/<random>  a value that is still being written
 *
 * A value is written under a unique name in `.incoming`, fsynced, renamed into its shard, and the shard fsynced: a reader
 * and a crash see all of it or none. `.incoming` lies in the same file system, and apart from the values so that opening
 * a store of a million blobs looks at the abandoned files alone. What a killed process left there is removed once it is a
 * day old.
 *
 * Two writers that put different bytes under one new key at the same moment may both succeed, and the last one stays, whole;
 * keys are hashes of their bytes, so this is a mistake of the caller. On a case-insensitive file system keys that
 * differ in case alone are one file; the CIDs of medlake are lower-case only.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import type { FileHandle } from "node:fs/promises"
import * as nodeFiles from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { type Clock, systemClock } from "../src/base/clock.ts"
import { AlreadyExistsError, NotFoundError } from "../src/base/errors.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "./blob-store.ts"
import { fileFailure, hasCode } from "./file-failure.ts"
import { createTemporary, readPieces, writePieces } from "./file-pieces.ts"
import { cutRange, isKey, requireKey, requireRange } from "./key.ts"
import { exactly, sameBytes } from "./source.ts"

const INCOMING = ".incoming"
const SHARD = /^[a-z0-9_]{2}$/
const DAY_MS = 86_400_000

/** The calls of `node:fs/promises` that the store makes. */
export type Disk = Pick<
  typeof nodeFiles,
  "open" | "mkdir" | "rename" | "unlink" | "stat" | "readdir"
>

/** How to keep the folder. */
export interface FilesystemOptions {
  /** Whether a put waits until the disk has it; `false` gives up durability for speed. Default `true`. */
  readonly fsync?: boolean
  /** Tells the age of abandoned files. */
  readonly clock?: Clock
  /** Another file system than the machine's. */
  readonly disk?: Disk
}

/** See {@link BlobStore} and the module. */
export class FilesystemBlobStore implements BlobStore {
  readonly #folder: string
  readonly #fsync: boolean
  readonly #disk: Disk
  /** Shards whose own entry is durable. */
  readonly #synced = new Set<string>()

  private constructor(folder: string, { fsync = true, disk = nodeFiles }: FilesystemOptions) {
    this.#folder = resolve(folder)
    this.#fsync = fsync
    this.#disk = disk
  }

  /**
   * Opens the store of a folder, makes the folder when there is none, and removes what was abandoned in it.
   * @throws {InvalidInputError} the path is not a folder
   * @throws {AccessDeniedError} no right to write there
   * @throws {StorageFullError} no room, or read-only
   */
  static async open(folder: string, options: FilesystemOptions = {}): Promise<FilesystemBlobStore> {
    const store = new FilesystemBlobStore(folder, options)
    const incoming = join(store.#folder, INCOMING)
    const now = (options.clock ?? systemClock).now()
    await store.#do(async (disk) => {
      await store.#makeFolder(incoming)
      for (const name of await disk.readdir(incoming)) {
        const path = join(incoming, name)
        const found = await unlessGone(disk.stat(path))
        if (found !== undefined && now - found.mtimeMs > DAY_MS) await unlessGone(disk.unlink(path))
      }
    })
    return store
  }

  async put(key: string, source: BlobSource, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    signal?.throwIfAborted()
    if (await this.#isThere(key, source, signal)) return
    const temporary = join(this.#folder, INCOMING, randomBytes(12).toString("hex"))
    try {
      const file = await this.#do((disk) => createTemporary(disk, temporary))
      try {
        const pieces = exactly(key, source, signal)
        const wrap = (cause: unknown) => fileFailure(this.#folder, cause)
        await writePieces(file, source.size, pieces, wrap, source.reclaim)
        if (this.#fsync) await this.#do(() => file.sync())
      } finally {
        await this.#do(() => file.close())
      }
      signal?.throwIfAborted()
      await this.#publish(temporary, key)
    } catch (error) {
      await this.#disk.unlink(temporary).catch(() => undefined)
      throw error
    }
  }

  async *get(
    key: string,
    range?: ByteRange,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    requireKey(key)
    requireRange(range)
    signal?.throwIfAborted()
    const file = await this.#openValue(key)
    if (file === undefined) throw new NotFoundError(`there is no ${key} in ${this.#folder}`)
    try {
      const { size } = await this.#do(() => file.stat())
      const wrap = (cause: unknown) => fileFailure(this.#folder, cause)
      yield* readPieces(file, key, cutRange(range, size), wrap, signal)
    } finally {
      await file.close()
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    requireKey(key)
    signal?.throwIfAborted()
    const found = await this.#unlessAbsent((disk) => disk.stat(this.#pathOf(key)))
    return found === undefined ? undefined : { size: found.size }
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    signal?.throwIfAborted()
    await this.#unlessAbsent(async (disk) => {
      await disk.unlink(this.#pathOf(key))
      await this.#sync(join(this.#folder, shardOf(key)))
      return true
    })
  }

  async *list({ signal }: CallOptions = {}): AsyncIterable<StoredBlob> {
    for (const shard of await this.#do((disk) => disk.readdir(this.#folder))) {
      signal?.throwIfAborted()
      if (!SHARD.test(shard)) continue
      for (const key of await this.#do((disk) => disk.readdir(join(this.#folder, shard)))) {
        signal?.throwIfAborted()
        if (!isKey(key)) continue
        const found = await this.#unlessAbsent((disk) => disk.stat(this.#pathOf(key)))
        if (found !== undefined) yield { key, size: found.size }
      }
    }
  }

  async close(): Promise<void> {}

  /** Whether the key is already stored with these bytes. */
  async #isThere(
    key: string,
    source: BlobSource,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const found = await this.stat(key)
    if (found === undefined) return false
    if (
      found.size !== source.size ||
      !(await sameBytes(key, source, this.get(key, undefined, withSignal(signal)), signal))
    ) {
      throw new AlreadyExistsError(`${key} is taken by other bytes in ${this.#folder}`)
    }
    // Another process may have renamed it and not yet fsynced the folder.
    await this.#do(() => this.#sync(join(this.#folder, shardOf(key))))
    return true
  }

  async #publish(temporary: string, key: string): Promise<void> {
    const shard = shardOf(key)
    const folder = join(this.#folder, shard)
    await this.#do(async (disk) => {
      if (!this.#synced.has(shard)) {
        await this.#makeFolder(folder)
        this.#synced.add(shard)
      }
      await disk.rename(temporary, this.#pathOf(key))
      await this.#sync(folder)
    })
  }

  #openValue(key: string): Promise<FileHandle | undefined> {
    return this.#unlessAbsent((disk) => disk.open(this.#pathOf(key), "r"))
  }

  #pathOf(key: string): string {
    return join(this.#folder, shardOf(key), key)
  }

  /** Makes a folder where there is none, with those above it; its entry is durable then, whoever made it. */
  async #makeFolder(folder: string): Promise<void> {
    const first = await this.#disk.mkdir(folder, { recursive: true, mode: 0o700 })
    const highest = dirname(first === undefined ? folder : resolve(first))
    for (let above = dirname(folder); ; above = dirname(above)) {
      await this.#sync(above)
      if (above === highest || above === dirname(above)) return
    }
  }

  async #sync(folder: string): Promise<void> {
    if (!this.#fsync) return
    const handle = await this.#disk.open(folder, "r")
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async #do<T>(work: (disk: Disk) => Promise<T>): Promise<T> {
    try {
      return await work(this.#disk)
    } catch (cause) {
      throw fileFailure(this.#folder, cause)
    }
  }

  /** The result, or `undefined` when the file is absent; a folder that is gone, say unmounted, proves nothing. */
  async #unlessAbsent<T>(work: (disk: Disk) => Promise<T>): Promise<T | undefined> {
    return this.#do(async (disk) => {
      const result = await unlessGone(work(disk))
      if (result === undefined) await disk.stat(join(this.#folder, INCOMING))
      return result
    })
  }
}

/** 37 × 37 folders at most; a CID's last character carries 3 bits only, so the two before it. */
function shardOf(key: string): string {
  return key
    .padStart(3, "_")
    .slice(-3, -1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "_")
}

function withSignal(signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? {} : { signal }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined
    throw cause
  }
}
