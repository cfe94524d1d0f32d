/**
 * `fetch`: studies come out, byte for byte.
 *
 *     record ─▶ manifest ─▶ one pass over each run of parts ─▶ leaf checked ─▶ opened ─▶ part's own hash ─▶ bytes
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { IntegrityError } from "../base/errors.ts"
import { isUid } from "../dicom/uid.ts"
import { BlobReader, checkedPart, type ReadOptions } from "../record/blob-reader.ts"
import type { Manifest, ManifestPart } from "../record/manifest.ts"
import type { LakeContext } from "./ports.ts"

/** An instance on its way out. */
export interface FetchedInstance {
  /** Its place among {@link instanceParts}. */
  readonly index: number
  /** Of versions in one record, all have the same. */
  readonly sopInstanceUid: string
  /** Bytes of its file. */
  readonly length: number
  /** SHA-256 of its file, as the manifest names it. */
  readonly sha256: Uint8Array
  /** The file's bytes; the last piece comes when the whole was verified. To be read before the next instance is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** What is fetched, and how. */
export interface FetchOptions extends ReadOptions {
  /** Which instances, by their place among {@link instanceParts}; all when left out. */
  readonly wanted?: (index: number) => boolean
  readonly signal?: AbortSignal
}

/** A part that is an instance. */
type InstancePart = ManifestPart & { readonly ref: string }

/**
 * The instances of a record, in the order of its manifest. Parts that lie next to each other are read in one pass.
 * @throws {IntegrityError} when a leaf or a part is not the one that the manifest names
 */
export async function* fetchRecord(
  { cipher }: Pick<LakeContext, "cipher">,
  lake: BlobStore,
  manifest: Manifest,
  options: FetchOptions = {},
): AsyncGenerator<FetchedInstance> {
  const { wanted, signal } = options
  const parts = [...instanceParts(manifest).entries()].filter(([index]) => wanted?.(index) ?? true)
  for (const run of runsOf(parts)) {
    const [[, first]] = run
    const reader = readerOf({ cipher }, lake, manifest, first, signal)
    const total = run.reduce((sum, [, { length }]) => sum + length, 0)
    const content = new Splitter(reader.read(first.offset, total, options))
    try {
      for (const [index, { ref: sopInstanceUid, length, sha256 }] of run) {
        const bytes = checkedPart(content.take(length), length, sha256)
        yield { index, sopInstanceUid, length, sha256, bytes }
        await content.skip()
      }
    } finally {
      await content.close()
    }
  }
}

/**
 * The parts of a manifest that are instances. Their names become names of files: a writer's word is not taken for it.
 * @throws {IntegrityError} when one is named by something else than a UID
 */
export function instanceParts({ parts }: Pick<Manifest, "parts">): InstancePart[] {
  return parts
    .filter(({ role }) => role === "instance")
    .map((part) => {
      const { ref } = part
      if (ref === undefined || !isUid(ref)) {
        throw new IntegrityError("the manifest names an instance by something else than a UID")
      }
      return { ...part, ref }
    })
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

/** A part with its place among all. */
type Placed = readonly [index: number, part: InstancePart]

/** Parts that follow each other in one blob. */
function runsOf(parts: readonly Placed[]): [Placed, ...Placed[]][] {
  const runs: [Placed, ...Placed[]][] = []
  for (const placed of parts) {
    const [, part] = placed
    const run = runs.at(-1)
    const last = run?.at(-1)?.[1]
    const follows = last?.blob === part.blob && last.offset + last.length === part.offset
    if (run && follows) run.push(placed)
    else runs.push([placed])
  }
  return runs
}

/** Cuts one stream of pieces into consecutive lengths. */
class Splitter {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()
  #left = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#source = pieces[Symbol.asyncIterator]()
  }

  /** The next `length` bytes. */
  take(length: number): AsyncIterable<Uint8Array> {
    this.#left = length
    return this.#pieces()
  }

  /** Passes over what was not read of the bytes that were taken last. */
  async skip(): Promise<void> {
    while (this.#left > 0) await this.#piece()
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) yield await this.#piece()
  }

  async #piece(): Promise<Uint8Array> {
    if (this.#rest.length === 0) this.#rest = await this.#next()
    const piece = this.#rest.subarray(0, this.#left)
    this.#rest = this.#rest.subarray(piece.length)
    this.#left -= piece.length
    return piece
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #next(): Promise<Uint8Array> {
    const next = await this.#source.next()
    if (next.done === true) throw new IntegrityError("a blob is shorter than its parts")
    return next.value
  }
}
