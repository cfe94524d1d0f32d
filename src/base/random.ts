/**
 * Randomness comes in as an argument, so that vectors are reproducible.
 *
 * @module
 */

/** Returns `length` fresh random bytes. */
export type RandomBytes = (length: number) => Uint8Array

/** The platform's generator (WebCrypto, in Node and browsers). */
export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))
