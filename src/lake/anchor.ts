/**
 * From stored to anchored: deposits, the agent's draft, the writer's check and signature, the chain (DESIGN §5).
 *
 *     deposit ─▶ agent: draft ─▶ writer reads it whole ─▶ signs ─▶ outbox ─▶ agent cosigns, announces ─▶ confirmed
 *
 * Past its deadline, after a roll-back or in a new epoch it begins again with the deposit; what was stored stays.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import {
  AgentRefusedError,
  DeadlineError,
  IntegrityError,
  LedgerRefusedError,
  StaleEpochError,
} from "../base/errors.ts"
import { parseCid } from "../cid/cid.ts"
import {
  aggregateHash,
  type Instruction,
  mosaicIdOf,
  parseAggregate,
  signingBytes,
  withSignature,
} from "../ledger/index.ts"
import { type Draft, openDraft, sealDeposit } from "../record/deposit.ts"
import {
  openLocateWith,
  parseRecordMessage,
  RECORD_MESSAGE_LENGTH,
} from "../record/record-message.ts"
import { writerMessageHash } from "../record/writer-message.ts"
import { DATA_MOSAIC } from "../vault/accounts.ts"
import type { PendingUpload } from "./pending-upload.ts"
import type { AgentPort, Identity, LakeContext, Outbox } from "./ports.ts"
import type { WriterVault } from "./writer-vault.ts"

/** Where uploads end up. */
export interface Anchored {
  readonly upload: PendingUpload
  /** Aggregate hash, 32 bytes, and the place of the record's transfer. */
  readonly hash: Uint8Array
  readonly index: number
  readonly height: number
  /** Atomic units that the aggregate pays at most, for all its records. */
  readonly fee: bigint
}

/** A draft must still live this long when it is signed, ms. */
const MIN_LIFETIME_MS = 60_000
/** A deadline further ahead than this is not signed, ms. */
const MAX_LIFETIME_MS = 2 * 3_600_000 + 60_000
/** How often a draft that expired or fell to a new epoch is asked for again. */
const MAX_ATTEMPTS = 3

/** What anchoring works with. */
export interface AnchorJob {
  readonly vault: WriterVault
  /** Opens the vault again, when a new epoch was announced meanwhile. */
  readonly reopenVault?: () => Promise<WriterVault>
  readonly writer: Identity
  readonly agent: AgentPort
  readonly outbox: Outbox
  readonly signal?: AbortSignal
}

/** Anchors stored uploads of one vault in one aggregate, and waits until confirmed. */
export async function anchor(
  context: LakeContext,
  job: AnchorJob,
  uploads: readonly PendingUpload[],
): Promise<Anchored[]> {
  let current = job
  for (let attempt = 1; ; attempt++) {
    try {
      const signed = await signDraft(context, current, uploads)
      return await submit(context, job.agent, signed, job.signal)
    } catch (error) {
      const isStale = error instanceof StaleEpochError && job.reopenVault !== undefined
      if (!(isStale || error instanceof DeadlineError) || attempt >= MAX_ATTEMPTS) throw error
      // Manifests and blobs are of no epoch: the deposit alone is sealed again.
      if (job.reopenVault) current = { ...job, vault: await job.reopenVault() }
    }
  }
}

/** Waits for uploads whose aggregate was signed before this process began. */
export async function submit(
  { ledger }: Pick<LakeContext, "ledger">,
  agent: AgentPort,
  uploads: readonly PendingUpload[],
  signal?: AbortSignal,
): Promise<Anchored[]> {
  const [first] = uploads
  if (!first?.anchor) throw new Error("an upload is submitted once it is signed")
  const network = await ledger.network()
  const { aggregate } = first.anchor
  const hash = aggregateHash(network, aggregate)
  const state = await ledger.state(hash, signal)
  if (state.group === "unknown" || state.group === "failed") {
    const told = await agent.submit(aggregate, signal)
    if (!equal(told, hash))
      throw new IntegrityError("the agent announced another aggregate than was signed")
  }
  const { height } = await ledger.confirm(hash, {
    deadlineMs: parseAggregate(network, aggregate).deadlineMs,
    ...(signal && { signal }),
  })
  const { maxFee: fee } = parseAggregate(network, aggregate)
  return uploads.map((upload) => {
    if (!upload.anchor) throw new Error("all uploads of one aggregate are signed")
    return { upload, hash, index: upload.anchor.index, height, fee }
  })
}

