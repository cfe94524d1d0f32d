/**
 * Small boxes: a key-committing AES-256-GCM for keys, catalogues, manifests (docs/FORMAT.md §1).
 *
 *     HKDF(K, salt, [label, ctx]) = key 32 ‖ nonce 12 ‖ commit 32        box = commit ‖ AES-256-GCM(key, nonce, pt)
 *
 * The commit is compared before anything is decrypted: GCM alone does not bind a ciphertext to one key. The 76 derived bytes are the
 * box's *opener*: they open this box and no other.
 *
 * @module
 */
import { concat, equalConstantTime, expectLength } from "../base/bytes.ts"
import type { DagCborValue } from "../base/dag-cbor.ts"
import { AccessDeniedError, IntegrityError } from "../base/errors.ts"
import { GCM_TAG_LENGTH, gcmDecrypt, gcmEncrypt } from "./aes-gcm.ts"
import { hkdf, labelInfo } from "./hkdf.ts"

const KEY_LENGTH = 32
const NONCE_LENGTH = 12
const COMMIT_LENGTH = 32

/** Bytes of a salt: fresh and random at every sealing. */
export const SALT_LENGTH = 32
/** Bytes of a box key (opener). */
export const BOX_KEY_LENGTH = KEY_LENGTH + NONCE_LENGTH + COMMIT_LENGTH
/** Bytes by which a box is longer than its content. */
export const BOX_OVERHEAD = COMMIT_LENGTH + GCM_TAG_LENGTH

/** The 76 bytes that open one box: key ‖ nonce ‖ commit. */
export function boxKey(
  key: Uint8Array,
  label: string,
  ctx: DagCborValue,
  salt: Uint8Array,
): Uint8Array {
  expectLength("salt", salt, SALT_LENGTH)
  return hkdf(key, salt, labelInfo(label, ctx), BOX_KEY_LENGTH)
}

/** Seals with a box key that was never used before. */
export function sealWith(opener: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const { key, nonce, commit } = split(opener)
  return concat(commit, gcmEncrypt(key, nonce, plaintext))
}

/**
 * Opens a box with its box key.
 * @throws {AccessDeniedError} when the key is not that of the box
 * @throws {IntegrityError} when the box was changed or cut
 */
export function openWith(opener: Uint8Array, box: Uint8Array): Uint8Array {
  const { key, nonce, commit } = split(opener)
  if (box.length < BOX_OVERHEAD) throw new IntegrityError("the box is too short to be one")
  if (!equalConstantTime(box.subarray(0, COMMIT_LENGTH), commit)) {
    throw new AccessDeniedError("this key does not open this box")
  }
  return gcmDecrypt(key, nonce, box.subarray(COMMIT_LENGTH))
}

/** seal(K, label, ctx, salt, pt). */
export function seal(
  key: Uint8Array,
  label: string,
  ctx: DagCborValue,
  salt: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  return sealWith(boxKey(key, label, ctx, salt), plaintext)
}

/** The inverse of {@link seal}; throws as {@link openWith}. */
export function open(
  key: Uint8Array,
  label: string,
  ctx: DagCborValue,
  salt: Uint8Array,
  box: Uint8Array,
): Uint8Array {
  return openWith(boxKey(key, label, ctx, salt), box)
}

function split(opener: Uint8Array) {
  expectLength("box key", opener, BOX_KEY_LENGTH)
  return {
    key: opener.subarray(0, KEY_LENGTH),
    nonce: opener.subarray(KEY_LENGTH, KEY_LENGTH + NONCE_LENGTH),
    commit: opener.subarray(KEY_LENGTH + NONCE_LENGTH),
  }
}
