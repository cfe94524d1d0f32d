/**
 * `create`: a vault of one category, whole in one aggregate.
 *
 *     words ─▶ six keys ─▶ agent paired ─▶ {register 2-of-3 · seats 1-of-1 · vault 2-of-3 · data mosaic · announcement · metadata} ─▶ confirmed
 *
 * All six keys sign here, where the words are; afterwards the phone keeps its own child, the agent gets its own by a sealed
 * hand-over, and the original keys of the three accounts can do nothing while they have cosignatories. The register's is kept in the
 * vault file, since messages to grantees are encrypted from it.
 *
 * @module
 */
import { AlreadyExistsError } from "../base/errors.ts"
import { aggregateHash, type Instruction, mosaicIdOf } from "../ledger/index.ts"
import { accountSeed, DATA_MOSAIC, seedOfWords } from "../vault/accounts.ts"
import { parseVaultCard, signCard, type VaultBody } from "../vault/card.ts"
import { newEpochSecret } from "../vault/epoch.ts"
import { type ApprovalVerifier, sealHandOver } from "../vault/hand-over.ts"
import type { VaultFile } from "../vault/vault-file.ts"
import { ensureFunds, XYM } from "./fund.ts"
import { identityOf } from "./identity.ts"
import { accountsOf, type VaultAccounts } from "./patient-vault.ts"
import type { AgentPort, Identity, LakeContext, Stores } from "./ports.ts"
import { type Enacted, enact, prepareAnnouncement, signAct } from "./register-act.ts"

/** What the phone's account holds after `create`, beside what it paid: enough for some thousand acts. */
const PHONE_FUNDS = 200n * XYM

/** What `create` needs beside the context. */
export interface CreateRequest {
  /** e.g. "imaging". */
  readonly category: string
  /** 24 words. */
  readonly words: string
  /** Counts the vaults of these words from 0. */
  readonly vaultIndex: number
  readonly agent: {
    readonly url: string
    readonly port: AgentPort
    readonly pairingKey: Uint8Array
  }
  /** Store and node addresses that go into card and vault file. */
  readonly lake: readonly string[]
  readonly control: readonly string[]
  readonly nodes: readonly string[]
  /** Verifier of the second factor that the agent will ask for. */
  readonly approval: ApprovalVerifier
  /** Opens the control store for writing as the register's original key. */
  readonly openControl: (writer: Identity, register: Uint8Array) => Promise<Stores["control"]>
  readonly signal?: AbortSignal
}

/** A vault on chain. */
export interface CreatedVault {
  readonly accounts: VaultAccounts
  /** The patient's card for this vault, encoded. */
  readonly card: Uint8Array
  /** Seed of the phone's key: goes into the phone's keyring. */
  readonly phoneSeed: Uint8Array
  readonly act: Enacted
}

/**
 * Creates a vault.
 * @throws {AlreadyExistsError} when these words have a vault with that number already
 * @throws {LedgerRefusedError} when the phone's account lacks funds, or the network refuses
 * @throws {AgentUnavailableError} when the agent could not be paired: nothing is on chain yet
 */
export async function create(context: LakeContext, request: CreateRequest): Promise<CreatedVault> {
  const { ledger, random, clock } = context
  const network = await ledger.network()
  const keys = deriveKeys(request, network.name === "mainnet", network.identifier)
  const { words, phone, agent, register, vault, seats } = keys.identities
  if (await ledger.multisig(register.address)) {
    throw new AlreadyExistsError(
      `these words have a vault number ${request.vaultIndex} already: choose another number, or "medlake rebuild"`,
    )
  }
  const body: VaultBody = {
    kind: "vault",
    network: network.generationHash,
    key: phone.key,
    register: register.key,
    vault: vault.key,
    seats: seats.key,
    category: request.category,
    agent: { url: request.agent.url, key: agent.key, agreement: agent.agreement },
    lake: [...request.lake],
    control: [...request.control],
    nodes: [...request.nodes],
    issued: clock.now(),
  }
  const card = parseVaultCard((await signCard(body, phone, words)).bytes)
  const accounts = accountsOf(card.body, network.identifier)
  const file = firstFile(request, card.body.agent, keys, random)
  const prepared = await prepareAnnouncement(
    context,
    await request.openControl(register, register.key),
    accounts,
    undefined,
    {
      file,
      members: { words: words.key, phone: phone.key, agent: agent.key, cards: [] },
    },
  )
  const rental = await ledger.mosaicRentalFee()
  await ensureFunds(ledger, phone.address, PHONE_FUNDS + rental, request.signal)
  const instructions = [
    ...(rental > 0n ? [payment(phone, vault, network.currencyMosaicId, rental)] : []),
    ...accountInstructions(keys.identities),
    ...mosaicInstructions(vault),
    ...prepared.instructions,
  ]
  const others = [agent, words, register, seats, vault]
  const signed = await signAct(context, phone, instructions, others.length)
  const hash = aggregateHash(network, signed)
  const cosigners = others.map((one) => ({ key: one.key, cosign: () => one.sign(hash) }))
  await pairAgent(context, request, accounts, file, keys)
  const act = await enact(context, signed, cosigners, request.signal)
  return { accounts, card: card.bytes, phoneSeed: keys.seeds.phone, act }
}

