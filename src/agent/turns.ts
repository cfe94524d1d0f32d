/**
 * One after the other: work on the same thing takes turns, work on different things does not wait.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { TooManyRequestsError } from "../base/errors.ts"

/** How many may wait for one thing before the next is sent away. */
const MOST_WAITING = 128

/** Queues by name. */
export class Turns {
  readonly #last = new Map<string, { readonly done: Promise<unknown>; waiting: number }>()

  /**
   * Runs `work` when all earlier work on `name` has ended, however it ended.
   * @throws {TooManyRequestsError} when too many wait already
   */
  async take<T>(name: Uint8Array, work: () => Promise<T>): Promise<T> {
    const key = hex(name)
    const before = this.#last.get(key)
    const waiting = (before?.waiting ?? 0) + 1
    if (waiting > MOST_WAITING) {
      throw new TooManyRequestsError("too many wait for the same thing: ask again", 5)
    }
    const done = (before?.done ?? Promise.resolve()).then(work, work)
    const turn = { done, waiting }
    this.#last.set(key, turn)
    try {
      return await done
    } finally {
      const newest = this.#last.get(key)
      if (newest === turn) this.#last.delete(key)
      else if (newest) newest.waiting -= 1
    }
  }
}
