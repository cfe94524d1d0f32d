/**
 * A strict reader of dag-cbor: it takes the one canonical encoding of a value, and nothing else, in one pass.
 *
 * Refused: unsorted or doubled keys, integers longer than need be or beyond 2^53 − 1, indefinite lengths, floats, `undefined`, tags other
 * than 42, text that is not UTF-8, CIDs that would be written otherwise, more than {@link MAX_DEPTH} levels. Source: IPLD dag-cbor
 * specification, "Strictness"; RFC 8949 §4.2.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import { equal, fromUtf8 } from "./bytes.ts"

/** Levels of lists and maps. */
export const MAX_DEPTH = 64

const MAJOR = { integer: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6, simple: 7 }
const CID_TAG = 42
/** A binary CID in dag-cbor begins with the multibase prefix for binary. */
const CID_PREFIX = 0
const SIMPLE: ReadonlyMap<number, boolean | null> = new Map([
  [20, false],
  [21, true],
  [22, null],
])
/** What assignment would make of any other name. */
const OWN_FIELD = { configurable: true, enumerable: true, writable: true }
/** Where text is this short, a loop over ASCII is faster than the platform's decoder. */
const SHORT = 48

/**
 * The value at the beginning of `bytes`, and where it ends.
 * @throws {Error} saying what is not canonical
 */
export function decodeCanonical(bytes: Uint8Array): {
  readonly value: unknown
  readonly end: number
} {
  const reader = new Reader(bytes)
  return { value: reader.value(0), end: reader.at }
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error("too many levels")
    const initial = this.#view.getUint8(this.at++)
    const major = initial >> 5
    if (major === MAJOR.simple) return simple(initial & 31)
    const argument = this.#argument(initial & 31)
    switch (major) {
      case MAJOR.integer:
        return argument
      case MAJOR.negative:
        if (argument === Number.MAX_SAFE_INTEGER) throw new Error("an integer beyond 2^53 - 1")
        return -1 - argument
      case MAJOR.bytes:
        return this.#take(argument).slice()
      case MAJOR.text:
        return textOf(this.#take(argument))
      case MAJOR.list:
        return this.#list(argument, depth)
      case MAJOR.map:
        return this.#map(argument, depth)
      default:
        return this.#cid(argument)
    }
  }

  /** The number behind an initial byte, in its shortest form. */
  #argument(info: number): number {
    if (info < 24) return info
    const view = this.#view
    const at = this.at
    const [length, number, least] =
      info === 24
        ? [1, view.getUint8(at), 24]
        : info === 25
          ? [2, view.getUint16(at), 0x100]
          : info === 26
            ? [4, view.getUint32(at), 0x1_0000]
            : info === 27
              ? [8, view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4), 2 ** 32]
              : [0, -1, 0]
    if (number < least) throw new Error("an integer or a length that is not in its shortest form")
    if (number > Number.MAX_SAFE_INTEGER) throw new Error("an integer beyond 2^53 - 1")
    this.at += length
    return number
  }

  #take(length: number): Uint8Array {
    const end = this.at + length
    if (end > this.#bytes.length) throw new Error("the bytes end early")
    const taken = this.#bytes.subarray(this.at, end)
    this.at = end
    return taken
  }

  #list(length: number, depth: number): unknown[] {
    const list: unknown[] = []
    for (let i = 0; i < length; i++) list.push(this.value(depth + 1))
    return list
  }

  #map(length: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    let previous: Uint8Array | undefined
    for (let i = 0; i < length; i++) {
      const initial = this.#view.getUint8(this.at++)
      if (initial >> 5 !== MAJOR.text) throw new Error("a key that is no text")
      const key = this.#take(this.#argument(initial & 31))
      if (previous && !isBefore(previous, key)) throw new Error("keys that are not in order")
      previous = key
      const name = textOf(key)
      const value = this.value(depth + 1)
      if (name !== "__proto__") map[name] = value
      else Object.defineProperty(map, name, { value, ...OWN_FIELD })
    }
    return map
  }

  #cid(tag: number): CID {
    if (tag !== CID_TAG) throw new Error("a tag other than that of a CID")
    const initial = this.#view.getUint8(this.at++)
    if (initial >> 5 !== MAJOR.bytes) throw new Error("a CID that is not bytes")
    const bytes = this.#take(this.#argument(initial & 31))
    if (bytes[0] !== CID_PREFIX) throw new Error("a CID without its prefix")
    const binary = Uint8Array.from(bytes.subarray(1))
    const cid = CID.decode(binary)
    if (!equal(cid.bytes, binary)) throw new Error("a CID that is not in its shortest form")
    return cid
  }
}

function simple(number: number): boolean | null {
  const value = SIMPLE.get(number)
  if (value === undefined) throw new Error("a float, undefined or another simple value")
  return value
}

/** Keys go by length, then by bytes. */
function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return a.length < b.length
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i] as number, b[i] as number]
    if (one !== other) return one < other
  }
  return false
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return fromUtf8(bytes)
  let text = ""
  for (const byte of bytes) {
    if (byte > 0x7f) return fromUtf8(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}
