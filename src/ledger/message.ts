/**
 * Symbol's encrypted messages, as its wallets and SDKs write them.
 *
 *     0x01 ‖ GCM tag 16 ‖ IV 12 ‖ ciphertext        AES-256-GCM, no associated data
 *
 * The key is that of two accounts (`crypto/symbol-agreement.ts`). Nothing binds a message to its transaction, and both
 * ends can read it. Source: symbol.md §4.4.
 *
 * @module
 */
import { concat, expectLength } from "../base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../base/errors.ts"
import { gcmDecrypt, gcmEncrypt } from "../crypto/aes-gcm.ts"

const MARKER = 1
const TAG = 16
const IV = 12
const OVERHEAD = 1 + TAG + IV
/** Bytes of clear text that fit a transfer's message. */
export const MAX_MESSAGE_TEXT = 1024 - OVERHEAD

/**
 * Encrypts `plaintext` (at most 995 bytes) under the accounts' 32-byte key; `iv` is 12 fresh random bytes.
 * @throws {InvalidInputError} when a length does not fit
 */
export function encodeMessage(
  sharedKey: Uint8Array,
  plaintext: Uint8Array,
  iv: Uint8Array,
): Uint8Array {
  expectLength("sharedKey", sharedKey, 32)
  expectLength("iv", iv, IV)
  if (plaintext.length > MAX_MESSAGE_TEXT) {
    throw new InvalidInputError(
      `a message holds ${MAX_MESSAGE_TEXT} bytes, not ${plaintext.length}`,
    )
  }
  const sealed = gcmEncrypt(sharedKey, iv, plaintext)
  const tag = sealed.subarray(plaintext.length)
  return concat(Uint8Array.of(MARKER), tag, iv, sealed.subarray(0, plaintext.length))
}

/** The clear text, or undefined when the message is of another kind, too short, altered, or not for this key. */
export function decodeMessage(sharedKey: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  expectLength("sharedKey", sharedKey, 32)
  if (message.length < OVERHEAD || message[0] !== MARKER) return undefined
  const tag = message.subarray(1, 1 + TAG)
  const iv = message.subarray(1 + TAG, OVERHEAD)
  try {
    return gcmDecrypt(sharedKey, iv, concat(message.subarray(OVERHEAD), tag))
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}
