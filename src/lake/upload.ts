/**
 * `upload`: studies go in sealed, and come out anchored. The whole idea in one place.
 *
 *     files ─▶ instances ─▶ studies ─▶ sealed, into the outbox ─▶ lake ─▶ manifest ─▶ deposit ─▶ aggregate ─▶ confirmed ─▶ receipt
 *
 * Order is what makes it safe: nothing refers to what is not durable yet, and whatever the moment of a crash, the outbox finishes it
 * ({@link resume}). Refusals are per instance: one bad file does not hold back the others.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { InvalidInputError, MedlakeError } from "../base/errors.ts"
import { type Instance, readInstance } from "../dicom/instance.ts"
import type { DicomSource } from "../dicom/source.ts"
import { type Grouping, groupStudies } from "../dicom/study.ts"
import { type Existence, openQueryAnswer, sealQuery } from "../record/query.ts"
import { writerMessageHash } from "../record/writer-message.ts"
import { type Anchored, anchor, mayDraftAgain, submit } from "./anchor.ts"
import type { PendingUpload } from "./pending-upload.ts"
import type { AgentPort, Identity, LakeContext, Outbox, Progress, Stores } from "./ports.ts"
import { blobSource, sealStudy } from "./seal-study.ts"
import type { WriterVault } from "./writer-vault.ts"

/** Symbol's limit of transactions in an aggregate. */
const RECORDS_PER_AGGREGATE = 100
/** Keeps a query well below what an agent reads. */
const INSTANCES_PER_QUERY = 5000

/** A file to upload. */
export interface UploadFile {
  /** How the caller finds it again, e.g. its path. */
  readonly name: string
  readonly source: DicomSource
}

/** What became of one file. */
export interface FileOutcome {
  readonly name: string
  readonly outcome: "stored" | "exists" | "copy" | "new-version" | "refused"
  readonly sopInstanceUid?: string
  /** Why it was refused: a sentence that begins with the reason. */
  readonly reason?: string
}

/** Everything an upload did. */
export interface UploadResult {
  readonly files: readonly FileOutcome[]
  readonly records: readonly Anchored[]
}

