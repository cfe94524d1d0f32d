/**
 * A store in a Kubo daemon, by its RPC API.
 *
 *     value ──▶ raw leaves + dag-pb nodes ──block/put──▶ repository ──pin/add──▶ the root is pinned: the value is there
 *
 * A key is the CID of its bytes (`unixfs-v1-2025`); anything else is refused and nothing is stored. *Present* means pinned
 * recursively on this daemon: the pin is written when every block is there, so a reader sees all of a value or none. *Absent* means
 * that the daemon says that it is not pinned, which is proof about this store, whatever other peers have. A block that is missing
 * under a pin makes Kubo ask the network and wait: that ends as *unreachable* after `idleTimeoutMs`.
 *
 * `delete` removes the pin; the blocks go with the daemon's next garbage collection, and copies of other peers stay: never a
 * store for what must be erasable. Blocks of a put that failed have no pin and go the same way.
 *
 * With `leaves` the name is checked before the first block is sent; without, when all leaves are there and before anything is pinned:
 * a source is read once either way.
 *
 * @module
 */
import { setMaxListeners } from "node:events"
import { CID, create, type IPFSHTTPClient } from "ipfs-http-client"
import { equal } from "../src/base/bytes.ts"
import { IntegrityError, InvalidInputError, NotFoundError } from "../src/base/errors.ts"
import { cidOfDigest, RAW, rootKind } from "../src/cid/cid.ts"
import { dagOfLeaves, fileSizeOf } from "../src/cid/unixfs.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "./blob-store.ts"
import { readBody } from "./body.ts"
import { ipfsFailure, saysNotPinned } from "./ipfs-failure.ts"
import { cutRange, requireKey, requireRange } from "./key.ts"
import { leavesOf, requireName } from "./leaves.ts"
import { exactly } from "./source.ts"
import { Watch } from "./watch.ts"

/** Blocks sent at the same time: about twice as fast as one by one. */
const AT_ONCE = 8

/** Which daemon, and how long to wait for it. */
export interface IpfsOptions {
  /** Address of the RPC API, such as `http://127.0.0.1:5001`. */
  readonly api: string
  /** Sent with every request, such as `Authorization` for an API that asks for it. */
  readonly headers?: Record<string, string>
  /** Longest silence of the daemon in milliseconds. Default 60 000. */
  readonly idleTimeoutMs?: number
}

/** See {@link BlobStore} and the module. */
export class IpfsBlobStore implements BlobStore {
  readonly #client: IPFSHTTPClient
  readonly #api: string
  readonly #idleMs: number

  constructor({ api, headers = {}, idleTimeoutMs = 60_000 }: IpfsOptions) {
    this.#client = create({ url: api, headers })
    this.#api = api
    this.#idleMs = idleTimeoutMs
  }

