/**
 * A store that tries again.
 *
 * Only failures that say of themselves that they may pass are retried (`retryable`): no answer, throttled, cut short. The wait
 * doubles each time and is drawn at random between half and all of it, so that many clients do not come back at once. A `get`
 * goes on at the byte where it broke; every byte of progress makes its attempts count anew.
 *
 * @module
 */
import { type Clock, systemClock } from "../../src/base/clock.ts"
import { MedlakeError } from "../../src/base/errors.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "../blob-store.ts"

/** How often and how patiently. */
export interface RetryOptions {
  /** Calls in all, the first included. Default 5. */
  readonly attempts?: number
  /** Longest wait before the second call, in milliseconds. Default 200. */
  readonly baseDelayMs?: number
  readonly clock?: Clock
  /** A number in [0, 1). */
  readonly random?: () => number
}

/** Wraps a store; closing the wrapper closes it. */
export function withRetry(store: BlobStore, options: RetryOptions = {}): BlobStore {
  return new RetryingBlobStore(store, options)
}

class RetryingBlobStore implements BlobStore {
  readonly #store: BlobStore
  readonly #attempts: number
  readonly #baseDelayMs: number
  readonly #clock: Clock
  readonly #random: () => number

  constructor(store: BlobStore, options: RetryOptions) {
    this.#store = store
    this.#attempts = options.attempts ?? 5
    this.#baseDelayMs = options.baseDelayMs ?? 200
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
  }

  put(key: string, source: BlobSource, options: CallOptions = {}): Promise<void> {
    return this.#again(options, () => this.#store.put(key, source, options))
  }

  async *get(key: string, range?: ByteRange, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    let at = range?.start ?? 0
    let left = range
    let failures = 0
    for (;;) {
      try {
        for await (const piece of this.#store.get(key, left, options)) {
          at += piece.length
          left = { start: at, end: range?.end ?? Number.MAX_SAFE_INTEGER }
          failures = 0
          yield piece
        }
        return
      } catch (error) {
        failures++
        await this.#pause(error, failures, options)
      }
    }
  }

  stat(key: string, options: CallOptions = {}): Promise<{ size: number } | undefined> {
    return this.#again(options, () => this.#store.stat(key, options))
  }

  delete(key: string, options: CallOptions = {}): Promise<void> {
    return this.#again(options, () => this.#store.delete(key, options))
  }

  /** Begins the listing anew and passes over what it has yielded: a store may list in another order each time. */
  async *list(options: CallOptions = {}): AsyncIterable<StoredBlob> {
    const seen = new Set<string>()
    let failures = 0
    for (;;) {
      try {
        for await (const entry of this.#store.list(options)) {
          if (seen.has(entry.key)) continue
          seen.add(entry.key)
          failures = 0
          yield entry
        }
        return
      } catch (error) {
        failures++
        await this.#pause(error, failures, options)
      }
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #again<T>(options: CallOptions, call: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await call()
      } catch (error) {
        await this.#pause(error, failures, options)
      }
    }
  }

  /** Waits before the next attempt, or throws the error when there is none. */
  async #pause(error: unknown, failures: number, { signal }: CallOptions): Promise<void> {
    signal?.throwIfAborted()
    const mayPass = error instanceof MedlakeError && error.retryable
    if (!mayPass || failures >= this.#attempts) throw error
    const longest = this.#baseDelayMs * 2 ** (failures - 1)
    await this.#clock.sleep(longest * (0.5 + this.#random() / 2), signal)
  }
}
