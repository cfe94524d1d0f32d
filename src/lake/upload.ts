/**
 * `upload`: studies go in sealed, and come out anchored. The whole idea in one place.
 *
 *     files ─▶ instances ─▶ studies ─▶ sealed, into the outbox ─▶ lake ─▶ manifest ─▶ deposit ─▶ aggregate ─▶ confirmed ─▶ receipt
 *
 * Order is what makes it safe: nothing refers to what is not durable yet, and whatever the moment of a crash, the outbox finishes it
 * (`resume.ts`). Refusals are per instance: one bad file does not hold back the others.
 *
 * @module
 */
import PQueue from "p-queue"
import { InvalidInputError, MedlakeError } from "../base/errors.ts"
import { type Instance, readInstance } from "../dicom/instance.ts"
import type { DicomSource } from "../dicom/source.ts"
import { type Grouping, groupStudies } from "../dicom/study.ts"
import { studyParts } from "../dicom/study-parts.ts"
import { type Anchored, anchor } from "./anchor.ts"
import { existencesOf } from "./existence.ts"
import type { PendingUpload } from "./pending-upload.ts"
import type { AgentPort, Identity, LakeContext, Outbox, Progress, Stores } from "./ports.ts"
import { type Receipt, receiptOf } from "./receipt.ts"
import { sealEarly, sealing } from "./sealing.ts"
import { storeUpload } from "./store-upload.ts"
import type { WriterVault } from "./writer-vault.ts"

/** Symbol's limit of transactions in an aggregate. */
const RECORDS_PER_AGGREGATE = 100
/** Files that are read at once: while one is hashed, the next ones come from the disk. */
const FILES_AT_ONCE = 4

/** A file to upload. */
export interface UploadFile {
  /** How the caller finds it again, e.g. its path. */
  readonly name: string
  readonly source: DicomSource
}

/** What became of one file. */
export interface FileOutcome {
  readonly name: string
  /** "waiting": its upload was begun, and goes on when the file can be read again. */
  readonly outcome: "stored" | "exists" | "copy" | "new-version" | "refused" | "waiting"
  readonly sopInstanceUid?: string
  /** Why it was refused or waits: a sentence that begins with the reason. */
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
  /** Opens the vault again, when a new epoch was announced meanwhile. */
  readonly reopenVault?: () => Promise<WriterVault>
  readonly writer: Identity
  readonly agent: AgentPort
  readonly stores: Stores
  readonly outbox: Outbox
  /** Keeps receipts, durably, before the outbox forgets what they are for. */
  readonly keepReceipt?: (receipt: Receipt) => Promise<void>
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
  const nameOf = (instance: Instance) => names.get(instance) ?? ""
  const all = grouping.studies.flatMap(studyParts)
  const { drop, ...early } = sealEarly(context, job, all, nameOf)
  const known = await existing(context, job, instances).catch(async (error: unknown) => {
    await drop()
    throw error
  })
  const isNew = (instance: Instance) => known.get(instance) !== "exists"
  const isAllNew = instances.every(isNew)
  if (!isAllNew) await drop()
  const studies = isAllNew ? all : groupStudies(instances.filter(isNew)).studies.flatMap(studyParts)
  const sealed = isAllNew ? early.sealed : sealing(context, job, studies, nameOf)
  const uploads: PendingUpload[] = []
  for (const study of studies) {
    const prepared = await sealed(study)
    await job.outbox.save(prepared.upload)
    uploads.push(await storeUpload(context, job, prepared.upload, prepared.kept))
  }
  const records = uploads.length === 0 ? [] : await anchorAll(context, job, uploads)
  return { files: outcomes(names, grouping, known, refused), records }
}

/** Drafts, signs and announces stored uploads, as many an aggregate as it holds, and forgets them once they are confirmed. */
export async function anchorAll(
  context: LakeContext,
  job: UploadJob,
  uploads: readonly PendingUpload[],
): Promise<Anchored[]> {
  const anchored: Anchored[] = []
  for (let start = 0; start < uploads.length; start += RECORDS_PER_AGGREGATE) {
    const some = uploads.slice(start, start + RECORDS_PER_AGGREGATE)
    anchored.push(...(await settle(job, await anchor(context, job, some))))
  }
  return anchored
}

/** Has the receipts of anchored uploads kept, then takes them out of the outbox. */
export async function settle(
  { vault, outbox, keepReceipt }: UploadJob,
  anchored: Anchored[],
): Promise<Anchored[]> {
  for (const one of anchored) await keepReceipt?.(receiptOf(vault.id, [one]))
  for (const { upload: one } of anchored) await outbox.discard(one.id)
  return anchored
}

/** Reads several files at a time; what comes of them is in the order of the files. */
async function readFiles(files: readonly UploadFile[], { progress, signal }: UploadJob) {
  const queue = new PQueue({ concurrency: FILES_AT_ONCE })
  let done = 0
  const read = async ({ name, source }: UploadFile): Promise<Instance | FileOutcome> => {
    try {
      return await readInstance(source, signal)
    } catch (error) {
      if (!(error instanceof MedlakeError)) throw error
      return { name, outcome: "refused", reason: error.message }
    } finally {
      progress?.({ phase: "read", done: done++, total: files.length })
    }
  }
  const reading = queue.addAll(files.map((file) => () => read(file)))
  const found = await reading.finally(() => queue.clear())
  const names = new Map<Instance, string>()
  const refused: FileOutcome[] = []
  for (const [i, one] of found.entries()) {
    if ("outcome" in one) refused.push(one)
    else names.set(one, files[i]?.name ?? "")
  }
  return { instances: [...names.keys()], names, refused }
}

/** What the agent holds already; each instance by UID and digest of its data set. */
async function existing(context: LakeContext, job: UploadJob, instances: readonly Instance[]) {
  const names = instances.map(({ sopInstanceUid, dataSetDigest }) => ({
    uid: sopInstanceUid,
    digest: dataSetDigest,
  }))
  const told = await existencesOf(context, job, names)
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
