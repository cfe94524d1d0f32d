/**
 * Records of a vault by the thousand, without their blobs: each with manifest, catalogue and record message by the real codec, the objects
 * in the control store, the messages confirmed on the devnet in aggregates of the vault that hospital and agent sign.
 *
 * @module
 */
import { once } from "../../src/base/bytes.ts"
import { systemRandom } from "../../src/base/random.ts"
import { cidOfBytes } from "../../src/cid/cid.ts"
import { epochOf, type PatientVault } from "../../src/lake/patient-vault.ts"
import { announceAggregate, signAct } from "../../src/lake/register-act.ts"
import {
  aggregateHash,
  type Instruction,
  mosaicIdOf,
  withCosignature,
} from "../../src/ledger/index.ts"
import { sealCatalogue } from "../../src/record/catalogue.ts"
import { sealManifest } from "../../src/record/manifest.ts"
import { encodeRecordMessage } from "../../src/record/record-message.ts"
import { DATA_MOSAIC } from "../../src/vault/accounts.ts"
import type { EpochKeys } from "../../src/vault/epoch.ts"
import { slotOf } from "../../src/vault/slot.ts"
import { type Hospital, type Patient, partyOf, type World } from "../support/world.ts"

/** Records are spread over these ten years. */
export const FIRST = Date.UTC(2016, 0, 1)
export const LAST = Date.UTC(2026, 0, 1)

/** Records in an aggregate. */
const BATCH = 100
const XYM = 1_000_000n
const KIND = "dicom-study"

/** Puts records number `from` to `to` into the vault. @returns the names of their objects in the control store */
export async function addRecords(
  world: World,
  patient: Patient,
  hospital: Hospital,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Set<string>> {
  const vault = await patient.open()
  const keys = epochOf(vault.id, vault.file, vault.state.newest.announcement.epoch)
  const agent = partyOf((world.vaults[0] as World["vaults"][number]).seed)
  const mosaics = [{ id: mosaicIdOf(vault.id.vault, DATA_MOSAIC.nonce), amount: 1n }]
  const network = await world.ledger.network()
  const names = new Set<string>()
  for (let done = from; done < to; done += BATCH) {
    await world.devnet.fund(hospital.identity.address, 100n * XYM)
    const instructions: Instruction[] = []
    for (let i = done; i < Math.min(to, done + BATCH); i++) {
      const time = FIRST + Math.floor((i * (LAST - FIRST)) / to)
      const record = await recordOf(vault, keys, hospital, i, time)
      for (const { cid, bytes } of record.objects) {
        await world.stores.control.put(cid.toString(), {
          size: bytes.length,
          open: () => once(bytes),
        })
        names.add(cid.toString())
      }
      const { message } = record
      const recipient = vault.id.register
      instructions.push({ type: "transfer", signer: vault.vault, recipient, mosaics, message })
    }
    const signed = await signAct(world.context, hospital.identity, instructions, 1)
    const signature = await agent.sign(aggregateHash(network, signed))
    const complete = withCosignature(signed, { publicKey: agent.key, signature })
    await announceAggregate(world.context, complete)
  }
  return names
}

async function recordOf(
  { id }: PatientVault,
  { epoch, locate, index, listRoot, readRoot }: EpochKeys,
  { identity }: Hospital,
  i: number,
  time: number,
) {
  const { slot } = slotOf(time)
  const recordKey = systemRandom(32)
  const when = { time, undated: false, before1970: false }
  const blob = { cid: cidOfBytes(systemRandom(32)), size: 1 << 20 }
  const secrets = { id: systemRandom(16), dek: systemRandom(32), commit: systemRandom(32) }
  const sha256 = systemRandom(32)
  const length = 1_000_000
  const place = { blob: 0, offset: 0, length }
  const part = { role: "instance", type: "application/dicom", coding: "identity" as const }
  const content = {
    kind: KIND,
    writer: identity.key,
    sealed: time,
    ...when,
    blobs: [{ ...secrets, ...blob, kind: "bundle" as const, length, leaves: systemRandom(32) }],
    parts: [{ ...part, ...place, sha256, ref: `2.25.${i}.1.1` }],
  }
  const manifest = await sealManifest(id, recordKey, content, {
    writer: identity,
    random: systemRandom,
  })
  const list = {
    kind: KIND,
    writer: identity.key,
    ...when,
    entry: { studyInstanceUid: `2.25.${i}`, description: "CT head", modalities: ["CT"] },
    tags: [{ uid: systemRandom(16), content: systemRandom(32) }],
  }
  const pins = { manifest: { cid: manifest.cid, size: manifest.bytes.length }, blobs: [blob] }
  const sealed = { pins, list }
  const catalogue = sealCatalogue(id, { epoch, locate, listRoot }, slot, sealed, systemRandom)
  const named = { manifest: manifest.cid, catalogue: catalogue.cid, slot, recordKey }
  const message = encodeRecordMessage(id, { epoch, locate, index, readRoot }, named, systemRandom)
  return { objects: [manifest, catalogue], message }
}
