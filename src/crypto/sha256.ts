/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104).
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js"
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js"
import { nodeCrypto } from "./platform.ts"

/** A hash in the making. */
export interface IncrementalSha256 {
  update(bytes: Uint8Array): IncrementalSha256
  /** 32 bytes; ends the hash. */
  digest(): Uint8Array
}

/** Bytes of a block and of a hash. */
const BLOCK = 64
const HASH = 32
/** Longest message of the short way: beyond it a copy costs more than an HMAC object. */
const SHORT = 1024
/** What the two hashes of an HMAC run over: (key ⊕ ipad) ‖ message, and (key ⊕ opad) ‖ inner hash. Zero between calls. */
const inner = new Uint8Array(BLOCK + SHORT)
const outer = new Uint8Array(BLOCK + HASH)

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeCrypto ? plain(nodeCrypto.hash("sha256", bytes, "buffer")) : nobleSha256(bytes)
}

/** Begins a hash over bytes that arrive in pieces. */
export function sha256Stream(): IncrementalSha256 {
  if (!nodeCrypto) return nobleSha256.create()
  const hash = nodeCrypto.createHash("sha256")
  const stream: IncrementalSha256 = {
    update: (bytes) => {
      hash.update(bytes)
      return stream
    },
    digest: () => plain(hash.digest()),
  }
  return stream
}

/**
 * 32 bytes. Key trees and HKDF take many of short messages: there two one-shot hashes, put together as RFC 2104 says, cost less than half
 * of one of Node's HMAC objects.
 */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (!nodeCrypto) return hmac(nobleSha256, key, bytes)
  if (key.length > BLOCK || bytes.length > SHORT) {
    return plain(nodeCrypto.createHmac("sha256", key).update(bytes).digest())
  }
  const end = BLOCK + bytes.length
  for (let i = 0; i < BLOCK; i++) {
    const byte = i < key.length ? (key[i] as number) : 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  inner.set(bytes, BLOCK)
  putBinary(outer, BLOCK, nodeCrypto.hash("sha256", inner.subarray(0, end), "binary"))
  const mac = new Uint8Array(HASH)
  putBinary(mac, 0, nodeCrypto.hash("sha256", outer, "binary"))
  inner.fill(0, 0, end)
  outer.fill(0)
  return mac
}

/** "binary" is a character a byte; a `Buffer` would lie outside the heap, and making it takes longer than the hash. */
function putBinary(target: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i)
}

/** The same bytes as a plain array, in the same memory, which a digest has for itself. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
