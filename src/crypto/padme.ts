/**
 * Padmé: lengths that leak O(log log n) bits and cost at most 12 % (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files
 * and Communication with PURBs", PETS 2019, §4).
 *
 * @module
 */

/** The padded length (bytes) of a content of `length` bytes: its mantissa is cut to as many bits as its exponent has. */
export function padmeLength(length: number): number {
  if (!Number.isSafeInteger(length) || length < 0) throw new Error("a length is a whole number")
  if (length < 2) return length
  const exponent = length.toString(2).length - 1
  const mantissaBits = exponent.toString(2).length
  const step = 2 ** Math.max(0, exponent - mantissaBits)
  return Math.ceil(length / step) * step
}
