/**
 * A strict reader of Symbol's REST JSON: every field is taken by its kind, and an answer that lacks one is named by
 * route and field. Encodings: symbol.md §9.1.
 *
 * @module
 */
import { fromHex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"

const DECIMAL = /^\d{1,20}$/
const MOSAIC_ID = /^[\dA-Fa-f]{16}$/

/** One value inside an answer, and where it stands. All readers throw `IntegrityError` when it is of another kind. */
export class RestValue {
  readonly #value: unknown
  readonly #where: string

  constructor(value: unknown, where: string) {
    this.#value = value
    this.#where = where
  }

  /** The field `name`, which must be there. */
  at(name: string): RestValue {
    return this.find(name) ?? this.#refuse(`has no "${name}"`)
  }

  /** The field `name`, or undefined. */
  find(name: string): RestValue | undefined {
    if (typeof this.#value !== "object" || this.#value === null || Array.isArray(this.#value)) {
      this.#refuse("is no object")
    }
    const value = (this.#value as Record<string, unknown>)[name]
    return value === undefined ? undefined : new RestValue(value, `${this.#where}.${name}`)
  }

  list(): RestValue[] {
    if (!Array.isArray(this.#value)) this.#refuse("is no list")
    return (this.#value as unknown[]).map((item, i) => new RestValue(item, `${this.#where}[${i}]`))
  }

  text(): string {
    return typeof this.#value === "string" ? this.#value : this.#refuse("is no text")
  }

  /** A JSON number that is whole. */
  integer(): number {
    return Number.isSafeInteger(this.#value)
      ? (this.#value as number)
      : this.#refuse("is no number")
  }

  /** An unsigned 64-bit number, written in decimal. */
  decimal(): bigint {
    const text = this.text()
    return DECIMAL.test(text) ? BigInt(text) : this.#refuse("is no decimal number")
  }

  /** A height or a time that fits a double. */
  count(): number {
    const value = this.decimal()
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : this.#refuse("is too large")
  }

  /** An id of 64 bits, written as 16 hexadecimal digits. */
  id(): bigint {
    const text = this.text()
    return MOSAIC_ID.test(text) ? BigInt(`0x${text}`) : this.#refuse("is no id")
  }

  /** Bytes in hexadecimal, `length` of them when given. */
  hex(length?: number): Uint8Array {
    const text = this.text()
    if (!/^[\dA-Fa-f]*$/.test(text) || text.length % 2 !== 0) this.#refuse("is not hexadecimal")
    if (length !== undefined && text.length !== 2 * length) this.#refuse(`has not ${length} bytes`)
    return fromHex(text)
  }

  #refuse(why: string): never {
    throw new IntegrityError(`the node's answer is malformed: ${this.#where} ${why}`)
  }
}
