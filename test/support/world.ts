/**
 * A devnet, a patient with phone and agent, a hospital, a reader, and a server for lake, control store and links: each with its own keys,
 * joined by loopback sockets as in earnest. Only the stores behind the server are in memory.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type AgentKeys,
  type AgentOptions,
  type AgentSecrets,
  type LogEntry,
  parseRules,
  type RunningAgent,
  startAgent,
  type VaultSecrets,
} from "../../src/agent/index.ts"
import { equal } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { AlreadyExistsError } from "../../src/base/errors.ts"
import { systemRandom } from "../../src/base/random.ts"
import { authorizeAs } from "../../src/compose.ts"
import { argon2id } from "../../src/crypto/argon2id.ts"
import { publicKeyOf, signBytes } from "../../src/crypto/ed25519.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import { DurableTables } from "../../src/db/durable.ts"
import { StoreOwnerTable } from "../../src/db/store-owners.ts"
import { startDevnet } from "../../src/devnet/index.ts"
import type { StoredLink } from "../../src/gateway/link-routes.ts"
import { serve } from "../../src/gateway/serve.ts"
import { acceptSeat, contactCard, grantSeat, offerSeat } from "../../src/lake/admit.ts"
import { create } from "../../src/lake/create.ts"
import { HttpAgent } from "../../src/lake/http-agent.ts"
import { identityOf } from "../../src/lake/identity.ts"
import { openPatientVault } from "../../src/lake/patient-vault.ts"
import type { Identity, Stores } from "../../src/lake/ports.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import { aggregateHash, SymbolLedger } from "../../src/ledger/index.ts"
import { institutionSeed, newWords } from "../../src/vault/accounts.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import { parseOffer } from "../../src/vault/offer.ts"
import { sealFactor } from "../../src/vault/second-factor.ts"
import { HttpBlobStore } from "../../storage/http.ts"
import { MemoryBlobStore } from "../../storage/memory.ts"

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

/** Starts an agent of one's own, on a node and a port (0 takes a free one): e.g. in a process that can be killed. */
export type StartAgent = (node: string, port: number) => Promise<RunningAgent>

