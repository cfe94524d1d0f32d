/**
 * Blobs sealed in memory, and stores of one blob that answer with any pieces.
 *
 * @module
 */
import { concat } from "../../src/base/bytes.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import type { FetchRange } from "../../src/record/blob-reader.ts"
import {
  type BlobContent,
  type BlobSecrets,
  dekCommitment,
  nameBlob,
  sealBlob,
} from "../../src/record/blob-writer.ts"
import type { ManifestBlob } from "../../src/record/manifest.ts"

export const cipher = new WebSegmentCipher()

/** The same secrets each time. */
export const SECRETS: BlobSecrets = {
  kind: "bundle",
  id: new Uint8Array(16).fill(1),
  dek: new Uint8Array(32).fill(2),
  salt: new Uint8Array(32).fill(3),
  prefix: new Uint8Array(7).fill(4),
}

/** A blob as the lake holds it, and what its manifest says of it. */
export interface SealedBlob {
  readonly bytes: Uint8Array
  readonly blob: ManifestBlob
  readonly leaves: readonly Uint8Array[]
}

/** Content in pieces of this length, each the receiver's own. */
export function contentOf(bytes: Uint8Array, pieceLength = 1 << 20): BlobContent {
  return {
    length: bytes.length,
    open: async function* () {
      for (let at = 0; at < bytes.length; at += pieceLength) {
        yield Uint8Array.from(bytes.subarray(at, at + pieceLength))
      }
    },
  }
}

/** Seals content whole. */
export async function sealWhole(
  content: BlobContent,
  secrets: BlobSecrets = SECRETS,
): Promise<SealedBlob> {
  const pieces: Uint8Array[] = []
  const leaves: Uint8Array[] = []
  for await (const sealed of sealBlob(secrets, content, cipher)) {
    pieces.push(sealed.leaf)
    leaves.push(sealed.digest)
  }
  const { cid, size } = nameBlob(content.length, leaves)
  const { kind, id, dek } = secrets
  const blob = { kind, id, dek, cid, size, length: content.length, leaves: concat(...leaves) }
  return { bytes: concat(...pieces), leaves, blob: { ...blob, commit: dekCommitment(dek) } }
}

/** A store of one blob that yields pieces of this length; `asked` gets each range. */
export function fetchFrom(
  bytes: Uint8Array,
  pieceLength = 1 << 20,
  asked: [number, number][] = [],
): FetchRange {
  return async function* (start, end) {
    asked.push([start, end])
    for (let at = start; at < Math.min(end, bytes.length); at += pieceLength) {
      yield Uint8Array.from(bytes.subarray(at, Math.min(end, at + pieceLength)))
    }
  }
}
