/**
 * Bulk work behind a port: sealing and opening the segments of streams, hashing each leaf in the same pass.
 *
 * Implementations: `segment-cipher-web.ts` (WebCrypto, browsers) and `host/segment-cipher-pool.ts` (worker threads, Node). Both give the
 * same bytes. Callers bound how many calls are under way; each holds about 2 MiB.
 *
 * Memory goes round where its holders give it back: a study that passes through fresh memory costs more in page faults and garbage
 * collection than in cryptography.
 *
 * @module
 */
import type { StreamKey } from "./stream.ts"

/** One segment to seal. */
export interface SegmentToSeal {
  readonly stream: StreamKey
  readonly index: number
  readonly last: boolean
  /** Bytes that stand before the ciphertext in the leaf: the stream's header in segment 0, else empty. */
  readonly header: Uint8Array
  /**
   * Pieces of plaintext, joined in order. Their buffers may be moved to another thread: the caller does not touch them again.
   */
  readonly plaintext: readonly Uint8Array[]
}

/** A leaf as it is stored. */
export interface SealedSegment {
  /** header ‖ ciphertext ‖ tag, at most 1 MiB. */
  readonly leaf: Uint8Array
  /** SHA-256 of the leaf, 32 bytes. */
  readonly digest: Uint8Array
}

/** One leaf to open. */
export interface SegmentToOpen {
  readonly stream: StreamKey
  readonly index: number
  readonly last: boolean
  /** Bytes of the stream's header before the ciphertext: 40 in segment 0, else 0. */
  readonly headerLength: number
  /** The leaf as stored; its buffer may be moved to another thread. */
  readonly leaf: Uint8Array
  /** SHA-256 that the leaf must have. */
  readonly digest: Uint8Array
}

/** See the module. */
export interface SegmentCipher {
  /** How many calls keep it busy. */
  readonly concurrency: number
  /** Memory of `length` bytes, at most 1 MiB, for a plaintext or a leaf. Its content is arbitrary: the caller writes all of it. */
  memory(length: number): Uint8Array
  /** Takes back what {@link memory}, `seal` or `open` gave and nobody needs any more; other arrays are left alone. */
  reclaim(bytes: Uint8Array): void
  seal(segment: SegmentToSeal): Promise<SealedSegment>
  /**
   * The plaintext of a leaf whose digest was checked before it was decrypted.
   * @throws {IntegrityError} when digest or tag do not fit
   */
  open(segment: SegmentToOpen): Promise<Uint8Array>
  close(): Promise<void>
}
