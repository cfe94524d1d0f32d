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

/** A hash of bytes whose number is known before. */
export interface SizedSha256 {
  update(bytes: Uint8Array): void
  /** 32 bytes; ends the hash. */
  digest(): Promise<Uint8Array>
}

/** Begins a hash over `length` bytes. Where they come as one piece, its work is another thread's; the piece is free at once in any case. */
export function sha256Sized(length: number): SizedSha256 {
  let whole: Promise<ArrayBuffer> | undefined
  let stream: IncrementalSha256 | undefined
  return {
    update: (bytes) => {
      if (whole) throw new Error("more bytes came to be hashed than there were to be")
      if (bytes.length !== length) stream ??= sha256Stream()
      if (stream) stream.update(bytes)
      else whole = copyHashed(bytes)
    },
    digest: async () => (whole ? new Uint8Array(await whole) : (stream ?? sha256Stream()).digest()),
  }
}

/** WebCrypto copies the bytes before it returns (W3C Web Cryptography API, `digest`). */
function copyHashed(bytes: Uint8Array): Promise<ArrayBuffer> {
  const hashed = crypto.subtle.digest("SHA-256", bytes)
  hashed.catch(() => undefined)
  return hashed
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
