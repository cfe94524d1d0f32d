/**
 * Bytes: joining, comparing, printing. Works on plain `Uint8Array` in Node and browsers alike.
 *
 * @module
 */
import { base32nopad, base64urlnopad, hex as hexCoder } from "@scure/base"
import { InvalidInputError } from "./errors.ts"

/** Joins pieces into one new array. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

/** Whether two arrays hold the same bytes. Not constant time: for public values. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether two secrets of one length are the same, in time that does not depend on where they differ. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/**
 * Text of UTF-8 bytes.
 * @throws {InvalidInputError} when the bytes are not well-formed UTF-8
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new InvalidInputError("the bytes are not UTF-8 text", { cause })
  }
}

/** Lower-case hexadecimal (RFC 4648 §8). */
export function hex(bytes: Uint8Array): string {
  return hexCoder.encode(bytes)
}

/** @throws {InvalidInputError} when the text is not an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  return decodeWith("hexadecimal", () => hexCoder.decode(text.toLowerCase()))
}

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes)
}

/** @throws {InvalidInputError} when the text is not unpadded base64url */
export function fromBase64url(text: string): Uint8Array {
  return decodeWith("base64url", () => base64urlnopad.decode(text))
}

/** Upper-case base32 without padding (RFC 4648 §6), as Symbol writes addresses. */
export function base32(bytes: Uint8Array): string {
  return base32nopad.encode(bytes)
}

/** @throws {InvalidInputError} when the text is not unpadded base32 */
export function fromBase32(text: string): Uint8Array {
  return decodeWith("base32", () => base32nopad.decode(text))
}

function decodeWith(coding: string, decode: () => Uint8Array): Uint8Array {
  try {
    return decode()
  } catch (cause) {
    throw new InvalidInputError(`the text is not ${coding}`, { cause })
  }
}

/**
 * Asserts the length of an argument.
 * @throws {InvalidInputError} `"nonce" expected 12 bytes, got 8`
 */
export function expectLength(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    throw new InvalidInputError(
      `"${name}" expected ${length} bytes, got ${bytes instanceof Uint8Array ? bytes.length : typeof bytes}`,
    )
  }
  return bytes
}

/** Reads a whole byte stream into one array. For small things: the caller bounds the size with `limit` (bytes). */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of source) {
    length += piece.length
    if (length > limit) throw new InvalidInputError(`more than the ${limit} bytes allowed`)
    pieces.push(piece)
  }
  return concat(...pieces)
}

/** A byte stream of one piece. */
export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
