/**
 * Opens any range of a blob: only the segments it needs are fetched, each is checked by its leaf hash before it is decrypted, and nothing
 * unauthenticated is yielded (docs/FORMAT.md §2).
 *
 * @module
 */
import { collect, equal } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { LEAF_LENGTH } from "../cid/cid.ts"
import { padmeLength } from "../crypto/padme.ts"
import type { SegmentCipher } from "../crypto/segment-cipher.ts"
import { sha256, sha256Stream } from "../crypto/sha256.ts"
import {
  HEADER_LENGTH,
  parseHeader,
  type StreamKey,
  segmentAt,
  segmentCount,
  segmentStart,
  streamKey,
} from "../crypto/stream.ts"
import { blobAad, dekCommitment } from "./blob-writer.ts"
import { leavesOf, type ManifestBlob, type ManifestPart } from "./manifest.ts"

/** Reads bytes `start` (inclusive) to `end` (exclusive) of the sealed blob from wherever it lies. */
export type FetchRange = (start: number, end: number) => AsyncIterable<Uint8Array>

/** Leaves that one fetch brings at most. */
const LEAVES_A_FETCH = 16

/** How content is read. */
export interface ReadOptions {
  /** A piece holds only until the next one is asked for: then its memory is used again. */
  readonly lend?: boolean
}

/** One blob of a manifest, ready to be read. */
export class BlobReader {
  readonly #blob: ManifestBlob
  readonly #leaves: readonly Uint8Array[]
  readonly #fetch: FetchRange
  readonly #cipher: SegmentCipher
  readonly #count: number
  #stream: StreamKey | undefined

  /** @throws {IntegrityError} when the DEK is not the one that the manifest commits to */
  constructor(blob: ManifestBlob, fetch: FetchRange, cipher: SegmentCipher) {
    if (!equal(dekCommitment(blob.dek), blob.commit)) {
      throw new IntegrityError("the manifest's DEK is not the one it commits to")
    }
    this.#blob = blob
    this.#leaves = leavesOf(blob)
    this.#fetch = fetch
    this.#cipher = cipher
    this.#count = segmentCount(padmeLength(blob.length))
  }

  /**
   * Content bytes from `offset`, `length` of them, in pieces of at most a segment.
   * @throws {IntegrityError} when a leaf is not the one named, does not open, is cut, or holds padding that is not zero
   */
  async *read(
    offset: number,
    length: number,
    { lend = false }: ReadOptions = {},
  ): AsyncGenerator<Uint8Array> {
    const end = Math.min(this.#blob.length, offset + length)
    if (offset >= end) return
    const stream = await this.#key()
    const segments = this.#open(stream, segmentAt(offset), segmentAt(end - 1) + 1)
    for await (const { index, plaintext } of segments) {
      const start = segmentStart(index)
      requireZeros(plaintext.subarray(Math.max(0, this.#blob.length - start)))
      yield plaintext.subarray(Math.max(0, offset - start), Math.min(plaintext.length, end - start))
      if (lend) this.#cipher.reclaim(plaintext)
    }
  }

  /**
   * A whole part. Its own hash is checked before the last piece is yielded.
   * @throws {IntegrityError} as {@link read}, or when the part is not the one that its manifest names
   */
  readPart({ offset, length, sha256: expected }: ManifestPart): AsyncGenerator<Uint8Array> {
    return checkedPart(this.read(offset, length), length, expected)
  }

  async *#open(
    stream: StreamKey,
    from: number,
    to: number,
  ): AsyncGenerator<{ readonly index: number; readonly plaintext: Uint8Array }> {
    const underWay: { index: number; plaintext: Promise<Uint8Array> }[] = []
    let index = from
    try {
      for await (const leaf of this.#wholeLeaves(from, to)) {
        const plaintext = this.#cipher.open({
          stream,
          index,
          last: index === this.#count - 1,
          headerLength: index === 0 ? HEADER_LENGTH : 0,
          leaf,
          digest: this.#leaves[index] as Uint8Array,
        })
        plaintext.catch(() => undefined)
        underWay.push({ index, plaintext })
        index += 1
        const first = underWay.length >= this.#cipher.concurrency ? underWay.shift() : undefined
        if (first) yield { index: first.index, plaintext: await first.plaintext }
      }
      for (const one of underWay.splice(0))
        yield { index: one.index, plaintext: await one.plaintext }
    } finally {
      await Promise.allSettled(underWay.map((one) => one.plaintext))
    }
  }

  /** Leaves `from` to `to`, whole, each in memory of its own. */
  async *#wholeLeaves(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let first = from; first < to; first += LEAVES_A_FETCH) {
      yield* this.#fetchLeaves(first, Math.min(to, first + LEAVES_A_FETCH))
    }
  }

  async *#fetchLeaves(from: number, to: number): AsyncGenerator<Uint8Array> {
    const end = Math.min(this.#blob.size, to * LEAF_LENGTH)
    let at = from * LEAF_LENGTH
    let leaf: Uint8Array | undefined
    let filled = 0
    for await (const piece of this.#fetch(at, end)) {
      for (let used = 0; used < piece.length; ) {
        const wanted = Math.min(LEAF_LENGTH, end - at)
        if (wanted === 0) return
        const part = piece.subarray(used, used + wanted - filled)
        used += part.length
        filled += part.length
        // A store on disk yields whole leaves, each in memory of its own, which belongs to whoever gets it.
        if (part.length === wanted && part.buffer.byteLength === wanted) leaf = part
        else {
          leaf ??= this.#cipher.memory(wanted)
          leaf.set(part, filled - part.length)
        }
        if (filled < wanted) break
        at += wanted
        yield leaf
        leaf = undefined
        filled = 0
      }
    }
    if (at < end) throw new IntegrityError("the store returned fewer bytes of a blob than it has")
  }

  /** The stream's key, from the header in the first leaf; that leaf is checked like every other. */
  async #key(): Promise<StreamKey> {
    if (!this.#stream) {
      const { dek, kind, id, size } = this.#blob
      const first = await collect(this.#fetch(0, Math.min(size, LEAF_LENGTH)), LEAF_LENGTH)
      if (!equal(sha256(first), this.#leaves[0] as Uint8Array)) {
        throw new IntegrityError("leaf 0 of the blob is not the one that its manifest names")
      }
      this.#stream = streamKey(dek, blobAad(kind, id), parseHeader(first))
    }
    return this.#stream
  }
}

/** The padding that lies in segments with content; those of padding alone are never fetched. */
function requireZeros(padding: Uint8Array): void {
  if (padding.some((byte) => byte !== 0)) {
    throw new IntegrityError("the padding of a blob is not zero")
  }
}

/**
 * The pieces of a part of `length` bytes; its last piece is yielded once the hash of all is the expected one (SHA-256, 32 bytes).
 * @throws {IntegrityError} when it is not, or the pieces are more or fewer
 */
export async function* checkedPart(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
  expected: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const hash = sha256Stream()
  let read = 0
  for await (const piece of pieces) {
    hash.update(piece)
    read += piece.length
    if (read < length) yield piece
    else {
      requirePart(read === length && equal(hash.digest(), expected))
      yield piece
      return
    }
  }
  requirePart(read === length && equal(hash.digest(), expected))
}

function requirePart(isRight: boolean): void {
  if (!isRight) throw new IntegrityError("a part is not the one that its manifest names")
}
