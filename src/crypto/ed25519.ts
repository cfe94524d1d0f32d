/**
 * Ed25519 (RFC 8032) as Symbol uses it: the private key is the 32-byte seed, signatures have a canonical S.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { base64url, expectLength, fromBase64url, hex } from "../base/bytes.ts"
import { nodeCrypto } from "./platform.ts"

type KeyObject = ReturnType<NonNullable<typeof nodeCrypto>["createPublicKey"]>

/** Public keys of which Node's key objects are kept: making one costs as much as verifying. */
const CACHE_LIMIT = 1024
const verifyKeys = new Map<string, KeyObject>()

/** Public key (32 bytes) of a seed (32 bytes). */
export function publicKeyOf(seed: Uint8Array): Uint8Array {
  expectLength("seed", seed, 32)
  if (!nodeCrypto) return ed25519.getPublicKey(seed)
  const { x } = privateKey(nodeCrypto, seed).export({ format: "jwk" })
  return fromBase64url(x as string)
}

/** Signature, 64 bytes. */
export function signBytes(seed: Uint8Array, bytes: Uint8Array): Uint8Array {
  expectLength("seed", seed, 32)
  if (!nodeCrypto) return ed25519.sign(bytes, seed)
  return Uint8Array.from(nodeCrypto.sign(null, bytes, privateKey(nodeCrypto, seed)))
}

/**
 * Node's key object of a seed. Node makes it of "d" alone and never reads the "x" that it demands; computing that, or
 * parsing PKCS #8 instead, takes five times as long as the signature.
 */
function privateKey(native: NonNullable<typeof nodeCrypto>, seed: Uint8Array): KeyObject {
  const key = { kty: "OKP", crv: "Ed25519", d: base64url(seed), x: "" }
  return native.createPrivateKey({ format: "jwk", key })
}

/** Whether `signature` is that of `bytes` by `publicKey`. Keys of small order and lengths that are wrong are simply not. */
export function verifyBytes(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || isSmallOrder(publicKey)) return false
  if (!nodeCrypto) return nobleVerify(publicKey, bytes, signature)
  try {
    return nodeCrypto.verify(null, bytes, verifyKey(publicKey), signature)
  } catch {
    return false
  }
}

function nobleVerify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, bytes, publicKey, { zip215: false })
  } catch {
    return false
  }
}

function verifyKey(publicKey: Uint8Array): KeyObject {
  const name = hex(publicKey)
  const cached = verifyKeys.get(name)
  if (cached) return cached
  if (!nodeCrypto) throw new Error("key objects exist in Node only")
  const key = nodeCrypto.createPublicKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: base64url(publicKey) },
  })
  if (verifyKeys.size >= CACHE_LIMIT) verifyKeys.delete(verifyKeys.keys().next().value as string)
  verifyKeys.set(name, key)
  return key
}

/** y coordinates of the points of order 1, 2, 4 and 8, little-endian without the sign bit (RFC 7748 §6, libsodium's list). */
const SMALL_ORDER = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
])

function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = Uint8Array.from(publicKey)
  y[31] = (y[31] as number) & 0x7f
  return SMALL_ORDER.has(hex(y))
}
