/**
 * Tags by which an agent knows again what it holds, without keeping identifiers (docs/FORMAT.md §4).
 *
 * @module
 */
import { concat, expectLength, utf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { hmacSha256 } from "../crypto/sha256.ts"
import type { InstanceTags } from "./catalogue.ts"

const UID_TAG_LENGTH = 16

/**
 * Both tags of an instance.
 * @param dedup k_dedup of the vault, 32 bytes
 * @param digest SHA-256 of the data set without group 2, 32 bytes
 * @throws {InvalidInputError} when a length is wrong, or the UID is empty or holds a zero character
 */
export function instanceTags(dedup: Uint8Array, uid: string, digest: Uint8Array): InstanceTags {
  return { uid: uidTag(dedup, uid), content: contentTag(dedup, uid, digest) }
}

/** The first 16 bytes of HMAC-SHA-256(k_dedup, UID): the same instance in any version. */
export function uidTag(dedup: Uint8Array, uid: string): Uint8Array {
  expectLength("dedup key", dedup, 32)
  return hmacSha256(dedup, uidBytes(uid)).slice(0, UID_TAG_LENGTH)
}

/** HMAC-SHA-256(k_dedup, UID ‖ 0x00 ‖ digest): the same instance with the same data set. */
export function contentTag(dedup: Uint8Array, uid: string, digest: Uint8Array): Uint8Array {
  expectLength("dedup key", dedup, 32)
  expectLength("data set digest", digest, 32)
  return hmacSha256(dedup, concat(uidBytes(uid), Uint8Array.of(0), digest))
}

function uidBytes(uid: string): Uint8Array {
  if (uid === "" || uid.includes("\0")) throw new InvalidInputError("the text is no UID")
  return utf8(uid)
}
