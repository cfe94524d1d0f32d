/**
 * Adoption: a writer's deposits become a draft, if the rules say so.
 *
 *     verify ─▶ open ─▶ member? ─▶ rules, logged ─▶ everything stored? ─▶ known already? ─▶ catalogues ─▶ draft, durable ─▶ answer
 *
 * The same deposits again (by their manifests) get the same draft while its deadline lives, also when it was submitted or anchored meanwhile:
 * its writer signs the same bytes and `submit` answers with the same hash. After the deadline they get a new one. All of a
 * request are adopted, or none.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import { equal } from "../base/bytes.ts"
import {
  AgentRefusedError,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
} from "../base/errors.ts"
import type { HpkeMessage } from "../lake/ports.ts"
import { type Deposit, openDeposit, sealDraft, verifyDeposit } from "../record/deposit.ts"
import type { VaultEpoch, WriterMessage } from "../record/writer-message.ts"
import type { Card, ContactBody } from "../vault/card.ts"
import { type AgentVault, type AgentVaults, holderOf } from "./agent-vault.ts"
import { type CataloguedRecord, catalogue, draftFor, drawUp } from "./draft.ts"
import { readMessages } from "./incoming.ts"
import { findKnown, type Known } from "./known-draft.ts"
import type { AgentContext, DraftRow } from "./ports.ts"
import { type DepositFacts, decide } from "./rules.ts"
import { settleDrafts } from "./settle.ts"
import type { Turns } from "./turns.ts"
import { memberCard, type VaultState } from "./vault-state.ts"

/** Instructions that fit an aggregate. */
const MOST_DEPOSITS = 100
const HOUR_MS = 60 * 60_000

/**
 * Adopts deposits of one writer for one vault.
 * @returns the draft over all of them, sealed to the writer
 * @throws {InvalidInputError} when they are not 1 to 100 different ones of one writer
 * @throws {IntegrityError} when a signature does not hold, or something is stored with another size than it says
 * @throws {StaleEpochError} when one is sealed for another epoch than the newest
 * @throws {AccessDeniedError} when the writer has no seat, or a deposit is sealed to another key
 * @throws {AgentRefusedError} when a rule turns one down, or its manifest is another writer's
 * @throws {NotFoundError} when something is not stored
 * @throws {AlreadyExistsError} when one of them is anchored and the others are not
 * @throws {TooManyRequestsError} while one of them is on its way in another aggregate
 */
export async function adopt(
  context: AgentContext,
  vaults: AgentVaults,
  turns: Turns,
  messages: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<HpkeMessage> {
  if (messages.length < 1 || messages.length > MOST_DEPOSITS) {
    throw new InvalidInputError(`a request holds 1 to ${MOST_DEPOSITS} deposits`)
  }
  const { state, read } = await readMessages(context, vaults, messages, verifyDeposit, signal)
  const [{ writer }] = read as [WriterMessage]
  const card = memberCard(state, writer)
  const intake = holderOf(state.held.intake)
  const deposits: Deposit[] = []
  for (const message of read) deposits.push(await openDeposit(state.vault.id, message, intake))
  requireDifferent(deposits)
  const { vault, epoch } = state
  const row = await turns.take(vault.secrets.register, async () => {
    await settleDrafts(context, signal)
    const by = { writer, epoch: epoch.epoch }
    const manifests = deposits.map(({ manifest }) => manifest.cid.bytes)
    const { draft, adopted } = await findKnown(context, vault, by, manifests, signal)
    return draft ?? (await adoptNew(context, state, card, { deposits, adopted }, signal))
  })
  const draft = await draftFor(context, state, row.aggregate)
  const at: VaultEpoch = { vault: vault.id, epoch: epoch.epoch }
  const hashes = read.map(({ hash }) => hash)
  return await sealDraft(at, hashes, card.body.agreement, draft, context.random)
}

function requireDifferent(deposits: readonly Deposit[]): void {
  const names = new Set(deposits.map(({ manifest }) => manifest.cid.toString()))
  if (names.size !== deposits.length) {
    throw new InvalidInputError("the request holds one deposit twice")
  }
}

async function adoptNew(
  context: AgentContext,
  state: VaultState,
  card: Card<ContactBody>,
  { deposits, adopted }: { readonly deposits: readonly Deposit[] } & Pick<Known, "adopted">,
  signal: AbortSignal | undefined,
): Promise<DraftRow> {
  const { vault, epoch } = state
  const { register } = vault.secrets
  const writer = card.body.key
  for (const [i, deposit] of deposits.entries()) {
    await requireRule(context, vault, card, deposit, i)
  }
  for (const deposit of deposits) await requireStored(vault, deposit, signal)
  const catalogued: CataloguedRecord[] = []
  for (const deposit of deposits) {
    const before = adopted.find((one) => equal(one.manifest, deposit.manifest.cid.bytes))
    const sealed = before?.draft.epoch === epoch.epoch ? CID.decode(before.catalogue) : undefined
    catalogued.push(await catalogue(context, state, writer, deposit, { sealed, signal }))
  }
  const drawn = await drawUp(context, state, writer, catalogued, signal)
  const row: DraftRow = { ...drawn, register, writer, epoch: epoch.epoch, state: "drafted" }
  const records = catalogued.map(({ deposit, catalogue: named, tags }) => ({
    manifest: deposit.manifest.cid.bytes,
    catalogue: named.bytes,
    tags,
  }))
  await context.tables.drafts.add(row, records, context.clock.now())
  return row
}

/** Decides on one deposit and logs it. `before` counts those of this request that were decided already. */
async function requireRule(
  { rules: load, tables, clock }: AgentContext,
  { secrets }: AgentVault,
  { body, root }: Card<ContactBody>,
  deposit: Deposit,
  before: number,
): Promise<void> {
  const rules = await load()
  const at = clock.now()
  const counted = await tables.drafts.countSince(secrets.register, body.key, at - HOUR_MS)
  const facts: DepositFacts = {
    name: body.name,
    root,
    category: secrets.category,
    kind: deposit.kind,
    bytes: [deposit.manifest, ...deposit.blobs].reduce((sum, { size }) => sum + size, 0),
    lastHour: counted + before,
    at,
  }
  const { outcome, rule, reason } = decide(rules, facts)
  const { dryRun } = rules
  await tables.decisions.add({ at, what: "deposit", rule, outcome, dryRun })
  if (dryRun) {
    throw new AgentRefusedError(
      `this agent tries its rules out: rule "${rule}" says ${outcome}`,
      rule,
    )
  }
  if (outcome === "adopt") return
  const why =
    outcome === "ask" ? "the patient decides on it in person" : (reason ?? "the patient said so")
  throw new AgentRefusedError(
    `the agent does not adopt this deposit by rule "${rule}": ${why}`,
    rule,
  )
}

async function requireStored(
  { stores }: AgentVault,
  { manifest, blobs }: Deposit,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal ? { signal } : {}
  const places = [
    { store: stores.control, what: "manifest", ...manifest },
    ...blobs.map((blob) => ({ store: stores.lake, what: "blob", ...blob })),
  ]
  for (const { store, what, cid, size } of places) {
    const found = await store.stat(cid.toString(), options)
    if (!found) throw new NotFoundError(`the ${what} ${cid.toString()} is not stored: put it first`)
    if (found.size !== size) {
      throw new IntegrityError(
        `the ${what} ${cid.toString()} has ${found.size} bytes, the deposit says ${size}`,
      )
    }
  }
}
