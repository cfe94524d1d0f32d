/**
 * `grant` and `revoke`: who may read what, until when.
 *
 *     grant:  envelope, vault file durable ─▶ {announcement · metadata · message} ─▶ final ─▶ old vault file deleted
 *     revoke: fresh S_e, remaining grantees' envelopes durable ─▶ agent has the new epoch ─▶ {announcement of it · metadata · messages} ─▶ final ─▶ old ones deleted
 *
 * Cost grows with grantees, never with records: no record is touched.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { equal } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { encodeMessage, type Instruction } from "../ledger/index.ts"
import { coverNodes, type SlotRange, slotOf } from "../vault/calendar.ts"
import { parseContactCard } from "../vault/card.ts"
import { newEpochSecret } from "../vault/epoch.ts"
import {
  type Capability,
  encodeGrantMessage,
  type GrantBody,
  type GrantedEpoch,
  sealGrant,
} from "../vault/grant.ts"
import { sealHandOver } from "../vault/hand-over.ts"
import type { RememberedGrant, VaultFile } from "../vault/vault-file.ts"
import { putObject } from "./control-object.ts"
import { identityOf } from "./identity.ts"
import { epochOf, type PatientVault } from "./patient-vault.ts"
import type { AgentPort, HpkeMessage, Identity, LakeContext, Stores } from "./ports.ts"
import {
  deleteReplaced,
  type Enacted,
  enact,
  type NextAnnouncement,
  prepareAnnouncement,
  signAct,
} from "./register-act.ts"

/** Grants that fit beside an announcement in one aggregate. */
export const MAX_GRANTS = 97
const IV_LENGTH = 12

/** What a grant gives. */
export interface GrantRequest {
  /** The grantee's card, encoded. */
  readonly card: Uint8Array
  readonly capability: Capability
  readonly range: SlotRange
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  readonly purpose: string
}

/** What a register act needs beside the vault. */
export interface ActTools {
  readonly control: Stores["control"]
  readonly phone: Identity
  readonly agent: AgentPort
  /** The second factor for one aggregate, sealed to the agent. */
  readonly factor: (aggregate: Uint8Array) => Promise<HpkeMessage | undefined>
  readonly signal?: AbortSignal
}

/** Gives an account keys. */
export async function grant(
  context: LakeContext,
  tools: ActTools,
  vault: PatientVault,
  request: GrantRequest,
): Promise<{ readonly act: Enacted; readonly grant: RememberedGrant }> {
  if (vault.file.grants.length >= MAX_GRANTS) {
    throw new InvalidInputError(`a vault has at most ${MAX_GRANTS} grants: revoke one first`)
  }
  const { range, card, capability, until, purpose } = request
  const wanted = {
    id: context.random(16),
    card,
    capability,
    from: range.from,
    to: Math.min(range.to, endSlot(until)),
    until,
    purpose,
  }
  if (wanted.from >= wanted.to) {
    throw new InvalidInputError("the range begins after the grant ends: it would open nothing")
  }
  const given = await regrant(context, tools, vault, vault.file, wanted)
  const file = { ...vault.file, grants: [...vault.file.grants, given.grant] }
  const next = { file, members: vault.members }
  const act = await announce(context, tools, vault, next, [], [given.message], [])
  return { act, grant: given.grant }
}

/** Whom to revoke: grants by id, and institutions' seats by key. */
export interface RevokeRequest {
  readonly grants: readonly Uint8Array[]
  /** Symbol keys of members that lose their seat. */
  readonly seats: readonly Uint8Array[]
}

/** Begins a new epoch that the revoked have no key to. */
export async function revoke(
  context: LakeContext,
  tools: ActTools,
  vault: PatientVault,
  request: RevokeRequest,
): Promise<{ readonly act: Enacted; readonly regranted: number }> {
  const { random } = context
  const isRevoked = ({ id }: RememberedGrant) => request.grants.some((one) => equal(one, id))
  const remaining = vault.file.grants.filter((one) => !isRevoked(one) && !isOver(one, context))
  if (request.grants.length + request.seats.length === 0) {
    throw new InvalidInputError("nobody to revoke was named")
  }
  if (!request.grants.every((id) => vault.file.grants.some((one) => equal(one.id, id)))) {
    throw new NotFoundError("there is no such grant in this vault")
  }
  const epoch = vault.state.newest.announcement.epoch + 1
  const fresh = { epoch, secret: newEpochSecret(random), intake: random(32) }
  const keptCards = vault.members.cards.filter((card) => !holds(card, request.seats))
  const epochs = [...vault.file.epochs, fresh]
  const regranted: { readonly grant: RememberedGrant; readonly message: Instruction }[] = []
  for (const one of remaining) {
    regranted.push(await regrant(context, tools, vault, { ...vault.file, epochs }, one))
  }
  const file: VaultFile = {
    ...vault.file,
    epochs,
    grants: regranted.map((one) => one.grant),
    cards: vault.file.cards.filter((card) => !holds(card, request.seats)),
  }
  await handOverEpoch(tools, vault, fresh)
  const { identifier } = await context.ledger.network()
  const removals = request.seats.map((key) => unseat(vault, addressOf(key, identifier)))
  const next = { file, members: { ...vault.members, cards: keptCards } }
  const messages = regranted.map((one) => one.message)
  const obsolete = vault.file.grants.map(({ envelope }) => envelope)
  const act = await announce(context, tools, vault, next, removals, messages, obsolete)
  return { act, regranted: remaining.length }
}