type Keys = ReturnType<typeof deriveKeys>

function deriveKeys(request: CreateRequest, mainnet: boolean, networkByte: number) {
  const root = seedOfWords(request.words)
  const seedOf = (role: "words" | "phone" | "agent" | "register" | "vault" | "seats") =>
    accountSeed(root, { mainnet, vaultIndex: request.vaultIndex, role, generation: 0 })
  const seeds = {
    words: seedOf("words"),
    phone: seedOf("phone"),
    agent: seedOf("agent"),
    register: seedOf("register"),
    vault: seedOf("vault"),
    seats: seedOf("seats"),
  }
  const identities = {
    words: identityOf(seeds.words, networkByte),
    phone: identityOf(seeds.phone, networkByte),
    agent: identityOf(seeds.agent, networkByte),
    register: identityOf(seeds.register, networkByte),
    vault: identityOf(seeds.vault, networkByte),
    seats: identityOf(seeds.seats, networkByte),
  }
  return { seeds, identities }
}

function firstFile(
  request: CreateRequest,
  agent: VaultFile["agent"],
  { seeds, identities }: Keys,
  random: LakeContext["random"],
): VaultFile {
  return {
    category: request.category,
    epochs: [{ epoch: 1, secret: newEpochSecret(random), intake: random(32) }],
    dedup: random(32),
    registerSeed: seeds.register,
    owners: [identities.words, identities.phone].map(({ key, agreement }) => ({ key, agreement })),
    lake: [...request.lake],
    control: [...request.control],
    agent,
    cards: [],
    grants: [],
  }
}

function payment(from: Identity, to: Identity, id: bigint, amount: bigint): Instruction {
  return {
    type: "transfer",
    signer: from.key,
    recipient: to.address,
    mosaics: [{ id, amount }],
    message: new Uint8Array(),
  }
}

/** Bottom up, so that every addition's own cosignatories are in place (depth 3 of 3). */
function accountInstructions({
  words,
  phone,
  agent,
  register,
  vault,
  seats,
}: Keys["identities"]): Instruction[] {
  const convert = (account: Identity, quorum: number, cosignatories: Identity[]): Instruction => ({
    type: "multisig",
    signer: account.key,
    minApprovalDelta: quorum,
    minRemovalDelta: quorum,
    additions: cosignatories.map(({ address }) => address),
    deletions: [],
  })
  return [
    convert(register, 2, [phone, agent, words]),
    convert(seats, 1, [register]),
    convert(vault, 2, [phone, agent, seats]),
  ]
}

function mosaicInstructions(vault: Identity): Instruction[] {
  const mosaicId = mosaicIdOf(vault.address, DATA_MOSAIC.nonce)
  const flags = { supplyMutable: false, transferable: false, restrictable: false, revokable: false }
  return [
    {
      type: "mosaic-definition",
      signer: vault.key,
      nonce: DATA_MOSAIC.nonce,
      mosaicId,
      duration: 0n,
      flags,
      divisibility: 0,
    },
    {
      type: "mosaic-supply",
      signer: vault.key,
      mosaicId,
      delta: DATA_MOSAIC.supply,
      action: "increase",
    },
  ]
}

async function pairAgent(
  { ledger }: LakeContext,
  request: CreateRequest,
  accounts: VaultAccounts,
  file: VaultFile,
  { seeds, identities }: Keys,
): Promise<void> {
  const { generationHash } = await ledger.network()
  const [epoch] = file.epochs
  if (!epoch) throw new Error("a vault begins with epoch 1")
  const message = await sealHandOver(
    {
      kind: "pairing",
      seed: seeds.agent,
      network: generationHash,
      register: accounts.register,
      vault: accounts.vault,
      seats: accounts.seats,
      category: request.category,
      ...epoch,
      dedup: file.dedup,
      lake: [...request.lake],
      control: [...request.control],
      nodes: [...request.nodes],
      approval: request.approval,
      phone: identities.phone.key,
      words: identities.words.key,
    },
    request.agent.pairingKey,
    identities.phone,
  )
  await request.agent.port.handOver(message, request.signal)
}
