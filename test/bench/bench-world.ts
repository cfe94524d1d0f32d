/**
 * What the benchmarks of the verbs share: a devnet, a patient with agent, a hospital with a seat, stores in folders, and the bare
 * work that they are compared with. All keys are unlocked, the cipher's threads run.
 *
 * @module
 */
import { constants } from "node:fs"
import { copyFile, mkdir, mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { writePhantomStudy } from "../../scripts/demo/phantom.ts"
import { systemRandom } from "../../src/base/random.ts"
import { fileSource } from "../../src/host/file-source.ts"
import { OutboxFiles } from "../../src/host/outbox-files.ts"
import { SegmentCipherPool } from "../../src/host/segment-cipher-pool.ts"
import type { PendingUpload } from "../../src/lake/pending-upload.ts"
import type { AgentPort, Outbox, Progress, Stores } from "../../src/lake/ports.ts"
import { type UploadFile, upload } from "../../src/lake/upload.ts"
import { openWriterVault } from "../../src/lake/writer-vault.ts"
import { FilesystemBlobStore } from "../../storage/filesystem.ts"
import { withCopies } from "../../storage/with/copies.ts"
import { admitHospital, createVault, startWorld } from "../support/world.ts"

/** Sizes of study that are measured, in slices of 512 × 512 × 16 bit. */
export const SLICES = [60, 500] as const

/** How often each measurement is repeated; the median counts. */
export const ROUNDS = 5

/** Thrown by the agent's port to end an upload where the measured part ends: everything is stored, nothing deposited. */
class Stored extends Error {}

/** Runs `work` in a folder that is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "medlake-bench-"))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Devnet, patient, hospital, and a cipher on all cores. */
export async function openImaging() {
  const world = await startWorld()
  const patient = await createVault(world)
  const hospital = await admitHospital(world, patient)
  const cipher = new SegmentCipherPool()
  const context = { ...world.context, cipher }
  const control = world.stores.control
  const vault = await openWriterVault(context, control, hospital.identity, patient.card)
  return {
    world,
    patient,
    hospital,
    vault,
    context,
    close: async () => {
      await cipher.close()
      await world.close()
    },
  }
}

export type Imaging = Awaited<ReturnType<typeof openImaging>>

/** A study of the phantom as files, and their bytes. */
export async function phantomFiles(folder: string, slices: number): Promise<Files> {
  const paths = await writePhantomStudy(folder, { slices, studyDate: "20250114" })
  let bytes = 0
  for (const path of paths) bytes += (await fileSource(path)).size
  return { paths, bytes }
}

/** Files and their bytes. */
export interface Files {
  readonly paths: readonly string[]
  readonly bytes: number
}

/** A lake in one folder, a control store in two. */
export async function folderStores(folder: string): Promise<Stores> {
  const copyIn = (name: string) => FilesystemBlobStore.open(join(folder, name))
  const control = withCopies([await copyIn("control-a"), await copyIn("control-b")])
  return { lake: await copyIn("lake"), control }
}

/**
 * The verb `upload` over files, up to the moment when its outbox says *stored*: files found, read, grouped, asked for at the agent, sealed,
 * blobs and manifest durable. It is cut before the deposit, so the same files are new to the vault each time.
 * @returns milliseconds, and the upload as it stands in the outbox
 */
export async function uploadUntilStored(
  { world, hospital, vault, context }: Imaging,
  stores: Stores,
  folder: string,
  paths: readonly string[],
  progress: Progress = () => undefined,
): Promise<{ readonly ms: number; readonly pending: PendingUpload }> {
  const files = new OutboxFiles(join(folder, "outbox"), systemRandom(32), systemRandom, world.clock)
  let stored: { at: number; pending: PendingUpload } | undefined
  const outbox: Outbox = {
    uploads: () => files.uploads(),
    discard: (id) => files.discard(id),
    save: async (pending) => {
      await files.save(pending)
      if (pending.stored) stored = { at: performance.now(), pending }
    },
  }
  const { agent } = world
  const cut: AgentPort = {
    ...agentPort(agent),
    deposit: () => Promise.reject(new Stored("everything is stored")),
  }
  const writer = hospital.identity
  const job = {
    vault,
    writer,
    agent: cut,
    stores,
    outbox,
    reopen: fileSource,
    zone: "+00:00",
    progress,
  }
  const begun = performance.now()
  const sources: UploadFile[] = []
  for (const path of paths) sources.push({ name: path, source: await fileSource(path) })
  await upload(context, job, sources).catch((error: unknown) => {
    if (!(error instanceof Stored)) throw error
  })
  if (!stored) throw new Error("the upload ended before anything was stored")
  return { ms: stored.at - begun, pending: stored.pending }
}

/** The calls of an agent as an object of its own. */
function agentPort(agent: AgentPort): AgentPort {
  return {
    pairingKey: (signal) => agent.pairingKey(signal),
    handOver: (message, signal) => agent.handOver(message, signal),
    query: (message, signal) => agent.query(message, signal),
    deposit: (messages, signal) => agent.deposit(messages, signal),
    submit: (aggregate, signal) => agent.submit(aggregate, signal),
    cosign: (act, signal) => agent.cosign(act, signal),
    keepLink: (message, signal) => agent.keepLink(message, signal),
    dropLink: (message, signal) => agent.dropLink(message, signal),
  }
}

/**
 * The bare work: each file copied and fsynced, then the folder fsynced.
 * @returns milliseconds
 */
export async function copyDurably(paths: readonly string[], folder: string): Promise<number> {
  const begun = performance.now()
  await mkdir(folder)
  for (const path of paths) {
    const copy = join(folder, basename(path))
    await copyFile(path, copy, constants.COPYFILE_EXCL)
    await sync(copy, "r+")
  }
  await sync(folder, "r")
  return performance.now() - begun
}

async function sync(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The middle one of an odd number of values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
