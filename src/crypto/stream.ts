/**
 * Blobs: Tink's streaming AEAD AES256_GCM_HKDF_1MB as a bare stream (docs/FORMAT.md §2).
 *
 *     40 ‖ salt 32 ‖ prefix 7 ‖ segment 0 │ segment 1 │ … │ last segment        segment = AES-256-GCM ciphertext ‖ tag
 *     └────────────── 1 MiB ─────────────┘ └─ 1 MiB ─┘
 *
 * Each segment is one leaf of the blob's name, so that any byte range is fetched, checked and opened alone. A segment's nonce holds its
 * number and whether it is the last: none can be dropped, moved or appended. Source: Tink, AesGcmHkdfStreaming.
 *
 * @module
 */
import { concat, expectLength } from "../base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../base/errors.ts"
import { hkdf } from "./hkdf.ts"

/** Bytes of a whole segment as stored, header and tag counted. */
export const SEGMENT_LENGTH = 1 << 20
/** Bytes of the header, inside the first segment. */
export const HEADER_LENGTH = 40
const TAG_LENGTH = 16
const SALT_LENGTH = 32
const PREFIX_LENGTH = 7

/** Plaintext bytes of the first segment and of every other whole one. */
export const FIRST_PLAINTEXT = SEGMENT_LENGTH - HEADER_LENGTH - TAG_LENGTH
export const NEXT_PLAINTEXT = SEGMENT_LENGTH - TAG_LENGTH

/** What makes one stream unlike every other under its key; stored in its header. */
export interface StreamHeader {
  /** 32 random bytes. */
  readonly salt: Uint8Array
  /** 7 random bytes. */
  readonly prefix: Uint8Array
}

/** Key and nonce prefix that seal or open the segments of one stream. */
export interface StreamKey {
  /** AES-256 key, 32 bytes. */
  readonly key: Uint8Array
  readonly prefix: Uint8Array
}

/** How many segments a plaintext of `length` bytes has: one at least. */
export function segmentCount(length: number): number {
  return length <= FIRST_PLAINTEXT ? 1 : 1 + Math.ceil((length - FIRST_PLAINTEXT) / NEXT_PLAINTEXT)
}

/** Bytes of the stream of a plaintext of `length` bytes. */
export function sealedLength(length: number): number {
  return HEADER_LENGTH + length + TAG_LENGTH * segmentCount(length)
}

/** Where the plaintext of segment `index` begins, in bytes of the plaintext. */
export function segmentStart(index: number): number {
  return index === 0 ? 0 : FIRST_PLAINTEXT + (index - 1) * NEXT_PLAINTEXT
}

/** The number of the segment that holds plaintext byte `at`. */
export function segmentAt(at: number): number {
  return at < FIRST_PLAINTEXT ? 0 : 1 + Math.floor((at - FIRST_PLAINTEXT) / NEXT_PLAINTEXT)
}

/** The 40 bytes at the front of a stream. */
export function encodeHeader({ salt, prefix }: StreamHeader): Uint8Array {
  return concat(
    Uint8Array.of(HEADER_LENGTH),
    expectLength("salt", salt, SALT_LENGTH),
    expectLength("nonce prefix", prefix, PREFIX_LENGTH),
  )
}

/**
 * Reads the header of a stream's first segment.
 * @throws {IntegrityError} when it is no header of this format
 */
export function parseHeader(first: Uint8Array): StreamHeader {
  if (first.length < HEADER_LENGTH + TAG_LENGTH || first[0] !== HEADER_LENGTH) {
    throw new IntegrityError("the blob does not begin like a sealed stream")
  }
  return {
    salt: first.slice(1, 1 + SALT_LENGTH),
    prefix: first.slice(1 + SALT_LENGTH, HEADER_LENGTH),
  }
}

/** Derives the stream's key from the DEK (32 bytes); the associated data enters here and nowhere else. */
export function streamKey(dek: Uint8Array, aad: Uint8Array, header: StreamHeader): StreamKey {
  expectLength("DEK", dek, 32)
  return { key: hkdf(dek, header.salt, aad, 32), prefix: header.prefix }
}

/** Nonce of a segment: prefix ‖ number, 4 bytes big-endian ‖ 1 on the last. */
export function segmentNonce(prefix: Uint8Array, index: number, last: boolean): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index > 0xffffffff) {
    throw new InvalidInputError("a stream has 2^32 segments at most")
  }
  const nonce = new Uint8Array(PREFIX_LENGTH + 5)
  nonce.set(prefix)
  new DataView(nonce.buffer).setUint32(PREFIX_LENGTH, index)
  nonce[PREFIX_LENGTH + 4] = last ? 1 : 0
  return nonce
}
