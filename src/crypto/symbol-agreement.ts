/**
 * The key of Symbol's encrypted messages between two accounts (reference: symbol.md §4.4, as symbol-sdk derives it).
 *
 *     clamp(SHA-512(seed)[0..32]) · other's point ──packed──▶ HKDF-SHA256(no salt, info "catapult") ──▶ 32 bytes
 *
 * Static on both sides: either end derives the same key, there is no forward secrecy. medlake puts only half of a grant under it.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { expectLength, utf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { hkdf } from "./hkdf.ts"

const INFO = utf8("catapult")
const NO_SALT = new Uint8Array(32)
const { Fn, Point } = { Fn: ed25519.Point.Fn, Point: ed25519.Point }

/**
 * The message key (32 bytes) of the holder of `seed` with the account of `peer` (public key, 32 bytes).
 * @throws {InvalidInputError} when the peer's key is no canonical point of the prime-order group
 */
export function messageKey(seed: Uint8Array, peer: Uint8Array): Uint8Array {
  const scalar = clampedScalar(expectLength("seed", seed, 32))
  const shared = pointOf(expectLength("public key", peer, 32)).multiply(scalar)
  return hkdf(shared.toBytes(), NO_SALT, INFO, 32)
}

function pointOf(publicKey: Uint8Array): InstanceType<typeof Point> {
  let point: InstanceType<typeof Point>
  try {
    point = Point.fromBytes(publicKey)
  } catch (cause) {
    throw new InvalidInputError("the public key is no point of the curve", { cause })
  }
  if (!point.isTorsionFree() || point.is0()) {
    throw new InvalidInputError("the public key is not of the prime-order group")
  }
  return point
}

/** Reduced by the group order: the point it multiplies is of that order, so the product is the same. */
function clampedScalar(seed: Uint8Array): bigint {
  const bytes = sha512(seed).slice(0, 32)
  bytes[0] = (bytes[0] as number) & 0xf8
  bytes[31] = ((bytes[31] as number) & 0x7f) | 0x40
  let scalar = 0n
  for (const byte of bytes.toReversed()) scalar = (scalar << 8n) | BigInt(byte)
  return Fn.create(scalar)
}
