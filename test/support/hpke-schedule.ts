/**
 * RFC 9180's key schedule once more, from HMAC alone, to check libraries against: base mode, any KEM, HKDF-SHA256.
 *
 * @module
 */
import { createHmac } from "node:crypto"

/** Identifiers of a suite (RFC 9180 §7). */
export interface Suite {
  readonly kem: number
  readonly aead: number
  /** Bytes of the AEAD's key. */
  readonly keyLength: number
}

/** What the first message of a context is sealed with. */
export interface Schedule {
  readonly key: Buffer
  readonly nonce: Buffer
  readonly exporter: Buffer
}

const HKDF_SHA256 = 1
const BASE_MODE = 0
const HASH = 32
const NONCE = 12

/** KeySchedule(mode_base, shared_secret, info, "", "") of RFC 9180 §5.1. */
export function keySchedule(suite: Suite, sharedSecret: Uint8Array, info: Uint8Array): Schedule {
  const suiteId = Buffer.concat([
    Buffer.from("HPKE"),
    u16(suite.kem),
    u16(HKDF_SHA256),
    u16(suite.aead),
  ])
  const labeled = (label: string) =>
    Buffer.concat([Buffer.from("HPKE-v1"), suiteId, Buffer.from(label)])
  const extract = (salt: Uint8Array, label: string, ikm: Uint8Array) =>
    hmac(salt, labeled(label), ikm)
  const nothing = Buffer.alloc(0)
  const context = Buffer.concat([
    Buffer.of(BASE_MODE),
    extract(nothing, "psk_id_hash", nothing),
    extract(nothing, "info_hash", info),
  ])
  const secret = extract(sharedSecret, "secret", nothing)
  const expand = (label: string, length: number) => {
    if (length > HASH) throw new Error("one block is all that this schedule needs")
    return hmac(secret, u16(length), labeled(label), context, Buffer.of(1)).subarray(0, length)
  }
  return {
    key: expand("key", suite.keyLength),
    nonce: expand("base_nonce", NONCE),
    exporter: expand("exp", HASH),
  }
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac("sha256", key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}
