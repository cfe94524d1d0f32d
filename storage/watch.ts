/**
 * One call to a store over a wire: ends when the caller aborts, or when the store says nothing for too long.
 *
 * @module
 */
import { StorageUnavailableError } from "../src/base/errors.ts"
import { wait } from "./wait.ts"

/**
 * Hand `signal` to whatever talks to the store. The silence is counted only between `arm` and `disarm`, so that neither a
 * slow source nor a slow reader looks like a dead store. Call `stop` when done: it lets go of the connection.
 */
export class Watch {
  readonly #controller = new AbortController()
  readonly #what: string
  readonly #idleMs: number
  readonly #caller: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined

  /** @throws the caller's reason, when it has aborted already */
  constructor(what: string, idleMs: number, caller: AbortSignal | undefined) {
    caller?.throwIfAborted()
    this.#what = what
    this.#idleMs = idleMs
    this.#caller = caller
    caller?.addEventListener("abort", this.#onAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on the store is expected to move; moving the mark again restarts the time. */
  arm(): void {
    this.disarm()
    this.#timer = setTimeout(() => {
      this.#controller.abort(
        new StorageUnavailableError(
          `the store said nothing for ${this.#idleMs / 1000} s about ${this.#what}: try again later`,
        ),
      )
    }, this.#idleMs)
  }

  disarm(): void {
    clearTimeout(this.#timer)
  }

  /** Runs one exchange; rejects with the caller's reason or with silence, whatever the client makes of the abort. */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.arm()
    try {
      return await wait(work(this.signal), this.signal)
    } finally {
      this.disarm()
    }
  }

  stop(): void {
    this.disarm()
    this.#caller?.removeEventListener("abort", this.#onAbort)
    this.#controller.abort()
  }

  readonly #onAbort = () => this.#controller.abort(this.#caller?.reason)
}
