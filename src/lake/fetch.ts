/**
 * `fetch`: studies come out, byte for byte.
 *
 *     record ─▶ manifest ─▶ ranges of blobs ─▶ leaf checked ─▶ opened ─▶ part's own hash ─▶ bytes
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { BlobReader } from "../record/blob-reader.ts"
import type { Manifest, ManifestPart } from "../record/manifest.ts"
import type { LakeContext } from "./ports.ts"

/** An instance on its way out. */
export interface FetchedInstance {
  readonly sopInstanceUid: string
  /** Bytes of its file. */
  readonly length: number
  /** SHA-256 of its file, as the manifest names it. */
  readonly sha256: Uint8Array
  /** The file's bytes, verified; may be called once. */
  readonly open: () => AsyncIterable<Uint8Array>
}

/** The instances of a record, in the order of its manifest. Nothing is fetched until one is opened. */
export function* fetchRecord(
  { cipher }: Pick<LakeContext, "cipher">,
  lake: BlobStore,
  manifest: Manifest,
  signal?: AbortSignal,
): Generator<FetchedInstance> {
  const readers = new Map<number, BlobReader>()
  for (const part of manifest.parts) {
    if (part.role !== "instance" || part.ref === undefined) continue
    const reader = readers.get(part.blob) ?? readerOf({ cipher }, lake, manifest, part, signal)
    readers.set(part.blob, reader)
    yield {
      sopInstanceUid: part.ref,
      length: part.length,
      sha256: part.sha256,
      open: () => reader.readPart(part),
    }
  }
}

/** A reader of the blob in which a part lies. */
export function readerOf(
  { cipher }: Pick<LakeContext, "cipher">,
  lake: BlobStore,
  { blobs }: Pick<Manifest, "blobs">,
  part: Pick<ManifestPart, "blob">,
  signal?: AbortSignal,
): BlobReader {
  const blob = blobs[part.blob]
  if (!blob) throw new Error("a checked manifest names no blob that it does not hold")
  const options = signal ? { signal } : {}
  const key = blob.cid.toString()
  return new BlobReader(blob, (start, end) => lake.get(key, { start, end }, options), cipher)
}
