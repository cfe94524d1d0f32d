/**
 * Blob keys and byte ranges, checked once for every driver.
 *
 * @module
 */
import { InvalidInputError } from "../src/base/errors.ts"
import type { ByteRange } from "./blob-store.ts"

const KEY = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/

/** Whether a text may name a blob; what a listing finds under other names is not the store's. */
export function isKey(text: string): boolean {
  return KEY.test(text)
}

/** @throws {InvalidInputError} when the text may not name a blob */
export function requireKey(key: string): void {
  if (!isKey(key)) {
    throw new InvalidInputError(
      `"${key.slice(0, 80)}" is not a blob key: 1 to 200 of A-Z a-z 0-9 . _ - and no dot first`,
    )
  }
}

/** @throws {InvalidInputError} unless 0 ≤ start ≤ end, both whole numbers */
export function requireRange(range: ByteRange | undefined): void {
  if (range === undefined) return
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new InvalidInputError(`bytes ${start} to ${end} are not a range`)
  }
}

/** The part of a range that lies inside a value of `size` bytes; the whole value without one. */
export function cutRange(range: ByteRange | undefined, size: number): ByteRange {
  if (range === undefined) return { start: 0, end: size }
  const start = Math.min(range.start, size)
  return { start, end: Math.max(start, Math.min(range.end, size)) }
}