/** What `upload` works with. */
export interface UploadJob {
  readonly vault: WriterVault
  readonly writer: Identity
  readonly agent: AgentPort
  readonly stores: Stores
  readonly outbox: Outbox
  /** Opens a file again, by the name it was given under. */
  readonly reopen: (name: string) => Promise<DicomSource>
  /** Offset of studies that name none, such as `+02:00`. */
  readonly zone: string
  /** Take files of several patients into this one vault. */
  readonly severalPatients?: boolean
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/**
 * Uploads files of one patient.
 * @throws {InvalidInputError} when they are of several patients, or none can be read
 */
export async function upload(
  context: LakeContext,
  job: UploadJob,
  files: readonly UploadFile[],
): Promise<UploadResult> {
  const { instances, names, refused } = await readFiles(files, job)
  const grouping = groupStudies(instances)
  if (grouping.patients > 1 && job.severalPatients !== true) {
    throw new InvalidInputError(
      `these files are of ${grouping.patients} patients: upload them one by one, or say --several-patients; nothing was sent`,
    )
  }
  const known = await existing(context, job, instances)
  const fresh = groupStudies(instances.filter((one) => known.get(one) !== "exists"))
  const nameOf = (instance: Instance) => names.get(instance) ?? ""
  const uploads: PendingUpload[] = []
  const total = fresh.studies.flatMap(({ series }) => series).flatMap((one) => one.instances)
  const bytes = total.reduce((sum, { source }) => sum + source.size, 0)
  let sealed = 0
  for (const study of fresh.studies) {
    const prepared = await sealStudy(context, job.vault.id, job.writer, study, nameOf, {
      zone: job.zone,
      onBytes: (count) => {
        sealed = Math.min(bytes, sealed + count)
        job.progress?.({ phase: "seal", done: sealed, total: bytes })
      },
    })
    await job.outbox.save(prepared.upload)
    uploads.push(await store(context, job, prepared.upload, prepared.kept))
  }
  const records = uploads.length === 0 ? [] : await anchorAll(context, job, uploads)
  return { files: outcomes(names, grouping, known, refused), records }
}

/** Finishes what an earlier process left in the outbox for this vault. */
export async function resume(context: LakeContext, job: UploadJob): Promise<Anchored[]> {
  const left = (await job.outbox.uploads()).filter(
    (one) => hex(one.register) === hex(job.vault.id.register),
  )
  const anchored: Anchored[] = []
  const unsigned: PendingUpload[] = []
  for (const group of byAggregate(left)) {
    const stored: PendingUpload[] = []
    for (const one of group)
      stored.push(one.stored ? one : await store(context, job, one, new Map()))
    if (!stored[0]?.anchor) {
      unsigned.push(...stored)
      continue
    }
    try {
      anchored.push(...(await settle(job, await submit(context, job.agent, stored, job.signal))))
    } catch (error) {
      if (!mayDraftAgain(error)) throw error
      unsigned.push(...stored)
    }
  }
  if (unsigned.length > 0) anchored.push(...(await anchorAll(context, job, unsigned)))
  return anchored
}

/** Blobs durable, then the manifest; a blob that is there already is not sent again. */
async function store(
  context: LakeContext,
  { stores, outbox, reopen, progress, signal }: UploadJob,
  pending: PendingUpload,
  kept: ReadonlyMap<string, readonly Uint8Array[]>,
): Promise<PendingUpload> {
  const options = signal ? { signal } : {}
  for (const [done, blob] of pending.blobs.entries()) {
    progress?.({ phase: "store", done, total: pending.blobs.length })
    const there = await stores.lake.stat(blob.cid, options)
    if (there?.size === blob.size) continue
    await stores.lake.put(blob.cid, blobSource(context, blob, kept.get(blob.cid), reopen), options)
  }
  const manifest = {
    size: pending.manifest.length,
    open: async function* () {
      yield pending.manifest
    },
  }
  await stores.control.put(pending.manifestCid, manifest, options)
  const stored = { ...pending, stored: true }
  await outbox.save(stored)
  progress?.({ phase: "store", done: pending.blobs.length, total: pending.blobs.length })
  return stored
}

/** As many records an aggregate as it holds, one aggregate after the other. */
async function anchorAll(
  context: LakeContext,
  job: UploadJob,
  uploads: readonly PendingUpload[],
): Promise<Anchored[]> {
  const { vault, writer, agent, outbox, signal } = job
  const anchored: Anchored[] = []
  for (const some of chunksOf(uploads, RECORDS_PER_AGGREGATE)) {
    const done = await anchor(context, vault, writer, agent, outbox, some, signal)
    anchored.push(...(await settle(job, done)))
  }
  return anchored
}

async function settle({ outbox }: UploadJob, anchored: Anchored[]): Promise<Anchored[]> {
  for (const { upload: one } of anchored) await outbox.discard(one.id)
  return anchored
}

async function readFiles(files: readonly UploadFile[], { progress, signal }: UploadJob) {
  const instances: Instance[] = []
  const names = new Map<Instance, string>()
  const refused: FileOutcome[] = []
  for (const [done, { name, source }] of files.entries()) {
    progress?.({ phase: "read", done, total: files.length })
    try {
      const instance = await readInstance(source, signal)
      instances.push(instance)
      names.set(instance, name)
    } catch (error) {
      if (!(error instanceof MedlakeError)) throw error
      refused.push({ name, outcome: "refused", reason: error.message })
    }
  }
  return { instances, names, refused }
}

/** What the agent holds already; each instance by UID and digest of its data set. */
async function existing(
  { random }: LakeContext,
  { vault, writer, agent, signal }: UploadJob,
  instances: readonly Instance[],
) {
  const at = { vault: vault.id, epoch: vault.epoch }
  const told: Existence[] = []
  for (const some of chunksOf(instances, INSTANCES_PER_QUERY)) {
    const asked = some.map(({ sopInstanceUid, dataSetDigest }) => ({
      uid: sopInstanceUid,
      digest: dataSetDigest,
    }))
    const query = await sealQuery(at, vault.intake, asked, { writer, random })
    const question = { hash: writerMessageHash(query), count: asked.length }
    const answer = await agent.query(query, signal)
    told.push(...(await openQueryAnswer(at, question, answer, writer)))
  }
  return new Map(instances.map((instance, i) => [instance, told[i] ?? "new"] as const))
}

function outcomes(
  names: ReadonlyMap<Instance, string>,
  { copies, versions }: Grouping,
  known: ReadonlyMap<Instance, string>,
  refused: readonly FileOutcome[],
): FileOutcome[] {
  const outcomeOf = (instance: Instance): FileOutcome["outcome"] => {
    if (copies.includes(instance)) return "copy"
    if (known.get(instance) === "exists") return "exists"
    const isVersion = versions.includes(instance) || known.get(instance) === "other-version"
    return isVersion ? "new-version" : "stored"
  }
  const read = [...names].map(([instance, name]) => ({
    name,
    outcome: outcomeOf(instance),
    sopInstanceUid: instance.sopInstanceUid,
  }))
  return [...read, ...refused].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function chunksOf<T>(list: readonly T[], size: number): T[][] {
  const count = Math.ceil(list.length / size)
  return Array.from({ length: count }, (_, i) => list.slice(size * i, size * (i + 1)))
}

/** Uploads that share a signed aggregate together; unsigned ones alone. */
function byAggregate(uploads: readonly PendingUpload[]): PendingUpload[][] {
  const groups = new Map<string, PendingUpload[]>()
  for (const one of uploads) {
    const key = one.anchor ? hex(one.anchor.aggregate.subarray(8, 72)) : one.id
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()]
}
