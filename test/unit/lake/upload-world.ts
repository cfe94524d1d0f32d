/**
 * A hospital with a seat and a home folder, and small studies to upload: what the tests of upload and resume share.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { collect, equal, hex } from "../../../src/base/bytes.ts"
import { systemClock } from "../../../src/base/clock.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { fileSource } from "../../../src/host/file-source.ts"
import { OutboxFiles } from "../../../src/host/outbox-files.ts"
import { fetchRecord } from "../../../src/lake/fetch.ts"
import { readerOfOwner } from "../../../src/lake/reader.ts"
import { isReadable, type ReadableRecord } from "../../../src/lake/record-choice.ts"
import { readRecords } from "../../../src/lake/records.ts"
import type { UploadFile, UploadJob } from "../../../src/lake/upload.ts"
import { openWriterVault } from "../../../src/lake/writer-vault.ts"
import { institutionSeed } from "../../../src/vault/accounts.ts"
import { dicomFile, identity, imageOf } from "../../support/dicom-file.ts"
import { serveStores } from "../../support/served-stores.ts"
import type { UploadChild } from "../../support/upload-child.ts"
import { admitHospital, createVault, startWorld } from "../../support/world.ts"

/** Stands in the pixel data of every test study: found anywhere outside the hospital's files, plaintext has leaked. */
export const MARK = new TextEncoder().encode("MEDLAKE-PLAINTEXT-MARK-")
/** So does this, in the patient's name. */
export const NAME = "Mustermann^Leak"

/** Everything running. */
export async function startUploadWorld() {
  const world = await startWorld()
  const patient = await createVault(world)
  const hospital = await admitHospital(world, patient)
  const served = await serveStores(world.stores)
  const folder = await mkdtemp(join(tmpdir(), "medlake-upload-"))
  const outboxFolder = join(folder, "outbox")
  const { context, stores } = world
  const openVault = () => openWriterVault(context, stores.control, hospital.identity, patient.card)
  const outbox = new OutboxFiles(outboxFolder, hospital.rootSeed, systemRandom, systemClock)
  const { network, register } = patient.accounts.id
  return {
    world,
    patient,
    hospital,
    folder,
    outboxFolder,
    outbox,
    openVault,
    job: async (changes: Partial<UploadJob> = {}): Promise<UploadJob> => ({
      vault: await openVault(),
      reopenVault: openVault,
      writer: hospital.identity,
      agent: world.agent,
      stores,
      outbox,
      reopen: fileSource,
      zone: "+00:00",
      ...changes,
    }),
    child: (files: readonly string[], killAt: number): UploadChild => ({
      node: world.devnet.url,
      agent: world.url,
      lake: served.lake,
      control: served.control,
      outbox: outboxFolder,
      seed: hex(institutionSeed(hospital.rootSeed, network, register)),
      root: hex(hospital.rootSeed),
      card: hex(patient.card.bytes),
      files,
      killAt,
    }),
    /** How many records the chain holds, whatever they are worth. */
    anchored: async (): Promise<number> => {
      const { vault } = patient.accounts
      let count = 0
      for await (const { signer } of context.ledger.transfers({ recipient: register })) {
        if (equal(signer, vault)) count += 1
      }
      return count
    },
    /** All records as the patient reads them. */
    records: async () => {
      const vault = await patient.open()
      const reader = readerOfOwner(vault, vault.file)
      return (await readRecords(context, stores.control, reader)).records
    },
    close: async () => {
      await served.close()
      await world.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type UploadWorld = Awaited<ReturnType<typeof startUploadWorld>>

/** Writes a study of small instances; `pixels` bytes each. */
export async function writeStudy(
  folder: string,
  study: string,
  { instances = 2, pixels = 700_000, seed = 1 } = {},
): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const paths: string[] = []
  for (let i = 1; i <= instances; i++) {
    const path = join(folder, `${study}-${i}.dcm`)
    await writeFile(path, instanceBytes(study, i, pixels, seed))
    paths.push(path)
  }
  return paths
}

/** One instance; another `seed` makes other pixels under the same UID. */
export function instanceBytes(study: string, number: number, pixels: number, seed: number) {
  const data = new Uint8Array(pixels).map((_, at) => (at * seed + (at >> 8) * number) & 0xff)
  for (let at = 0; at + MARK.length <= pixels; at += 50_000) data.set(MARK, at)
  return dicomFile([
    ...identity({ study, series: `${study}.1`, instance: `${study}.1.${number}` }),
    ...imageOf(1000, pixels / 1000),
    ["00080020", "DA", "20260703"],
    ["00080030", "TM", "123400"],
    ["00100010", "PN", NAME],
    ["00100020", "LO", "P1"],
    ["00200013", "IS", String(number)],
    ["7FE00010", "OB", data],
  ])
}

/** Files as an upload takes them. */
export async function sourcesOf(paths: readonly string[]): Promise<UploadFile[]> {
  const files: UploadFile[] = []
  for (const name of paths) files.push({ name, source: await fileSource(name) })
  return files
}

/** Every byte that lies in the home folder and in the stores, by where it lies. */
export async function allStored({ world, outboxFolder }: UploadWorld) {
  const found = new Map<string, Uint8Array>()
  for (const name of await readdir(outboxFolder).catch(() => [])) {
    found.set(`outbox/${name}`, await readFile(join(outboxFolder, name)))
  }
  for (const [name, store] of Object.entries(world.stores)) {
    for await (const { key } of store.list()) {
      found.set(`${name}/${key}`, await collect(store.get(key)))
    }
  }
  return found
}

/** Fetches all instances of records and counts those that are, byte for byte, one of the files. */
export async function countSame(
  { world }: UploadWorld,
  records: readonly ReadableRecord[],
  paths: readonly string[],
): Promise<number> {
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")
  const files = new Set<string>()
  for (const path of paths) files.add(digest(await readFile(path)))
  for (const { facts } of records) {
    for await (const { bytes } of fetchRecord(world.context, world.stores.lake, facts.opened)) {
      files.delete(digest(await collect(bytes)))
    }
  }
  return new Set(paths).size - files.size
}

export { isReadable }
