/**
 * One study made ready to leave: bundles and derived parts sealed once to know their names, manifest signed, deposit written.
 *
 *     study ─▶ bundle per series · derived parts ──first pass──▶ leaf hashes, names ─▶ manifest ─▶ pending upload
 *
 * Small blobs keep their sealed segments for the store; large ones are sealed again when they leave, against the recorded leaf hashes, so that
 * memory stays bounded.
 *
 * @module
 */
import type { BlobSource } from "../../storage/blob-store.ts"
import { concat, hex, once } from "../base/bytes.ts"
import { parseCid } from "../cid/cid.ts"
import { dataTimeOf } from "../dicom/date-time.ts"
import type { Instance } from "../dicom/instance.ts"
import { seriesParts } from "../dicom/series-parts.ts"
import { type DicomSource, piecesOf } from "../dicom/source.ts"
import type { Study } from "../dicom/study.ts"
import { summarize } from "../dicom/summary.ts"
import {
  type BlobContent,
  dekCommitment,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../record/blob-writer.ts"
import type { Entry } from "../record/entry.ts"
import { type ManifestPart, sealManifest } from "../record/manifest.ts"
import { joinParts, type PartSource, totalLength } from "../record/part-list.ts"
import type { VaultId } from "../vault/context.ts"
import type { PendingBlob, PendingUpload } from "./pending-upload.ts"
import type { Identity, LakeContext } from "./ports.ts"

/** Kind of record that an upload of DICOM makes. */
export const DICOM_STUDY = "dicom-study"

/** Sealed segments of a study's blobs are kept for the store, up to this many bytes of content in all. */
const KEEP_LIMIT = 48 << 20
const HASH = 32

/** A pending upload, and the blobs that need not be sealed again. */
export interface SealedStudy {
  readonly upload: PendingUpload
  /** Sealed leaves by blob name. */
  readonly kept: ReadonlyMap<string, readonly Uint8Array[]>
}

/** Seals one study of a vault for its writer. */
export async function sealStudy(
  context: LakeContext,
  vault: VaultId,
  writer: Identity,
  study: Study,
  nameOf: (instance: Instance) => string,
  options: {
    readonly zone: string
    readonly onBytes?: (bytes: number) => void
    readonly signal?: AbortSignal
  },
): Promise<SealedStudy> {
  const { random, clock } = context
  const kept = new Map<string, readonly Uint8Array[]>()
  const blobs: PendingBlob[] = []
  const parts: ManifestPart[] = []
  let room = KEEP_LIMIT
  const add = async (kind: PendingBlob["kind"], sources: readonly PartSource[]) => {
    const isKept = totalLength(sources) <= room
    const sealed = await firstPass(context, kind, sources, blobs.length, { ...options, isKept })
    parts.push(...sealed.parts)
    if (sealed.leaves) {
      kept.set(sealed.blob.cid, sealed.leaves)
      room -= sealed.blob.length
    }
    return sealed.blob
  }
  const deriving = derivedParts(study)
  deriving.catch(() => undefined)
  for (const { instances } of study.series) {
    const blob = await add("bundle", instances.map(instancePart))
    const files = instances.map((one) => ({ name: nameOf(one), length: one.source.size }))
    blobs.push({ ...blob, files })
  }
  const derived = await deriving
  const blob = await add(
    "derived",
    derived.map(({ part }) => part),
  )
  blobs.push({ ...blob, content: concat(...derived.map(({ content }) => content)) })
  const first = study.series[0]?.instances[0] as Instance
  const when = dataTimeOf(first.header, options.zone, clock.now())
  const before1970 = when.at < 0
  const time = { time: Math.max(0, when.at), undated: when.undated, before1970 }
  const recordKey = random(32)
  const manifest = await sealManifest(
    vault,
    recordKey,
    {
      kind: DICOM_STUDY,
      writer: writer.key,
      sealed: clock.now(),
      ...time,
      blobs: blobs.map(manifestBlob),
      parts,
    },
    { writer, random },
  )
  return {
    kept,
    upload: {
      v: 1,
      id: hex(random(16)),
      register: vault.register,
      study: study.studyInstanceUid,
      kind: DICOM_STUDY,
      recordKey,
      manifest: manifest.bytes,
      manifestCid: manifest.cid.toString(),
      blobs,
      ...time,
      entry: summarize(study) as unknown as Entry,
      instances: instancesOf(study, parts),
      stored: false,
    },
  }
}

/** What a store is given of a blob: kept leaves, or the content sealed again. */
export function blobSource(
  { cipher }: Pick<LakeContext, "cipher">,
  blob: PendingBlob,
  kept: readonly Uint8Array[] | undefined,
  reopen: (name: string) => Promise<DicomSource>,
): BlobSource {
  const leaves = splitHashes(blob.leaves)
  const content: BlobContent = { length: blob.length, open: () => contentOf(blob, reopen) }
  const sealed = async function* () {
    for await (const { leaf } of sealBlob(blob, content, cipher, leaves)) yield leaf
  }
  const held = async function* () {
    yield* kept ?? []
  }
  // Kept leaves may be asked for again, so that only those of a pass of their own go back.
  if (kept) return { size: blob.size, leaves, open: held }
  return { size: blob.size, leaves, open: sealed, reclaim: (leaf) => cipher.reclaim(leaf) }
}

async function* contentOf(
  { content, files }: PendingBlob,
  reopen: (name: string) => Promise<DicomSource>,
): AsyncGenerator<Uint8Array> {
  if (content) {
    yield content
    return
  }
  for (const { name } of files) yield* piecesOf(await reopen(name))
}

async function firstPass(
  { random, cipher }: LakeContext,
  kind: PendingBlob["kind"],
  sources: readonly PartSource[],
  index: number,
  {
    isKept,
    onBytes,
    signal,
  }: { isKept: boolean; onBytes?: (bytes: number) => void; signal?: AbortSignal },
) {
  const secrets = newBlobSecrets(kind, random)
  const parts: ManifestPart[] = []
  const length = totalLength(sources)
  const content = { length, open: () => joinParts(sources, index, (part) => parts.push(part)) }
  const digests: Uint8Array[] = []
  const leaves: Uint8Array[] | undefined = isKept ? [] : undefined
  for await (const { leaf, digest } of sealBlob(secrets, content, cipher)) {
    signal?.throwIfAborted()
    digests.push(digest)
    onBytes?.(leaf.length)
    if (leaves) leaves.push(leaf)
    else cipher.reclaim(leaf)
  }
  const { cid, size } = nameBlob(length, digests)
  const blob: PendingBlob = {
    ...secrets,
    length,
    leaves: concat(...digests),
    cid: cid.toString(),
    size,
    files: [],
  }
  return { blob, parts, leaves }
}

function instancePart({ source, sopInstanceUid }: Instance): PartSource {
  return {
    role: "instance",
    type: "application/dicom",
    ref: sopInstanceUid,
    length: source.size,
    open: () => piecesOf(source),
  }
}

async function derivedParts(study: Study) {
  const parts: { readonly part: PartSource; readonly content: Uint8Array }[] = []
  for (const series of study.series) {
    const { metadata, frameIndex } = await seriesParts(series)
    const part = (role: string, type: string, content: Uint8Array) => ({
      part: {
        role,
        type,
        ref: series.seriesInstanceUid,
        length: content.length,
        open: () => once(content),
      },
      content,
    })
    parts.push(part("series-metadata", "application/dicom+json", metadata))
    parts.push(part("frame-index", "application/cbor", frameIndex))
  }
  return parts
}

function manifestBlob({ kind, id, dek, length, leaves, cid, size }: PendingBlob) {
  return { kind, id, dek, commit: dekCommitment(dek), length, leaves, cid: parseCid(cid), size }
}

/** Every instance with the digests that a receipt names. */
function instancesOf({ series }: Study, parts: readonly ManifestPart[]) {
  const digests = parts.filter(({ role }) => role === "instance").map(({ sha256 }) => sha256)
  return series
    .flatMap(({ instances }) => instances)
    .map(({ sopInstanceUid, dataSetDigest }, i) => ({
      uid: sopInstanceUid,
      digest: dataSetDigest,
      sha256: digests[i] as Uint8Array,
    }))
}

function splitHashes(joined: Uint8Array): Uint8Array[] {
  return Array.from({ length: joined.length / HASH }, (_, i) =>
    joined.subarray(HASH * i, HASH * (i + 1)),
  )
}
