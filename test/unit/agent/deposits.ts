/**
 * Deposits of made-up records, from sealing to the signed draft: what a writer does, without a study behind it.
 *
 * @module
 */
import { once, utf8 } from "../../../src/base/bytes.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { cidOfBytes } from "../../../src/cid/cid.ts"
import { xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import type { Identity } from "../../../src/lake/ports.ts"
import { aggregateHash, signingBytes, withSignature } from "../../../src/ledger/index.ts"
import { type Deposit, type Draft, openDraft, sealDeposit } from "../../../src/record/deposit.ts"
import { type VaultEpoch, writerMessageHash } from "../../../src/record/writer-message.ts"
import type { MemoryBlobStore } from "../../../storage/memory.ts"
import type { Patient, World } from "../../support/world.ts"
import { secretOf } from "../vault/samples.ts"

/** Stores bytes under their name. */
export async function storeBytes(store: MemoryBlobStore, bytes: Uint8Array) {
  const cid = cidOfBytes(bytes)
  await store.put(cid.toString(), { size: bytes.length, open: () => once(bytes) })
  return { cid, size: bytes.length }
}

/** The vault and its newest epoch, as messages name them. */
export function vaultEpoch(world: World, patient: Patient): VaultEpoch {
  return { vault: patient.accounts.id, epoch: world.vaults[0]?.epochs.at(-1)?.epoch ?? 0 }
}

/** A deposit whose blobs and manifest are stored, sealed to the agent by `writer`. */
export async function depositOf(
  world: World,
  patient: Patient,
  writer: Identity,
  name: string,
  changes: Partial<Deposit> = {},
) {
  const { control, lake } = world.stores
  const deposit: Deposit = {
    recordKey: secretOf(`record key ${name}`),
    kind: "dicom-study",
    manifest: await storeBytes(control, utf8(`manifest ${name}`)),
    blobs: [await storeBytes(lake, utf8(`blob ${name}`))],
    time: Date.UTC(2026, 6, 3, 12, 34),
    undated: false,
    before1970: false,
    entry: { modality: "CT" },
    instances: [{ uid: `1.2.${name}`, digest: secretOf(`digest ${name}`) }],
    ...changes,
  }
  const by = { writer, random: systemRandom }
  const message = await sealDeposit(vaultEpoch(world, patient), intakeKey(world), deposit, by)
  return { message, deposit, manifest: deposit.manifest.cid.bytes }
}

export type Sealed = Awaited<ReturnType<typeof depositOf>>

/** Hands deposits over and opens the draft that comes back. */
export async function draftOf(
  world: World,
  patient: Patient,
  writer: Identity,
  ...sealed: readonly Sealed[]
): Promise<Draft> {
  const messages = sealed.map(({ message }) => message)
  const answer = await world.agent.deposit(messages)
  const hashes = messages.map(writerMessageHash)
  return await openDraft(vaultEpoch(world, patient), hashes, answer, writer)
}

/** A draft with its writer's signature. */
export async function signDraft(world: World, writer: Identity, unsigned: Uint8Array) {
  const network = await world.ledger.network()
  const aggregate = withSignature(unsigned, await writer.sign(signingBytes(network, unsigned)))
  return { aggregate, hash: aggregateHash(network, aggregate) }
}

/** Public X-Wing key of the intake seed that the agent holds for its newest epoch. */
export function intakeKey(world: World): Uint8Array {
  const held = world.vaults[0]?.epochs.at(-1)
  if (!held) throw new Error("the agent is not paired")
  return xWingKeyPair(held.intake).publicKey
}
