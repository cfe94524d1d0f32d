/**
 * A record on its way into a folder: one file an instance, each durable under its own name once it was verified.
 *
 *     fetchRecord ──bytes──▶ UID.dcm.….part ──fsync, rename (several at once, behind the reading)──▶ UID.dcm
 *
 * What a killed process left half-written there is removed by the next one, an hour later.
 *
 * @module
 */
import { join } from "node:path"
import PQueue from "p-queue"
import type { BlobStore } from "../../storage/blob-store.ts"
import { systemClock } from "../base/clock.ts"
import { fetchRecord, instanceParts } from "../lake/fetch.ts"
import type { LakeContext } from "../lake/ports.ts"
import type { Manifest } from "../record/manifest.ts"
import { downloadNames, isDownloaded, PART, startDownload } from "./download-files.ts"
import { makeFolder, sweepUnfinished, syncFolder } from "./files.ts"

/** Files that wait for the disk at once. */
const FILES_AT_ONCE = 16

/** An instance that is in the folder now. */
export interface DownloadedInstance {
  readonly sopInstanceUid: string
  readonly path: string
  /** 32 bytes. */
  readonly sha256: Uint8Array
}

/** What a download did. */
export interface Download {
  readonly instances: readonly DownloadedInstance[]
  /** How many of them were not there before. */
  readonly written: number
}

/**
 * Brings all instances of a record into a folder; what is there already is not fetched again.
 * @param onBytes gets the bytes of each instance that is done
 * @throws {IntegrityError} when a leaf or an instance is not the one that the manifest names
 * @throws {AlreadyExistsError} when other bytes stand under a name
 * @throws {StorageFullError} no room, or a read-only file system
 * @throws {AccessDeniedError} no right to write there
 */
export async function downloadRecord(
  { cipher }: Pick<LakeContext, "cipher">,
  lake: BlobStore,
  manifest: Manifest,
  folder: string,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<Download> {
  const parts = instanceParts(manifest)
  const names = downloadNames(parts.map(({ ref }) => ref))
  const instances = parts.map(({ ref, sha256 }, index) => {
    return { sopInstanceUid: ref, path: join(folder, names[index] as string), sha256 }
  })
  const missing = new Set<number>()
  for (const [index, { length, sha256 }] of parts.entries()) {
    const { path } = instances[index] as DownloadedInstance
    if (await isDownloaded(path, length, sha256)) onBytes(length)
    else missing.add(index)
  }
  if (missing.size === 0) return { instances, written: 0 }
  await makeFolder(folder)
  await sweepUnfinished(folder, systemClock.now(), PART)
  const finishing = new PQueue({ concurrency: FILES_AT_ONCE })
  const failures: unknown[] = []
  const wanted = (index: number) => missing.has(index)
  try {
    for await (const one of fetchRecord({ cipher }, lake, manifest, { wanted, lend: true })) {
      const { path } = instances[one.index] as DownloadedInstance
      const finish = await startDownload(path, one.bytes)
      const finished = async () => onBytes((await finish(), one.length))
      void finishing.add(finished).catch((error: unknown) => failures.push(error))
      await finishing.onSizeLessThan(FILES_AT_ONCE)
      if (failures.length > 0) break
    }
  } finally {
    await finishing.onIdle()
  }
  if (failures.length > 0) throw failures[0]
  await syncFolder(folder)
  return { instances, written: missing.size }
}
