/**
 * A secret that cannot be printed by accident: every leak point is a call of `reveal`, which can be searched for.
 *
 * @module
 */

const HIDDEN = "[secret]"

/** Wraps key material; `String()`, `JSON.stringify` and `console.log` show `[secret]`. */
export class Secret {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The bytes themselves, not a copy. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Overwrites the bytes. JavaScript gives no promise that no copy is left. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return HIDDEN
  }
}
