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

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return sha256Stream().update(bytes).digest()
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

/** 32 bytes. */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (!nodeCrypto) return hmac(nobleSha256, key, bytes)
  return plain(nodeCrypto.createHmac("sha256", key).update(bytes).digest())
}

/** The same bytes as a plain array, in the same memory, which a digest has for itself. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
