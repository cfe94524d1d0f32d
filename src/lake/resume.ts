/**
 * Finishing what an earlier process left in the outbox, whatever the moment at which it ended (DESIGN §5).
 *
 *     signed ─▶ submit again: the same hash            not signed ─▶ held already? forgotten
 *     unsigned, or refused meanwhile ──────────────▶   else ─▶ store what is missing ─▶ anchor
 *                                                      files changed ─▶ uploaded anew, with fresh keys
 *                                                      files not there ─▶ waits in the outbox, and says so
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { MedlakeError } from "../base/errors.ts"
import { parseAggregate } from "../ledger/index.ts"
import { type Anchored, mayDraftAgain, submit } from "./anchor.ts"
import { existencesOf } from "./existence.ts"
import type { PendingUpload } from "./pending-upload.ts"
import type { LakeContext } from "./ports.ts"
import { LostSourceError, storeUpload } from "./store-upload.ts"
import {
  anchorAll,
  type FileOutcome,
  settle,
  type UploadFile,
  type UploadJob,
  type UploadResult,
  upload,
} from "./upload.ts"

/**
 * Finishes uploads of this vault. Those of other vaults stay as they are.
 * @returns the records that are anchored now, and what became of files whose upload could not go on as it was
 * @throws {IntegrityError} when a file of the outbox is damaged
 */
export async function resume(context: LakeContext, job: UploadJob): Promise<UploadResult> {
  const { register } = job.vault.id
  const all = await job.outbox.uploads()
  const left = all.filter((one) => hex(one.register) === hex(register))
  const records: Anchored[] = []
  const unsigned: PendingUpload[] = []
  for (const group of byAggregate(await withCompany(context, job, left))) {
    const done = group[0]?.anchor && (await submitted(context, job, group))
    if (done) records.push(...done)
    else unsigned.push(...group)
  }
  const { stored, changed, waiting } = await storeAll(context, job, unsigned)
  if (stored.length > 0) records.push(...(await anchorAll(context, job, stored)))
  const files: FileOutcome[] = waiting
  for (const one of changed) {
    const again = await uploadAnew(context, job, one)
    records.push(...again.records)
    files.push(...again.files)
  }
  return { files, records }
}

/** What a signed aggregate came to; `undefined` when it is to be drafted again. */
async function submitted(
  context: LakeContext,
  job: UploadJob,
  group: readonly PendingUpload[],
): Promise<Anchored[] | undefined> {
  try {
    return await settle(job, await submit(context, job.agent, group, job.signal))
  } catch (error) {
    if (mayDraftAgain(error)) return undefined
    throw error
  }
}

async function storeAll(
  context: LakeContext,
  job: UploadJob,
  uploads: readonly PendingUpload[],
): Promise<{ stored: PendingUpload[]; changed: PendingUpload[]; waiting: FileOutcome[] }> {
  const stored: PendingUpload[] = []
  const changed: PendingUpload[] = []
  const waiting: FileOutcome[] = []
  for (const one of uploads) {
    if (await isHeld(context, job, one)) {
      await job.outbox.discard(one.id)
      continue
    }
    try {
      stored.push(await storeUpload(context, job, one))
    } catch (error) {
      if (!(error instanceof LostSourceError)) throw error
      if (error.hasChanged) changed.push(one)
      else {
        const reason = error.message
        waiting.push(...namesOf(one).map((name) => ({ name, outcome: "waiting" as const, reason })))
      }
    }
  }
  return { stored, changed, waiting }
}

/** Whether all of an upload was anchored in another way, say by a second process or from another folder. */
async function isHeld(context: LakeContext, job: UploadJob, { instances }: PendingUpload) {
  const told = await existencesOf(context, job, instances)
  return told.every((one) => one === "exists")
}

/** Uploads the files as they are now; the old keys are forgotten once that is done. */
async function uploadAnew(
  context: LakeContext,
  job: UploadJob,
  old: PendingUpload,
): Promise<UploadResult> {
  const files: UploadFile[] = []
  const gone: FileOutcome[] = []
  for (const name of namesOf(old)) {
    try {
      files.push({ name, source: await job.reopen(name) })
    } catch (error) {
      if (!(error instanceof MedlakeError)) throw error
      gone.push({ name, outcome: "refused", reason: error.message })
    }
  }
  const result = await upload(context, job, files)
  await job.outbox.discard(old.id)
  return { files: [...result.files, ...gone], records: result.records }
}

function namesOf({ blobs }: PendingUpload): string[] {
  return blobs.flatMap(({ files }) => files.map(({ name }) => name))
}

/**
 * A process may end after it has saved the signature with some uploads of an aggregate and not yet with the others; each names its company,
 * so that all of them have it here.
 */
async function withCompany(
  { ledger }: Pick<LakeContext, "ledger">,
  { outbox }: UploadJob,
  uploads: readonly PendingUpload[],
): Promise<PendingUpload[]> {
  const network = await ledger.network()
  const deadlineOf = (anchor: PendingUpload["anchor"]) =>
    anchor ? parseAggregate(network, anchor.aggregate).deadlineMs : 0
  const anchors = uploads.flatMap(({ anchor }) => anchor ?? [])
  const complete: PendingUpload[] = []
  for (const one of uploads) {
    const fitting = anchors.filter(({ company }) => company.some(({ id }) => id === one.id))
    const newest = fitting.toSorted((a, b) => deadlineOf(b) - deadlineOf(a))[0]
    if (!newest || deadlineOf(newest) <= deadlineOf(one.anchor)) {
      complete.push(one)
      continue
    }
    const place = newest.company.find(({ id }) => id === one.id)
    const anchor = { ...newest, index: place?.index ?? 0 }
    const signed = { ...one, anchor }
    await outbox.save(signed)
    complete.push(signed)
  }
  return complete
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
