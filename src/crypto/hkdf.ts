/**
 * Key derivation: HKDF-SHA256 (RFC 5869) and medlake's labelled form (docs/FORMAT.md §1).
 *
 * @module
 */
import { concat } from "../base/bytes.ts"
import { type DagCborValue, encodeDagCbor } from "../base/dag-cbor.ts"
import { nodeCrypto } from "./platform.ts"
import { hmacSha256 } from "./sha256.ts"

const HASH_LENGTH = 32
const LONGEST = 255 * HASH_LENGTH
const NO_SALT = new Uint8Array(HASH_LENGTH)
const EMPTY = new Uint8Array()

/** RFC 5869 §2: extract, then expand to `length` bytes. An empty salt counts as 32 zero bytes. */
export function hkdf(
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (nodeCrypto && length <= LONGEST) {
    return new Uint8Array(nodeCrypto.hkdfSync("sha256", ikm, salt, info, length))
  }
  return hkdfExpand(hmacSha256(salt.length === 0 ? NO_SALT : salt, ikm), info, length)
}

/** RFC 5869 §2.3: at most 255 · 32 bytes from a pseudorandom key. */
export function hkdfExpand(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks = Math.ceil(length / HASH_LENGTH)
  if (blocks > 255) throw new Error("HKDF gives 8160 bytes at most")
  const okm = new Uint8Array(blocks * HASH_LENGTH)
  let previous: Uint8Array = EMPTY
  for (let i = 1; i <= blocks; i++) {
    previous = hmacSha256(prk, concat(previous, info, Uint8Array.of(i)))
    okm.set(previous, (i - 1) * HASH_LENGTH)
  }
  return okm.slice(0, length)
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
