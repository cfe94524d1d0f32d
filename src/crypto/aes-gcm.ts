/**
 * AES-256-GCM over whole messages (NIST SP 800-38D), tag of 16 bytes at the end.
 *
 * @module
 */
import { gcm } from "@noble/ciphers/aes.js"
import { concat } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { nodeCrypto } from "./platform.ts"

/** Bytes of a tag. */
export const GCM_TAG_LENGTH = 16

const NO_AAD = new Uint8Array()

/** Ciphertext ‖ tag. The caller never uses a nonce (12 bytes) twice with one key. */
export function gcmEncrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array = NO_AAD,
): Uint8Array {
  if (!nodeCrypto) return gcm(key, nonce, aad).encrypt(plaintext)
  const cipher = nodeCrypto.createCipheriv("aes-256-gcm", key, nonce)
  cipher.setAAD(aad)
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/** @throws {IntegrityError} when the tag is not that of key, nonce, AAD and ciphertext, or is cut off */
export function gcmDecrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array = NO_AAD,
): Uint8Array {
  if (sealed.length < GCM_TAG_LENGTH)
    throw new IntegrityError("the ciphertext is shorter than its tag")
  try {
    if (!nodeCrypto) return gcm(key, nonce, aad).decrypt(sealed)
    const end = sealed.length - GCM_TAG_LENGTH
    const decipher = nodeCrypto.createDecipheriv("aes-256-gcm", key, nonce)
    if (aad.length > 0) decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(end))
    const opened = decipher.update(sealed.subarray(0, end))
    decipher.final()
    return new Uint8Array(opened)
  } catch (cause) {
    throw new IntegrityError("the ciphertext was changed: its tag does not fit", { cause })
  }
}
