/**
 * Several stores that each hold everything: the control store of two folders or two servers.
 *
 *     put ──▶ all · get ──▶ the first that can · delete ──▶ all · list ──▶ the union
 *
 * `put` and `delete` resolve only once every copy has done it, and otherwise fail with the failure of the first copy that
 * could not; the other copies have done it then, and calling again completes the rest. Erasure is therefore never reported before it is
 * true everywhere. A value is absent only when every copy proves so.
 *
 * @module
 */
import { MedlakeError, NotFoundError } from "../../src/base/errors.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "../blob-store.ts"

/** Wraps at least one store, in the order in which they are asked; closing the wrapper closes all. */
export function withCopies(copies: readonly [BlobStore, ...BlobStore[]]): BlobStore {
  return new CopiedBlobStore(copies)
}

class CopiedBlobStore implements BlobStore {
  readonly #copies: readonly BlobStore[]

  constructor(copies: readonly BlobStore[]) {
    this.#copies = copies
  }

  put(key: string, source: BlobSource, options: CallOptions = {}): Promise<void> {
    return this.#everywhere((copy) => copy.put(key, source, options))
  }

  /** Goes on with the next copy, at the byte where one broke. */
  async *get(key: string, range?: ByteRange, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    let at = range?.start ?? 0
    let left = range
    let failure: MedlakeError | undefined
    for (const copy of this.#copies) {
      try {
        for await (const piece of copy.get(key, left, options)) {
          at += piece.length
          left = { start: at, end: range?.end ?? Number.MAX_SAFE_INTEGER }
          yield piece
        }
        return
      } catch (error) {
        options.signal?.throwIfAborted()
        failure = worse(failure, error)
      }
    }
    if (failure === undefined) throw new Error("there is no copy")
    throw failure
  }

  async stat(key: string, options: CallOptions = {}): Promise<{ size: number } | undefined> {
    let failure: MedlakeError | undefined
    for (const copy of this.#copies) {
      try {
        const found = await copy.stat(key, options)
        if (found !== undefined) return found
      } catch (error) {
        options.signal?.throwIfAborted()
        failure = worse(failure, error)
      }
    }
    if (failure !== undefined) throw failure
    return undefined
  }

  delete(key: string, options: CallOptions = {}): Promise<void> {
    return this.#everywhere((copy) => copy.delete(key, options))
  }

  async *list(options: CallOptions = {}): AsyncIterable<StoredBlob> {
    const seen = new Set<string>()
    for (const copy of this.#copies) {
      for await (const entry of copy.list(options)) {
        if (seen.has(entry.key)) continue
        seen.add(entry.key)
        yield entry
      }
    }
  }

  close(): Promise<void> {
    return this.#everywhere((copy) => copy.close())
  }

  async #everywhere(call: (copy: BlobStore) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(this.#copies.map((copy) => call(copy)))
    for (const result of results) if (result.status === "rejected") throw result.reason
  }
}

/** Absence gives way to any other failure; what is no failure of a store is thrown at once. */
function worse(known: MedlakeError | undefined, error: unknown): MedlakeError {
  if (!(error instanceof MedlakeError)) throw error
  return known === undefined || known instanceof NotFoundError ? error : known
}
