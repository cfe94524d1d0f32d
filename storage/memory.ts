/**
 * The reference: a store in a map. Durable as long as the process; for tests and throw-away runs.
 *
 * @module
 */
import { equal } from "../src/base/bytes.ts"
import { AlreadyExistsError, NotFoundError } from "../src/base/errors.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "./blob-store.ts"
import { cutRange, requireKey, requireRange } from "./key.ts"
import { exactly } from "./source.ts"

const PIECE = 1 << 20

/** See {@link BlobStore}. Takes no options. */
export class MemoryBlobStore implements BlobStore {
  readonly #values = new Map<string, Uint8Array>()

  async put(key: string, source: BlobSource, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    signal?.throwIfAborted()
    const value = new Uint8Array(source.size)
    let filled = 0
    for await (const piece of exactly(key, source, signal)) {
      value.set(piece, filled)
      filled += piece.length
    }
    const stored = this.#values.get(key)
    if (stored !== undefined && !equal(stored, value)) {
      throw new AlreadyExistsError(`${key} is taken by other bytes`)
    }
    this.#values.set(key, value)
  }

  async *get(
    key: string,
    range?: ByteRange,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    requireKey(key)
    requireRange(range)
    signal?.throwIfAborted()
    const value = this.#values.get(key)
    if (value === undefined) throw new NotFoundError(`there is no ${key}`)
    const { start, end } = cutRange(range, value.length)
    for (let at = start; at < end; at += PIECE) {
      signal?.throwIfAborted()
      yield value.slice(at, Math.min(end, at + PIECE))
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    requireKey(key)
    signal?.throwIfAborted()
    const value = this.#values.get(key)
    return value === undefined ? undefined : { size: value.length }
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    signal?.throwIfAborted()
    this.#values.delete(key)
  }

  async *list({ signal }: CallOptions = {}): AsyncIterable<StoredBlob> {
    signal?.throwIfAborted()
    for (const [key, value] of Array.from(this.#values)) {
      signal?.throwIfAborted()
      yield { key, size: value.length }
    }
  }

  /** Does nothing: the values live as long as the object. */
  async close(): Promise<void> {}
}
