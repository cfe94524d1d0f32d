/**
 * Key derivation: HKDF-SHA256 (RFC 5869) and medlake's labelled form (docs/FORMAT.md §1).
 *
 * @module
 */
import { type DagCborValue, encodeDagCbor } from "../base/dag-cbor.ts"
import { hmacSha256 } from "./sha256.ts"

const HASH_LENGTH = 32
const NO_SALT = new Uint8Array(HASH_LENGTH)
const EMPTY = new Uint8Array()

/** RFC 5869 §2: extract, then expand to `length` bytes. An empty salt counts as 32 zero bytes. */
export function hkdf(
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(hmacSha256(salt.length === 0 ? NO_SALT : salt, ikm), info, length)
}

/** RFC 5869 §2.3: at most 255 · 32 bytes from a pseudorandom key. */
export function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks = Math.ceil(length / HASH_LENGTH)
  if (blocks > 255) throw new Error("HKDF gives 8160 bytes at most")
  const okm = new Uint8Array(length)
  const message = new Uint8Array(HASH_LENGTH + info.length + 1)
  message.set(info, HASH_LENGTH)
  for (let i = 1; i <= blocks; i++) {
    message[message.length - 1] = i
    const block = hmacSha256(prk, i === 1 ? message.subarray(HASH_LENGTH) : message)
    message.set(block)
    const at = (i - 1) * HASH_LENGTH
    okm.set(block.subarray(0, length - at), at)
  }
  return okm
}

/** kdf(K, label, ctx): 32 bytes = HKDF-SHA256(K, no salt, info = cbor[`"medlake/v1/" + label`, ctx]). */
export function kdf(key: Uint8Array, label: string, ctx: DagCborValue): Uint8Array {
  return hkdf(key, EMPTY, labelInfo(label, ctx), 32)
}

/** The info of every labelled derivation: cbor[`"medlake/v1/" + label`, ctx]. */
export function labelInfo(label: string, ctx: DagCborValue): Uint8Array {
  const isObject = typeof ctx === "object" && ctx !== null
  const known = isObject ? infos.get(ctx)?.get(label) : undefined
  if (known) return known
  const info = encodeDagCbor([`medlake/v1/${label}`, ctx])
  if (isObject) infos.set(ctx, (infos.get(ctx) ?? new Map<string, Uint8Array>()).set(label, info))
  return info
}

/** Infos once made, by context and label: a context is never changed. */
const infos = new WeakMap<object, Map<string, Uint8Array>>()
