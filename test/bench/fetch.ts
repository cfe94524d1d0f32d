/**
 * How long a CT takes until all its files are durable in a folder, beside copying and fsyncing the same files in the same run. The
 * record lies in stores on disk; measured from its name and key on: manifest read and opened, leaves checked and opened, files written and fsynced.
 *
 * @module
 */
import { readFile, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { parseCid } from "../../src/cid/cid.ts"
import { downloadRecord } from "../../src/host/download-record.ts"
import { getObject } from "../../src/lake/control-object.ts"
import type { PendingUpload } from "../../src/lake/pending-upload.ts"
import type { Stores } from "../../src/lake/ports.ts"
import { openManifest } from "../../src/record/manifest.ts"
import {
  copyDurably,
  folderStores,
  type Imaging,
  inFolder,
  openImaging,
  phantomFiles,
  ROUNDS,
  SLICES,
  uploadUntilStored,
} from "./bench-world.ts"
import type { Figure } from "./figure.ts"
import { figureOf, type Round } from "./upload.ts"

export const name = "fetch"

export async function run(): Promise<Figure[]> {
  const imaging = await openImaging()
  try {
    await inFolder((folder) => measure(imaging, folder, SLICES[0], ROUNDS))
    const figures: Figure[] = []
    for (const slices of SLICES) {
      const rounds = await inFolder((folder) => measure(imaging, folder, slices, ROUNDS))
      figures.push(figureOf(`fetch: ${slices} slices into durable files`, rounds))
    }
    return figures
  } finally {
    await imaging.close()
  }
}

async function measure(imaging: Imaging, folder: string, slices: number, count: number) {
  const { paths } = await phantomFiles(join(folder, "study"), slices)
  const stores = await folderStores(join(folder, "stores"))
  const { pending } = await uploadUntilStored(imaging, stores, join(folder, "stores"), paths)
  const rounds: Round[] = []
  for (let i = 0; i < count; i++) {
    const bare = await copyDurably(paths, join(folder, "copy"))
    const begun = performance.now()
    const fetched = await fetchInto(imaging, stores, pending, join(folder, "fetched"))
    const ms = performance.now() - begun
    await requireSame(paths, fetched)
    await rm(join(folder, "copy"), { recursive: true })
    await rm(join(folder, "fetched"), { recursive: true })
    rounds.push({ ms, bare })
  }
  return rounds
}

/** @returns the paths of the files */
async function fetchInto(
  { context, vault }: Imaging,
  { lake, control }: Stores,
  { recordKey, manifestCid }: PendingUpload,
  folder: string,
): Promise<string[]> {
  const object = await getObject(control, parseCid(manifestCid))
  const manifest = openManifest(vault.id, recordKey, object)
  const { instances } = await downloadRecord(context, lake, manifest, folder)
  return instances.map(({ path }) => path)
}

/** @throws {Error} when the files are not the same, in the order of their instances */
async function requireSame(paths: readonly string[], fetched: readonly string[]): Promise<void> {
  if (fetched.length !== paths.length) throw new Error("another number of files came out")
  for (const [i, path] of paths.entries()) {
    const other = fetched[i] as string
    if (Buffer.compare(await readFile(path), await readFile(other)) !== 0) {
      throw new Error(`${basename(other)} is not ${basename(path)}`)
    }
  }
}