/** Makes a grant's envelope durable over all epochs of the file, and writes its message. */
async function regrant(
  { random, ledger }: LakeContext,
  { control }: ActTools,
  vault: PatientVault,
  file: VaultFile,
  remembered: Omit<RememberedGrant, "envelope">,
): Promise<{ readonly grant: RememberedGrant; readonly message: Instruction }> {
  const { identifier } = await ledger.network()
  const { body: grantee } = parseContactCard(remembered.card)
  const half = { id: remembered.id, a: random(32) }
  const body = grantBody(vault, file, remembered)
  const envelope = await putObject(control, await sealGrant(vault.id, half, grantee, body, random))
  const plaintext = encodeGrantMessage({
    ...half,
    vault: vault.id.vault,
    envelope,
    until: remembered.until,
    stores: file.control.slice(0, 2),
  })
  const register = identityOf(file.registerSeed, identifier)
  const key = await register.messageKey(grantee.key)
  const message: Instruction = {
    type: "transfer",
    signer: vault.register,
    recipient: addressOf(grantee.key, identifier),
    mosaics: [],
    message: encodeMessage(key, plaintext, random(IV_LENGTH)),
  }
  return { grant: { ...remembered, envelope }, message }
}

function grantBody(
  vault: PatientVault,
  file: VaultFile,
  one: Omit<RememberedGrant, "envelope">,
): GrantBody {
  const { capability, purpose, until, from, to } = one
  const epochs = file.epochs.map(({ epoch }): GrantedEpoch => {
    const { locate, index, listRoot, readRoot } = epochOf(vault.id, file, epoch)
    const nodes = (root: Uint8Array, isGiven: boolean) =>
      isGiven ? coverNodes(root, { from, to }) : []
    return {
      epoch,
      key: capability === "locate" ? locate : index,
      list: nodes(listRoot, capability !== "locate"),
      read: nodes(readRoot, capability === "read"),
    }
  })
  return { capability, purpose, until, lake: file.lake, control: file.control, epochs }
}

async function handOverEpoch(
  { agent, phone, signal }: ActTools,
  vault: PatientVault,
  fresh: VaultFile["epochs"][number],
): Promise<void> {
  const { agent: contact } = vault.card.body
  const content = {
    kind: "epoch" as const,
    network: vault.id.network,
    register: vault.register,
    ...fresh,
  }
  await agent.handOver(await sealHandOver(content, contact.agreement, phone), signal)
}

async function announce(
  context: LakeContext,
  { control, phone, agent, factor, signal }: ActTools,
  vault: PatientVault,
  next: NextAnnouncement,
  before: readonly Instruction[],
  after: readonly Instruction[],
  envelopes: readonly CID[],
): Promise<Enacted> {
  const prepared = await prepareAnnouncement(context, control, vault, vault.state, next)
  const instructions = [...before, ...prepared.instructions, ...after]
  const aggregate = await signAct(context, phone, instructions, 1)
  const sealed = await factor(aggregate)
  const cosigner = {
    key: vault.card.body.agent.key,
    cosign: () => agent.cosign({ aggregate, ...(sealed && { factor: sealed }) }, signal),
  }
  const act = await enact(context, aggregate, [cosigner], signal)
  const { vaultFile } = vault.state.newest.announcement
  await deleteReplaced(context, control, act, [vaultFile, ...envelopes], signal)
  return act
}

function unseat(vault: PatientVault, address: Uint8Array): Instruction {
  return {
    type: "multisig",
    signer: vault.seats,
    minApprovalDelta: 0,
    minRemovalDelta: 0,
    additions: [],
    deletions: [address],
  }
}

function holds(card: Uint8Array, keys: readonly Uint8Array[]): boolean {
  const { key } = parseContactCard(card).body
  return keys.some((one) => equal(one, key))
}

function isOver({ until }: RememberedGrant, { clock }: LakeContext): boolean {
  return until !== 0 && until < clock.now()
}

/** The first slot that a grant until then may not hold. */
function endSlot(until: number): number {
  return until === 0 ? 2 ** 29 : slotOf(until).slot
}
