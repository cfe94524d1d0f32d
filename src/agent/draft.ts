/**
 * Record aggregates as the agent draws them up: one transfer a record, from the vault to the register.
 *
 *     adopted deposits ──▶ catalogues durable ──▶ record messages ──▶ aggregate for the writer to sign
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { sha256 } from "../crypto/sha256.ts"
import { putObject } from "../lake/control-object.ts"
import { draftAggregate, type Instruction, mosaicIdOf, parseAggregate } from "../ledger/index.ts"
import { type InstanceTags, sealCatalogue } from "../record/catalogue.ts"
import type { Deposit, Draft } from "../record/deposit.ts"
import { encodeRecordMessage, locateOpener, parseRecordMessage } from "../record/record-message.ts"
import { instanceTags } from "../record/tags.ts"
import { DATA_MOSAIC } from "../vault/accounts.ts"
import { slotOf } from "../vault/calendar.ts"
import type { AgentVault } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"
import type { VaultState } from "./vault-state.ts"

/** How long a writer has to sign, in milliseconds. */
const DRAFT_LIFETIME_MS = 2 * 60 * 60_000

type Context = Pick<AgentContext, "ledger" | "random">

/** What goes into one record message, the catalogue being durable. */
export interface CataloguedRecord {
  readonly deposit: Deposit
  readonly slot: number
  readonly catalogue: CID
  readonly tags: readonly InstanceTags[]
}

/**
 * Seals the catalogue of a deposit and makes it durable in the control store.
 * @param sealed name of the catalogue that this deposit has in this epoch, from an earlier draft
 */
export async function catalogue(
  { random }: Context,
  { vault, epoch }: VaultState,
  writer: Uint8Array,
  deposit: Deposit,
  {
    sealed,
    signal,
  }: { readonly sealed: CID | undefined; readonly signal: AbortSignal | undefined },
): Promise<CataloguedRecord> {
  const { kind, manifest, blobs, time, undated, before1970, entry } = deposit
  const tags = tagsOf(vault, deposit)
  const { slot } = slotOf(time)
  if (sealed) return { deposit, slot, tags, catalogue: sealed }
  const content = {
    pins: { manifest, blobs },
    list: { kind, writer, time, undated, before1970, entry, tags },
  }
  const { bytes } = sealCatalogue(vault.id, epoch, slot, content, random)
  return { deposit, slot, tags, catalogue: await putObject(vault.stores.control, bytes, signal) }
}

/** Tags of all instances of a deposit. */
export function tagsOf({ secrets }: AgentVault, { instances }: Deposit): InstanceTags[] {
  return instances.map(({ uid, digest }) => instanceTags(secrets.dedup, uid, digest))
}

/** An aggregate that waits for its writer. */
export interface DrawnUp {
  /** H of the unsigned aggregate. */
  readonly id: Uint8Array
  readonly aggregate: Uint8Array
  /** Network time, ms. */
  readonly deadlineMs: number
}

/** Draws up the aggregate over these records, for `writer` (Symbol public key) to sign and pay. */
export async function drawUp(
  { ledger, random }: Context,
  { vault, epoch }: VaultState,
  writer: Uint8Array,
  records: readonly CataloguedRecord[],
  signal?: AbortSignal,
): Promise<DrawnUp> {
  const { id, secrets } = vault
  const mosaics = [{ id: mosaicIdOf(id.vault, DATA_MOSAIC.nonce), amount: 1n }]
  const instructions = records.map(({ deposit, slot, catalogue: named }): Instruction => {
    const { manifest, recordKey } = deposit
    const content = { manifest: manifest.cid, catalogue: named, slot, recordKey }
    const message = encodeRecordMessage(id, epoch, content, random)
    return { type: "transfer", signer: secrets.vault, recipient: id.register, mosaics, message }
  })
  const deadlineMs = await ledger.deadline(DRAFT_LIFETIME_MS, signal)
  const feeMultiplier = await ledger.feeMultiplier(signal)
  const network = await ledger.network()
  const fields = { instructions, signer: writer, deadlineMs, feeMultiplier, cosignatures: 1 }
  const aggregate = draftAggregate(network, fields)
  return { id: draftId(aggregate), aggregate, deadlineMs }
}

/** Name of an unsigned aggregate. */
export function draftId(aggregate: Uint8Array): Uint8Array {
  return sha256(aggregate)
}

/** What the writer gets to see of a draft: the aggregate, and what opens the locate box of each transfer. */
export async function draftFor(
  { ledger }: Pick<Context, "ledger">,
  { vault, epoch }: VaultState,
  aggregate: Uint8Array,
): Promise<Draft> {
  const { instructions } = parseAggregate(await ledger.network(), aggregate)
  const openers = instructions.map((instruction, index) => {
    const message = instruction.type === "transfer" && parseRecordMessage(instruction.message)
    if (!message) throw new Error("a draft holds record messages only")
    return { index, opener: locateOpener(vault.id, message, epoch.locate) }
  })
  return { aggregate, openers }
}
