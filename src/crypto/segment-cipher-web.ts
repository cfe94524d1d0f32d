/**
 * The segment cipher of browsers: WebCrypto, which runs each call off the main thread.
 *
 * @module
 */
import { concat, equal } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type {
  SealedSegment,
  SegmentCipher,
  SegmentToOpen,
  SegmentToSeal,
} from "./segment-cipher.ts"
import { type StreamKey, segmentNonce } from "./stream.ts"

type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** Calls that keep a browser's crypto threads busy. */
const CONCURRENCY = 4

/** WebCrypto, in browsers and Node. */
export class WebSegmentCipher implements SegmentCipher {
  readonly concurrency = CONCURRENCY

  memory(length: number): Uint8Array {
    return new Uint8Array(length)
  }

  reclaim(): void {}

  async seal({ stream, index, last, header, plaintext }: SegmentToSeal): Promise<SealedSegment> {
    const iv = Uint8Array.from(segmentNonce(stream.prefix, index, last))
    const key = await importKey(stream, "encrypt")
    const text = Uint8Array.from(concat(...plaintext))
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text)
    const leaf = Uint8Array.from(concat(header, new Uint8Array(sealed)))
    return { leaf, digest: new Uint8Array(await crypto.subtle.digest("SHA-256", leaf)) }
  }

  async open(segment: SegmentToOpen): Promise<Uint8Array> {
    const { stream, index, last, headerLength } = segment
    const leaf = Uint8Array.from(segment.leaf)
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", leaf))
    if (!equal(digest, segment.digest)) throw wrongLeaf(index)
    const iv = Uint8Array.from(segmentNonce(stream.prefix, index, last))
    const key = await importKey(stream, "decrypt")
    try {
      const sealed = leaf.subarray(headerLength)
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed))
    } catch (cause) {
      throw wrongTag(index, cause)
    }
  }

  async close(): Promise<void> {}
}

async function importKey({ key }: StreamKey, use: "encrypt" | "decrypt"): Promise<ImportedKey> {
  return await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-GCM", false, [use])
}

/** What every cipher throws for a leaf that is not the one named. */
export function wrongLeaf(index: number): IntegrityError {
  return new IntegrityError(`leaf ${index} of the blob is not the one that its manifest names`)
}

/** What every cipher throws for a segment that its key does not open. */
export function wrongTag(index: number, cause?: unknown): IntegrityError {
  return new IntegrityError(`segment ${index} of the blob does not open: its tag does not fit`, {
    cause,
  })
}
