/**
 * A hospital that uploads into a patient's vault, in one process: what tests of `upload` and `fetch` share.
 *
 * @module
 */

import { fileSource } from "../../src/host/file-source.ts"
import { fetchRecord } from "../../src/lake/fetch.ts"
import type { Outbox } from "../../src/lake/ports.ts"
import { readerOfOwner } from "../../src/lake/reader.ts"
import { isReadable, type ReadableRecord } from "../../src/lake/record-choice.ts"
import { readRecords } from "../../src/lake/records.ts"
import type { UploadJob } from "../../src/lake/upload.ts"
import { openWriterVault } from "../../src/lake/writer-vault.ts"
import {
  admitHospital,
  createVault,
  namesIn,
  type Patient,
  startWorld,
  type World,
} from "./world.ts"

/** Devnet, patient with agent, hospital with a seat, stores in memory. */
export interface Imaging {
  readonly world: World
  readonly patient: Patient
  readonly job: UploadJob
}

/** Keeps nothing: for uploads that are not cut off. */
const noOutbox: Outbox = { save: async () => {}, uploads: async () => [], discard: async () => {} }

/** Starts everything; `world.close` ends it. */
export async function openImaging(): Promise<Imaging> {
  const world = await startWorld()
  const patient = await createVault(world)
  const { identity } = await admitHospital(world, patient)
  const { context, stores, agent } = world
  const vault = await openWriterVault(context, stores.control, identity, patient.card)
  const job = {
    vault,
    writer: identity,
    agent,
    stores,
    outbox: noOutbox,
    reopen: fileSource,
    zone: "+00:00",
  }
  return { world, patient, job }
}

/** Names of all objects in lake and control store. */
export async function storedNames({ world: { stores } }: Imaging): Promise<string[]> {
  return [...(await namesIn(stores.lake)), ...(await namesIn(stores.control))]
}

/**
 * All records as the patient reads them.
 * @throws {Error} when one of them can't be read
 */
export async function readableRecords({ world, patient }: Imaging): Promise<ReadableRecord[]> {
  const { file } = await patient.open()
  const reader = readerOfOwner(patient.accounts, file)
  const { records } = await readRecords(world.context, world.stores.control, reader)
  return records.map((record) => {
    if (!isReadable(record)) throw new Error(`record ${record.name} is ${record.standing}`)
    return record
  })
}

/** The bytes of every instance that the patient can fetch, by UID; several where it has versions. */
export async function fetchedBytes(imaging: Imaging): Promise<Map<string, Buffer[]>> {
  const { context, stores } = imaging.world
  const fetched = new Map<string, Buffer[]>()
  for (const { facts } of await readableRecords(imaging)) {
    for await (const { sopInstanceUid, bytes } of fetchRecord(context, stores.lake, facts.opened)) {
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) pieces.push(piece)
      fetched.set(sopInstanceUid, [...(fetched.get(sopInstanceUid) ?? []), Buffer.concat(pieces)])
    }
  }
  return fetched
}
