/**
 * X-Wing: ML-KEM-768 and X25519 in one key encapsulation (draft-connolly-cfrg-xwing-kem).
 *
 * @module
 */
import { ml_kem768_x25519 } from "@noble/post-quantum/hybrid.js"
import { expectLength } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { type RandomBytes, systemRandom } from "../base/random.ts"

/** Bytes of a public key and of an encapsulated key. */
export const X_WING_PUBLIC_KEY_LENGTH = 1216
export const X_WING_ENC_LENGTH = 1120

/** A key pair; the secret key is the 32-byte seed itself. */
export interface XWingKeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** The key pair of a 32-byte seed. */
export function xWingKeyPair(seed: Uint8Array): XWingKeyPair {
  const { publicKey } = ml_kem768_x25519.keygen(expectLength("X-Wing seed", seed, 32))
  return { publicKey, secretKey: seed }
}

/**
 * A fresh shared secret (32 bytes) and its encapsulation (1120 bytes) for the holder of `publicKey`.
 * @throws {InvalidInputError} when the public key is not one
 */
export function encapsulate(
  publicKey: Uint8Array,
  random: RandomBytes = systemRandom,
): { readonly enc: Uint8Array; readonly sharedSecret: Uint8Array } {
  expectLength("X-Wing public key", publicKey, X_WING_PUBLIC_KEY_LENGTH)
  try {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(publicKey, random(64))
    return { enc: cipherText, sharedSecret }
  } catch (cause) {
    throw new InvalidInputError("the X-Wing public key is malformed", { cause })
  }
}

/**
 * The shared secret of an encapsulation. One made for another key gives other bytes, not an error (implicit rejection, FIPS 203 §6.3).
 * @throws {InvalidInputError} when a length is wrong
 */
export function decapsulate(seed: Uint8Array, enc: Uint8Array): Uint8Array {
  expectLength("X-Wing seed", seed, 32)
  expectLength("X-Wing encapsulation", enc, X_WING_ENC_LENGTH)
  return ml_kem768_x25519.decapsulate(enc, seed)
}
