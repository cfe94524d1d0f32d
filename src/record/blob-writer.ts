/**
 * Seals the content of one blob, segment by segment, with bounded memory (docs/FORMAT.md §2).
 *
 *     content ‖ zeros ──segments──▶ cipher (several under way) ──▶ leaves in order
 *
 * Keys and salts are made first ({@link newBlobSecrets}), so that an outbox can hold them, and after a first pass the leaf hashes, before the
 * first byte leaves. A later pass is given those hashes: a segment that differs from its record stops it before anything of it is yielded,
 * since the same key and nonce over other bytes would give both away.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { equal, utf8 } from "../base/bytes.ts"
import { encodeDagCbor } from "../base/dag-cbor.ts"
import { IntegrityError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { dagOfLeaves } from "../cid/unixfs.ts"
import { hkdf } from "../crypto/hkdf.ts"
import { padmeLength } from "../crypto/padme.ts"
import type { SealedSegment, SegmentCipher } from "../crypto/segment-cipher.ts"
import {
  encodeHeader,
  FIRST_PLAINTEXT,
  NEXT_PLAINTEXT,
  sealedLength,
  segmentCount,
  streamKey,
} from "../crypto/stream.ts"

/** What makes one blob: all of it random, none of it used twice. */
export interface BlobSecrets {
  readonly kind: "bundle" | "derived"
  /** 16 bytes. */
  readonly id: Uint8Array
  /** 32 bytes. */
  readonly dek: Uint8Array
  /** 32 bytes. */
  readonly salt: Uint8Array
  /** 7 bytes. */
  readonly prefix: Uint8Array
}

/** Content to seal. */
export interface BlobContent {
  /** Bytes, before padding. */
  readonly length: number
  readonly open: () => AsyncIterable<Uint8Array>
}

/** Name and size of a sealed blob. */
export interface BlobName {
  readonly cid: CID
  /** Bytes of ciphertext. */
  readonly size: number
  readonly leaves: readonly Uint8Array[]
}

const NO_HEADER = new Uint8Array()
const EMPTY = new Uint8Array()

/** Fresh secrets of a blob. */
export function newBlobSecrets(kind: BlobSecrets["kind"], random: RandomBytes): BlobSecrets {
  return { kind, id: random(16), dek: random(32), salt: random(32), prefix: random(7) }
}

/** The associated data that binds a blob to its kind and id. */
export function blobAad(kind: string, id: Uint8Array): Uint8Array {
  return encodeDagCbor(["medlake/v1/blob", kind, id])
}

/** Commitment of a DEK. */
export function dekCommitment(dek: Uint8Array): Uint8Array {
  return hkdf(dek, EMPTY, utf8("medlake/v1/commit"), 32)
}

/**
 * The sealed segments of a blob, in order.
 * @param recorded leaf hashes of an earlier pass; every segment must be the same
 * @throws {IntegrityError} when the content is not what was recorded, or not as long as it says
 */
export async function* sealBlob(
  secrets: BlobSecrets,
  content: BlobContent,
  cipher: SegmentCipher,
  recorded?: readonly Uint8Array[],
): AsyncGenerator<SealedSegment> {
  const header = { salt: secrets.salt, prefix: secrets.prefix }
  const stream = streamKey(secrets.dek, blobAad(secrets.kind, secrets.id), header)
  const padded = padmeLength(content.length)
  const count = segmentCount(padded)
  const underWay: Promise<SealedSegment>[] = []
  let index = 0
  let done = 0
  const next = async (): Promise<SealedSegment> => {
    const sealed = await (underWay.shift() as Promise<SealedSegment>)
    const expected = recorded?.[done]
    if (recorded && !(expected && equal(expected, sealed.digest))) {
      throw new IntegrityError("the content changed since it was first sealed: it needs fresh keys")
    }
    done += 1
    return sealed
  }
  try {
    for await (const plaintext of segmentsOf(content, padded, cipher)) {
      const last = index === count - 1
      const head = index === 0 ? encodeHeader(header) : NO_HEADER
      const sealing = cipher.seal({ stream, index, last, header: head, plaintext: [plaintext] })
      sealing.catch(() => undefined)
      underWay.push(sealing)
      index += 1
      if (underWay.length >= cipher.concurrency) yield await next()
    }
    while (underWay.length > 0) yield await next()
  } finally {
    await Promise.allSettled(underWay)
  }
}

/** Name and size of a blob whose leaves have these hashes. */
export function nameBlob(length: number, leaves: readonly Uint8Array[]): BlobName {
  const size = sealedLength(padmeLength(length))
  return { cid: dagOfLeaves(leaves, size).root, size, leaves }
}

/**
 * Content and padding cut into the plaintexts of segments, each in memory that nobody else holds. Reads on to the content's end after the
 * last one: only there a source has told all it has to tell.
 */
async function* segmentsOf(
  content: BlobContent,
  padded: number,
  cipher: SegmentCipher,
): AsyncGenerator<Uint8Array> {
  let left = padded
  let segment = cipher.memory(Math.min(left, FIRST_PLAINTEXT))
  let filled = 0
  for await (const piece of paddedPieces(content, padded)) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + segment.length - filled)
      segment.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < segment.length) break
      left -= filled
      yield segment
      segment = cipher.memory(Math.min(left, NEXT_PLAINTEXT))
      filled = 0
    }
  }
  if (padded === 0) yield segment
}

async function* paddedPieces(
  { length, open }: BlobContent,
  padded: number,
): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const piece of open()) {
    read += piece.length
    if (read > length) break
    yield piece
  }
  if (read !== length) {
    throw new IntegrityError(
      `the content of a blob has another length than the ${length} bytes it says`,
    )
  }
  const zeros = new Uint8Array(Math.min(padded - length, NEXT_PLAINTEXT))
  for (let left = padded - length; left > 0; left -= zeros.length) yield zeros.subarray(0, left)
}
