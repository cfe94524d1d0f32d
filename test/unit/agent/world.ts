/**
 * A devnet, a patient with phone and agent, and a hospital: each with its own keys, joined by sockets as in earnest.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type AgentKeys,
  type AgentSecrets,
  type LogEntry,
  parseRules,
  type RunningAgent,
  startAgent,
  type VaultSecrets,
} from "../../../src/agent/index.ts"
import { equal, once, utf8 } from "../../../src/base/bytes.ts"
import { systemClock } from "../../../src/base/clock.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { cidOfBytes } from "../../../src/cid/cid.ts"
import { argon2id } from "../../../src/crypto/argon2id.ts"
import { publicKeyOf, signBytes } from "../../../src/crypto/ed25519.ts"
import { WebSegmentCipher } from "../../../src/crypto/segment-cipher-web.ts"
import { xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import { DurableTables } from "../../../src/db/durable.ts"
import { startDevnet } from "../../../src/devnet/index.ts"
import { acceptSeat, contactCard, grantSeat, offerSeat } from "../../../src/lake/admit.ts"
import { create } from "../../../src/lake/create.ts"
import { HttpAgent } from "../../../src/lake/http-agent.ts"
import { identityOf } from "../../../src/lake/identity.ts"
import { openPatientVault } from "../../../src/lake/patient-vault.ts"
import type { Identity } from "../../../src/lake/ports.ts"
import { HttpSymbolNode } from "../../../src/ledger/http-node.ts"
import {
  aggregateHash,
  SymbolLedger,
  signingBytes,
  withSignature,
} from "../../../src/ledger/index.ts"
import { type Deposit, type Draft, openDraft, sealDeposit } from "../../../src/record/deposit.ts"
import { type VaultEpoch, writerMessageHash } from "../../../src/record/writer-message.ts"
import { institutionSeed, newWords } from "../../../src/vault/accounts.ts"
import { parseVaultCard } from "../../../src/vault/card.ts"
import { parseOffer } from "../../../src/vault/offer.ts"
import { sealFactor } from "../../../src/vault/second-factor.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"
import { secretOf } from "../vault/samples.ts"

export const PIN = "4711"
const NETWORK_BYTE = 0x98

/** Secrets in memory: what a keyring file holds between two runs of an agent. */
export function memorySecrets(pairing = systemRandom(32)) {
  const vaults: VaultSecrets[] = []
  const secrets: AgentSecrets = {
    load: async (): Promise<AgentKeys> => ({ pairing, vaults: [...vaults] }),
    save: async (vault) => {
      const at = vaults.findIndex((one) => equal(one.register, vault.register))
      if (at < 0) vaults.push(vault)
      else vaults[at] = vault
    },
  }
  return { secrets, vaults }
}

/** The keys of a party on the devnet. */
export const partyOf = (seed: Uint8Array): Identity => identityOf(seed, NETWORK_BYTE)

/** Starts everything; `close` ends it. */
export async function startWorld() {
  const folder = await mkdtemp(join(tmpdir(), "medlake-agent-"))
  const clock = { ...systemClock, offsetMs: 0, now: () => Date.now() + clock.offsetMs }
  const devnet = await startDevnet({ clock })
  const ledger = new SymbolLedger({ node: new HttpSymbolNode(devnet.url), clock })
  const stores = { lake: new MemoryBlobStore(), control: new MemoryBlobStore() }
  const { secrets, vaults } = memorySecrets()
  const log: LogEntry[] = []
  const database = join(folder, "durable.db")
  const state = { tables: await DurableTables.open(database), rules: parseRules({}) }
  const start = () =>
    startAgent({
      ledger,
      clock,
      random: systemRandom,
      tables: state.tables,
      rules: async () => state.rules,
      secrets,
      openStores: () => stores,
      port: 0,
      log: (entry) => log.push(entry),
    })
  const running: { agent: RunningAgent } = { agent: await start() }
  const context = {
    ledger,
    clock,
    random: systemRandom,
    cipher: new WebSegmentCipher(),
  }
  return {
    devnet,
    ledger,
    clock,
    stores,
    vaults,
    log,
    context,
    get tables() {
      return state.tables
    },
    get agent() {
      return new HttpAgent(running.agent.url)
    },
    get url() {
      return running.agent.url
    },
    setRules: (rules: unknown) => {
      state.rules = parseRules(rules)
    },
    /** Ends the agent as a signal would, and starts it anew on the same home. */
    restart: async () => {
      await running.agent.close()
      await state.tables.close()
      state.tables = await DurableTables.open(database)
      running.agent = await start()
    },
    close: async () => {
      await running.agent.close()
      await state.tables.close()
      await devnet.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>

/** A cheap verifier of {@link PIN}: tests count tries, not milliseconds. */
async function approvalOf(pin: string) {
  const cost = { memoryKiB: 8, passes: 1, lanes: 1 }
  const salt = systemRandom(16)
  return { salt, ...cost, hash: await argon2id(new TextEncoder().encode(pin), salt, cost) }
}

/** Creates a vault with the agent paired; the patient's side of it. */
export async function createVault(world: World) {
  const { agent, url, stores, context } = world
  const created = await create(context, {
    category: "imaging",
    words: newWords(systemRandom),
    vaultIndex: 0,
    agent: { url, port: agent, pairingKey: await agent.pairingKey() },
    lake: ["http://lake.test/blobs"],
    control: ["http://control.test/objects"],
    nodes: [world.devnet.url],
    approval: await approvalOf(PIN),
    openControl: async () => stores.control,
  })
  const phone = partyOf(created.phoneSeed)
  const card = parseVaultCard(created.card)
  return {
    phone,
    card,
    accounts: created.accounts,
    open: () => openPatientVault(context, stores.control, phone, card),
    factor: async (aggregate: Uint8Array, pin = PIN) =>
      sealFactor(
        pin,
        aggregateHash(await context.ledger.network(), aggregate),
        card.body.agent.agreement,
      ),
  }
}

export type Patient = Awaited<ReturnType<typeof createVault>>

/** Gives a hospital a seat. */
export async function admitHospital(world: World, patient: Patient, name = "Klinikum") {
  const { context, stores } = world
  const rootSeed = systemRandom(32)
  const root = {
    key: publicKeyOf(rootSeed),
    sign: async (bytes: Uint8Array) => signBytes(rootSeed, bytes),
  }
  const { network, register } = patient.accounts.id
  const identity = partyOf(institutionSeed(rootSeed, network, register))
  const card = await contactCard(context, patient.card, identity, root, { name, urls: [] })
  const vault = await patient.open()
  const { offer } = await offerSeat(context, stores.control, patient.phone, vault, card)
  const answer = await acceptSeat(context, offer, identity, patient.card)
  const factor = await patient.factor(parseOffer(offer).aggregate)
  const act = await grantSeat(context, offer, answer, vault, world.agent, factor)
  return { identity, root, card, act }
}

export type Hospital = Awaited<ReturnType<typeof admitHospital>>

/** Stores bytes under their name. */
export async function storeBytes(store: MemoryBlobStore, bytes: Uint8Array) {
  const cid = cidOfBytes(bytes)
  await store.put(cid.toString(), { size: bytes.length, open: () => once(bytes) })
  return { cid, size: bytes.length }
}

/** Names of all objects in a store. */
export async function namesIn(store: MemoryBlobStore): Promise<string[]> {
  const names: string[] = []
  for await (const { key } of store.list()) names.push(key)
  return names
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