async function signDraft(
  context: LakeContext,
  { vault, writer, agent, outbox, signal }: AnchorJob,
  uploads: readonly PendingUpload[],
): Promise<PendingUpload[]> {
  const at = { vault: vault.id, epoch: vault.epoch }
  const by = { writer, random: context.random }
  const deposits: Uint8Array[] = []
  for (const upload of uploads)
    deposits.push(await sealDeposit(at, vault.intake, depositOf(upload), by))
  const hashes = deposits.map(writerMessageHash)
  const draft = await openDraft(at, hashes, await agent.deposit(deposits, signal), writer)
  const places = await checkDraft(context, vault, writer, draft, uploads)
  const network = await context.ledger.network()
  const signature = await writer.sign(signingBytes(network, draft.aggregate))
  const aggregate = withSignature(draft.aggregate, signature)
  const company = uploads.map(({ id }, i) => ({ id, index: places[i] as number }))
  const signed: PendingUpload[] = []
  for (const [i, upload] of uploads.entries()) {
    const next = { ...upload, anchor: { aggregate, index: places[i] as number, company } }
    await outbox.save(next)
    signed.push(next)
  }
  return signed
}

function depositOf(upload: PendingUpload) {
  const { recordKey, kind, time, undated, before1970, entry } = upload
  return {
    recordKey,
    kind,
    time,
    undated,
    before1970,
    entry,
    manifest: { cid: parseCid(upload.manifestCid), size: upload.manifest.length },
    blobs: upload.blobs.map(({ cid, size }) => ({ cid: parseCid(cid), size })),
    instances: upload.instances.map(({ uid, digest }) => ({ uid, digest })),
  }
}

/**
 * Reads a draft whole: nothing but one-unit transfers of records vault → register, one for each upload, each naming its manifest.
 * @returns the place of each upload's transfer
 * @throws {IntegrityError} when it would do anything else
 */
async function checkDraft(
  { ledger }: LakeContext,
  vault: WriterVault,
  writer: Identity,
  draft: Draft,
  uploads: readonly PendingUpload[],
): Promise<number[]> {
  const aggregate = parseAggregate(await ledger.network(), draft.aggregate)
  const refuse = (what: string) => new IntegrityError(`the agent's draft ${what}: not signed`)
  if (!equal(aggregate.signer, writer.key)) throw refuse("is to be paid by another account")
  const lifetime = aggregate.deadlineMs - (await ledger.time())
  if (lifetime < MIN_LIFETIME_MS) throw new DeadlineError("the agent's draft is about to expire")
  if (lifetime > MAX_LIFETIME_MS) throw refuse("would live longer than two hours")
  if (aggregate.instructions.length !== uploads.length)
    throw refuse("holds other transfers than ours")
  const mosaic = mosaicIdOf(vault.id.vault, DATA_MOSAIC.nonce)
  const manifests = aggregate.instructions.map((instruction, index) => {
    const opener = draft.openers.find((one) => one.index === index)
    if (!opener) throw refuse("does not open one of its locate boxes")
    const message = recordMessageOf(instruction, vault, mosaic)
    if (!message) throw refuse("would do something else than move one unit with a record")
    if (message.epoch !== vault.epoch)
      throw new StaleEpochError("the agent drafted for another epoch")
    return openLocateWith(message, opener.opener).manifest.toString()
  })
  return uploads.map(({ manifestCid }) => {
    const index = manifests.indexOf(manifestCid)
    if (index < 0) throw refuse("does not name one of our manifests")
    return index
  })
}

function recordMessageOf(instruction: Instruction, vault: WriterVault, mosaic: bigint) {
  if (instruction.type !== "transfer") return undefined
  const { signer, recipient, mosaics, message } = instruction
  const [unit] = mosaics
  const movesOne = mosaics.length === 1 && unit?.id === mosaic && unit.amount === 1n
  const isOurs = equal(signer, vault.vault) && equal(recipient, vault.id.register)
  if (!movesOne || !isOurs || message.length !== RECORD_MESSAGE_LENGTH) return undefined
  return parseRecordMessage(message)
}

/**
 * Whether what an aggregate was to anchor may be drafted again: it can't be confirmed any more, or the agent does not know it. Should an old one
 * be confirmed all the same, the manifest that both name counts once.
 */
export function mayDraftAgain(error: unknown): boolean {
  if (error instanceof AgentRefusedError) return error.rule === "draft"
  return (
    error instanceof DeadlineError ||
    error instanceof LedgerRefusedError ||
    error instanceof StaleEpochError
  )
}