  async put(key: string, source: BlobSource, { signal }: CallOptions = {}): Promise<void> {
    await this.#watching("put", key, signal, async (watch) => {
      if (source.leaves !== undefined) requireName(key, source.leaves, source.size)
      const isThere = await this.#isPinned(key, watch)
      if (isThere && source.leaves !== undefined) return
      const digests = isThere
        ? await digestsOf(key, source, watch.signal)
        : await this.#putLeaves(key, source, watch)
      requireName(key, digests, source.size)
      if (isThere) return
      for (const { cid, bytes } of dagOfLeaves(digests, source.size).nodes) {
        await this.#putBlock(cid.toString(), bytes, "dag-pb", watch)
      }
      await this.#call(watch, "pin/add", (options) => this.#client.pin.add(key, options))
    })
  }

  async *get(
    key: string,
    range?: ByteRange,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    requireRootKey(key)
    requireRange(range)
    const watch = this.#watch(`cat ${key}`, signal)
    try {
      if (!(await this.#isPinned(key, watch))) {
        throw new NotFoundError(`${key} is not pinned at ${this.#api}`)
      }
      const { start, end } = cutRange(range, await this.#sizeOf(key, watch))
      if (start === end) return
      const length = end - start
      const body = this.#client.cat(key, { offset: start, length, signal: watch.signal })
      yield* readBody(key, this.#typed(body), { body: length, skip: 0, length }, watch)
    } finally {
      watch.stop()
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    return this.#watching("stat", key, signal, async (watch) =>
      (await this.#isPinned(key, watch)) ? { size: await this.#sizeOf(key, watch) } : undefined,
    )
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#watching("delete", key, signal, async (watch) => {
      if (!(await this.#isPinned(key, watch))) return
      await this.#call(watch, "pin/rm", (options) =>
        this.#client.pin.rm(key, options).catch((cause: unknown) => {
          if (!saysNotPinned(cause)) throw cause
        }),
      )
    })
  }

  /** Files pinned on the daemon under a name of our profile; what else is pinned there is not the store's. */
  async *list({ signal }: CallOptions = {}): AsyncIterable<StoredBlob> {
    const watch = this.#watch("the list of pins", signal)
    try {
      const keys = await this.#call(watch, "pin/ls", async (options) => {
        const found: string[] = []
        for await (const { cid } of this.#client.pin.ls({ type: "recursive", ...options })) {
          watch.arm()
          if (rootKind(cid.toString()) !== undefined) found.push(cid.toString())
        }
        return found
      })
      for (const key of keys) {
        watch.signal.throwIfAborted()
        const size = await this.#sizeIfFile(key, watch)
        if (size !== undefined) yield { key, size }
      }
    } finally {
      watch.stop()
    }
  }

  async close(): Promise<void> {}

  /** Sends the leaves, each as announced where they were, and tells their digests. */
  async #putLeaves(key: string, source: BlobSource, watch: Watch): Promise<Uint8Array[]> {
    const running = new Set<Promise<void>>()
    const digests: Uint8Array[] = []
    try {
      const pieces = exactly(key, source, watch.signal)
      for await (const { bytes, digest } of leavesOf(pieces, source.size)) {
        const announced = source.leaves?.[digests.length]
        if (announced !== undefined && !equal(digest, announced)) {
          throw new IntegrityError(`leaf ${digests.length} of ${key} is not the one announced`)
        }
        digests.push(digest)
        const block = this.#putBlock(cidOfDigest(RAW, digest).toString(), bytes, "raw", watch)
        running.add(block)
        block.then(() => running.delete(block)).catch(() => undefined)
        if (running.size === AT_ONCE) await Promise.race(running)
      }
      await Promise.all(running)
      return digests
    } finally {
      await Promise.allSettled(running)
    }
  }

  async #putBlock(
    key: string,
    bytes: Uint8Array,
    format: "raw" | "dag-pb",
    watch: Watch,
  ): Promise<void> {
    const cid: CID = await this.#call(watch, "block/put", (options) =>
      this.#client.block.put(bytes, { format, mhtype: "sha2-256", version: 1, ...options }),
    )
    if (cid.toV1().toString() !== key) {
      throw new IntegrityError(`the daemon stored block ${key} as ${cid.toString()}`)
    }
  }

  async #isPinned(key: string, watch: Watch): Promise<boolean> {
    return this.#call(watch, "pin/ls", async (options) => {
      try {
        const pins = this.#client.pin.ls({ paths: key, type: "recursive", ...options })
        for await (const { type } of pins) if (type === "recursive") return true
        return false
      } catch (cause) {
        if (saysNotPinned(cause)) return false
        throw cause
      }
    })
  }

  async #sizeOf(key: string, watch: Watch): Promise<number> {
    const size = await this.#sizeIfFile(key, watch)
    if (size === undefined) throw new IntegrityError(`${key} is not the root of a file`)
    return size
  }

  async #sizeIfFile(key: string, watch: Watch): Promise<number | undefined> {
    const cid = CID.parse(key)
    if (rootKind(key) === "leaf") {
      const leaf: { size: number } = await this.#call(watch, "block/stat", (options) =>
        this.#client.block.stat(cid, options),
      )
      return leaf.size
    }
    return fileSizeOf(
      await this.#call(watch, "block/get", (options) => this.#client.block.get(cid, options)),
    )
  }

  /** A failure before the first byte is the daemon's; after it, the value's. */
  async *#typed(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    let begun = false
    try {
      for await (const piece of body) {
        begun = true
        yield piece
      }
    } catch (cause) {
      throw begun ? cause : ipfsFailure(cause, "cat", this.#api)
    }
  }

  async #call<T>(
    watch: Watch,
    what: string,
    work: (options: { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await watch.during((signal) => work({ signal }))
    } catch (cause) {
      watch.signal.throwIfAborted()
      throw ipfsFailure(cause, what, this.#api)
    }
  }

  #watch(what: string, signal: AbortSignal | undefined): Watch {
    const watch = new Watch(what, this.#idleMs, signal)
    // Each of many requests under one watch listens to it, and the client never stops.
    setMaxListeners(0, watch.signal)
    return watch
  }

  async #watching<T>(
    what: string,
    key: string,
    signal: AbortSignal | undefined,
    work: (watch: Watch) => Promise<T>,
  ): Promise<T> {
    requireRootKey(key)
    const watch = this.#watch(`${what} ${key}`, signal)
    try {
      return await work(watch)
    } finally {
      watch.stop()
    }
  }
}

async function digestsOf(
  key: string,
  source: BlobSource,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = []
  for await (const { digest } of leavesOf(exactly(key, source, signal), source.size)) {
    digests.push(digest)
  }
  return digests
}

function requireRootKey(key: string): void {
  requireKey(key)
  if (rootKind(key) === undefined) {
    throw new InvalidInputError(
      `${key} is not a CID of unixfs-v1-2025, and IPFS has no other names`,
    )
  }
}