/** Starts everything; `close` ends it. */
export async function startWorld(options: { readonly agent?: StartAgent } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "medlake-world-"))
  const clock = { ...systemClock, offsetMs: 0, now: () => Date.now() + clock.offsetMs }
  const devnet = await startDevnet({ clock })
  const ledger = new SymbolLedger({ node: new HttpSymbolNode(devnet.url), clock })
  const stores = { lake: new MemoryBlobStore(), control: new MemoryBlobStore() }
  const { secrets, vaults } = memorySecrets()
  const log: LogEntry[] = []
  const database = join(folder, "durable.db")
  const state = { tables: await DurableTables.open(database), rules: parseRules({}) }
  const openStores: AgentOptions["openStores"] = ({ register, signer }) =>
    storesFor(register, signer)
  const startOwn = (_node: string, port: number) =>
    startAgent({
      ledger,
      clock,
      random: systemRandom,
      tables: state.tables,
      rules: async () => state.rules,
      secrets,
      openStores,
      port,
      log: (entry) => log.push(entry),
    })
  const start = (port: number) => (options.agent ?? startOwn)(devnet.url, port)
  const running: { agent: RunningAgent } = { agent: await start(0) }
  const links = new Map<string, StoredLink>()
  const owners = new StoreOwnerTable(":memory:")
  const server = await serve({
    stores,
    owners,
    links: {
      get: async (id) => links.get(id),
      add: async (id, link) => {
        if (links.has(id)) throw new AlreadyExistsError("the id is taken")
        links.set(id, link)
      },
      delete: async (id) => void links.delete(id),
    },
    ledger,
    clock,
    keepers: [running.agent.url],
    // For attackers: it would keep the names of its objects to itself.
    listing: true,
    port: 0,
  })
  const places = { lake: `${server.url}/blobs`, control: `${server.url}/objects` }
  /** The served stores; writes are signed for a register (public key) by one of its members. */
  const storesFor = (register: Uint8Array, signer: Identity): Stores => {
    const authorize = authorizeAs(ledger, register, signer, clock)
    return {
      lake: new HttpBlobStore({ url: places.lake, authorize: authorize("blobs") }),
      control: new HttpBlobStore({ url: places.control, authorize: authorize("objects") }),
    }
  }
  return {
    devnet,
    ledger,
    clock,
    /** Behind the server: what its operator sees. */
    stores,
    links,
    server,
    places,
    storesFor,
    vaults,
    log,
    context: { ledger, clock, random: systemRandom, cipher: new WebSegmentCipher() },
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
    /** Ends the agent as a signal would; {@link restart} starts it again. */
    stopAgent: () => running.agent.close(),
    /** Ends the agent as a signal would, and starts it anew on the same home and port. */
    restart: async () => {
      const { port } = new URL(running.agent.url)
      await running.agent.close()
      await state.tables.close()
      // A call while nobody answers: this process's pooled connections are found closed now, not by the next request.
      await fetch(running.agent.url).catch(() => undefined)
      state.tables = await DurableTables.open(database)
      running.agent = await start(Number(port))
    },
    close: async () => {
      await server.close()
      await owners.close()
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
  const { agent, url, places, context } = world
  const words = newWords(systemRandom)
  const created = await create(context, {
    category: "imaging",
    words,
    vaultIndex: 0,
    agent: { url, port: agent, pairingKey: await agent.pairingKey() },
    lake: [places.lake],
    control: [places.control],
    nodes: [world.devnet.url],
    approval: await approvalOf(PIN),
    openControl: async (writer, register) => world.storesFor(register, writer).control,
  })
  const phone = partyOf(created.phoneSeed)
  const card = parseVaultCard(created.card)
  const stores = world.storesFor(card.body.register, phone)
  const factor = async (aggregate: Uint8Array, pin = PIN) =>
    sealFactor(
      pin,
      aggregateHash(await context.ledger.network(), aggregate),
      card.body.agent.agreement,
    )
  return {
    words,
    phone,
    card,
    accounts: created.accounts,
    stores,
    factor,
    /** What acts on the register. */
    tools: { control: stores.control, phone, agent, factor },
    open: () => openPatientVault(context, stores.control, phone, card),
  }
}

export type Patient = Awaited<ReturnType<typeof createVault>>

/** Somebody with an account: pins the vault, and has a card for it under a key of its own. */
export async function newMember(world: World, patient: Patient, name: string) {
  const rootSeed = systemRandom(32)
  const root = {
    key: publicKeyOf(rootSeed),
    sign: async (bytes: Uint8Array) => signBytes(rootSeed, bytes),
  }
  const { network, register } = patient.accounts.id
  const identity = partyOf(institutionSeed(rootSeed, network, register))
  const details = { name, urls: [] }
  const card = await contactCard(world.context, patient.card, identity, root, details)
  const stores = world.storesFor(patient.accounts.register, identity)
  return { identity, root, rootSeed, card, stores }
}

export type Member = Awaited<ReturnType<typeof newMember>>

/** Gives a hospital a seat. */
export async function admitHospital(world: World, patient: Patient, name = "Klinikum") {
  const { context } = world
  const { stores } = patient
  const hospital = await newMember(world, patient, name)
  const { identity, card } = hospital
  const vault = await patient.open()
  const { offer } = await offerSeat(context, stores.control, patient.phone, vault, card)
  const answer = await acceptSeat(context, offer, identity, patient.card)
  const factor = await patient.factor(parseOffer(offer).aggregate)
  const act = await grantSeat(context, offer, answer, vault, world.agent, factor)
  return { ...hospital, act }
}

export type Hospital = Awaited<ReturnType<typeof admitHospital>>

/** Names of all objects in a store. */
export async function namesIn(store: MemoryBlobStore): Promise<string[]> {
  const names: string[] = []
  for await (const { key } of store.list()) names.push(key)
  return names
}
