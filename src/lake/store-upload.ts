/**
 * From sealed to stored: blobs durable, then the manifest, then the outbox says so.
 *
 *     outbox ─▶ blob, blob, … ─▶ manifest ─▶ outbox: stored
 *
 * A blob that is there already is not sent again. One whose source has changed is never sent: its keys are used up.
 *
 * @module
 */
import type { BlobSource } from "../../storage/blob-store.ts"
import { once } from "../base/bytes.ts"
import { IntegrityError, MedlakeError } from "../base/errors.ts"
import type { DicomSource } from "../dicom/source.ts"
import type { PendingUpload } from "./pending-upload.ts"
import type { LakeContext, Outbox, Progress, Stores } from "./ports.ts"
import { blobSource } from "./seal-study.ts"

/** What storing works with. */
export interface StoreJob {
  readonly stores: Stores
  readonly outbox: Outbox
  /** Opens a file again, by the name it was given under. */
  readonly reopen: (name: string) => Promise<DicomSource>
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** An upload can't be stored as it was sealed; what is wrong with its files is the `cause`. */
export class LostSourceError extends IntegrityError {
  /** Whether other bytes are there now: they need keys of their own. Else nothing can be read there. */
  readonly hasChanged: boolean

  constructor(cause: MedlakeError) {
    const hasChanged = cause instanceof IntegrityError
    super(
      hasChanged
        ? "a file has changed since it was sealed: upload it again"
        : `a file of an upload under way can't be read: ${cause.message}`,
      { cause },
    )
    this.hasChanged = hasChanged
  }
}

/**
 * Stores an upload.
 * @param kept sealed leaves by blob name, which need not be sealed again
 * @returns the upload as it stands in the outbox now
 * @throws {LostSourceError} when its files are not there any more as they were; nothing of other bytes has left
 */
export async function storeUpload(
  context: Pick<LakeContext, "cipher">,
  { stores, outbox, reopen, progress, signal }: StoreJob,
  pending: PendingUpload,
  kept: ReadonlyMap<string, readonly Uint8Array[]> = new Map(),
): Promise<PendingUpload> {
  const options = signal ? { signal } : {}
  for (const [done, blob] of pending.blobs.entries()) {
    progress?.({ phase: "store", done, total: pending.blobs.length })
    const there = await stores.lake.stat(blob.cid, options)
    if (there?.size === blob.size) continue
    const leaves = kept.get(blob.cid)
    const source = watched(blobSource(context, blob, leaves, reopen))
    try {
      await stores.lake.put(blob.cid, source, options)
    } catch (error) {
      const { failure } = source
      throw failure instanceof MedlakeError ? new LostSourceError(failure) : error
    }
    for (const leaf of leaves ?? []) context.cipher.reclaim(leaf)
  }
  const { manifest, manifestCid } = pending
  const source = { size: manifest.length, open: () => once(manifest) }
  await stores.control.put(manifestCid, source, options)
  const stored = { ...pending, stored: true }
  await outbox.save(stored)
  progress?.({ phase: "store", done: pending.blobs.length, total: pending.blobs.length })
  return stored
}

/** A source that remembers how it failed, so that its failure is not taken for the store's. */
function watched(source: BlobSource): BlobSource & { readonly failure: unknown } {
  let failure: unknown
  return {
    ...source,
    get failure() {
      return failure
    },
    open: async function* () {
      try {
        yield* source.open()
      } catch (error) {
        failure = error
        throw error
      }
    },
  }
}
