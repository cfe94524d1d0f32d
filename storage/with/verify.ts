/**
 * A store whose bytes are held against their names.
 *
 * - `put` under a CID refuses bytes that have another one, and stores nothing. Right bytes replace damaged ones that the store held.
 * - `get` of one leaf, whole or a range, reads and checks the leaf before it yields a byte.
 * - `get` of a whole larger value computes the leaves on the way and holds the last one back until the root is right: a
 *   wrong value ends in {@link IntegrityError}, never whole. What came before was not checked yet, so a reader that acts on bytes as
 *   they come checks each leaf by the manifest's digests first.
 * - `get` of a range of a larger value is **not** checked here: only the manifest's leaf digests can do that.
 * - Keys that are not names of `unixfs-v1-2025` pass unchecked.
 *
 * @module
 */
import { concat } from "../../src/base/bytes.ts"
import { AlreadyExistsError, IntegrityError } from "../../src/base/errors.ts"
import { LEAF_LENGTH, rootKind } from "../../src/cid/cid.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "../blob-store.ts"
import { cutRange, requireKey, requireRange } from "../key.ts"
import { checked, requireName } from "../leaves.ts"
import { exactly } from "../source.ts"

/** Wraps a store; closing the wrapper closes it. */
export function withVerify(store: BlobStore): BlobStore {
  return new VerifyingBlobStore(store)
}

class VerifyingBlobStore implements BlobStore {
  readonly #store: BlobStore

  constructor(store: BlobStore) {
    this.#store = store
  }

  async put(key: string, source: BlobSource, options: CallOptions = {}): Promise<void> {
    requireKey(key)
    if (rootKind(key) === undefined) return this.#store.put(key, source, options)
    const { leaves } = source
    if (leaves !== undefined) requireName(key, leaves, source.size)
    const open = () => checked(key, exactly(key, source, options.signal), leaves)
    const named = { ...source, open }
    try {
      await this.#store.put(key, named, options)
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error
      await this.#replaceDamaged(key, named, options, error)
    }
  }

  /** Of two different values under one CID one is wrong: a new one is refused, an old one makes room for the right bytes. */
  async #replaceDamaged(
    key: string,
    named: BlobSource,
    options: CallOptions,
    taken: AlreadyExistsError,
  ): Promise<void> {
    try {
      await drain(named.open())
    } catch (error) {
      options.signal?.throwIfAborted()
      // A source that can't be read twice tells nothing.
      throw error instanceof IntegrityError ? error : taken
    }
    await this.#store.delete(key, options)
    await this.#store.put(key, named, options)
  }

  async *get(key: string, range?: ByteRange, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    requireKey(key)
    requireRange(range)
    const kind = rootKind(key)
    if (kind === "leaf") yield* this.#getLeaf(key, range, options)
    else if (kind === "node" && range === undefined) {
      yield* checked(key, this.#store.get(key, undefined, options))
    } else yield* this.#store.get(key, range, options)
  }

  stat(key: string, options: CallOptions = {}): Promise<{ size: number } | undefined> {
    return this.#store.stat(key, options)
  }

  delete(key: string, options: CallOptions = {}): Promise<void> {
    return this.#store.delete(key, options)
  }

  list(options: CallOptions = {}): AsyncIterable<StoredBlob> {
    return this.#store.list(options)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async *#getLeaf(
    key: string,
    range: ByteRange | undefined,
    options: CallOptions,
  ): AsyncIterable<Uint8Array> {
    const pieces: Uint8Array[] = []
    let length = 0
    for await (const piece of checked(key, this.#store.get(key, undefined, options))) {
      length += piece.length
      if (length > LEAF_LENGTH)
        throw new IntegrityError(`${key} names one leaf, and more bytes came`)
      pieces.push(piece)
    }
    const { start, end } = cutRange(range, length)
    if (end > start) yield concat(...pieces).subarray(start, end)
  }
}

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const piece of pieces) length += piece.length
  return length
}
