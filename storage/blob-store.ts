/**
 * The port behind which every store stands: opaque bytes under a name.
 *
 *     put(key, bytes) ──▶ durable ──▶ get(key, range)
 *
 * A *blob key* is a CID in text form for the lake and the control store (`docs/FORMAT.md`); the port itself only asks for
 * 1 to 200 characters of `[A-Za-z0-9._-]`, not beginning with a dot.
 *
 * Contract, kept by one suite (`test/conformance/blob-store.suite.ts`) for every driver and wrapper:
 *
 * - `put` is atomic and durable: it resolves once the whole value survives a crash of the store, and a reader sees all
 *   of it or none. The same bytes again are fine; other bytes under a taken key are `already_exists`. `size` is the exact
 *   number of bytes in `source`; a source that ends early, runs over or throws leaves nothing behind.
 *   What the source throws passes unchanged; a wrong length is `invalid_input`. A driver that binds keys to bytes (`ipfs`, `with/verify`)
 *   refuses other bytes as `integrity_failed`.
 * - An array that a source or a `get` yielded belongs to its receiver: who yielded it neither changes nor reuses it.
 * - `get` yields exactly the range asked for: `start` inclusive, `end` exclusive, both in bytes, cut at the end of the
 *   value. It never yields a byte of another value, but it does not check hashes: that is `with/verify`'s job.
 * - absent → `NotFoundError` on proof of absence only (a folder that is not mounted or a bucket that is not there proves nothing); refused → `AccessDeniedError`; a value shorter than the store
 *   says → `IntegrityError`, `retryable` because a cut connection looks the same; no answer, time-out, 5xx, throttled → `StorageUnavailableError`; no room or
 *   read-only → `StorageFullError`. Each keeps its `cause`.
 * - `delete` of an absent key resolves. `list` yields each key once, in any order.
 * - Every call takes an `AbortSignal` and rejects with its reason; nothing hangs.
 *
 * @module
 */

/** Bytes `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Options of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** One stored value as `list` sees it. */
export interface StoredBlob {
  readonly key: string
  /** Bytes. */
  readonly size: number
}

/**
 * What `put` stores: the exact size in bytes, and a function that yields the bytes from the beginning, each time it is
 * called (a retry calls it again). `sha256`, where the caller knows it, spares an S3 driver one pass; `leaves` are the
 * SHA-256 digests of the 1 MiB leaves, which an IPFS driver may use to skip blocks that the node has. A driver may give an array
 * back by `reclaim` once nobody needs it any more: the source may use its memory again.
 */
export interface BlobSource {
  readonly size: number
  readonly open: () => AsyncIterable<Uint8Array>
  readonly sha256?: Uint8Array
  readonly leaves?: readonly Uint8Array[]
  readonly reclaim?: (piece: Uint8Array) => void
}

/** See the module's contract. */
export interface BlobStore {
  put(key: string, source: BlobSource, options?: CallOptions): Promise<void>
  get(key: string, range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array>
  /** Size in bytes, or `undefined` on proof of absence. */
  stat(key: string, options?: CallOptions): Promise<{ readonly size: number } | undefined>
  delete(key: string, options?: CallOptions): Promise<void>
  list(options?: CallOptions): AsyncIterable<StoredBlob>
  close(): Promise<void>
}
