/**
 * One transaction against the state: all rules, all changes, or none (symbol.md §7.1, §7.3).
 *
 *     check (no state) ─▶ apply part by part ─▶ fee ─▶ signatures          first failure wins, everything is undone
 *
 * @module
 */
import { verifyBytes } from "../crypto/ed25519.ts"
import { addressHex, debit, hexOf, touchKey } from "./account.ts"
import { demand, requireZeros } from "./failure.ts"
import { LIMITS, NETWORK_BYTE } from "./network.ts"
import type { PluginContext, Receipt } from "./plugins/context.ts"
import { applyAccountMetadata, checkAccountMetadata } from "./plugins/metadata.ts"
import {
  applyMosaicDefinition,
  applyMosaicSupply,
  checkMosaicDefinition,
  checkMosaicSupply,
} from "./plugins/mosaic.ts"
import {
  applyMultisig,
  approves,
  checkMultisig,
  isMultisig,
  leavesOf,
  operationOf,
} from "./plugins/multisig.ts"
import { applyTransfer, checkTransfer } from "./plugins/transfer.ts"
import type { State } from "./state.ts"
import type { AggregateBody, Embedded, Transaction } from "./transaction.ts"
import type { Body } from "./transaction-body.ts"

/** Where and when a transaction is executed. */
export interface ExecutionContext {
  readonly state: State
  readonly height: number
  /** Network time, ms. */
  readonly now: bigint
  /** 16 hex digits. */
  readonly currency: string
  readonly mosaicRental: bigint
  /** Address, hex. */
  readonly sink: string
  /** Hex; it may sign in block 1 only. */
  readonly nemesisKey: string
}

const TRANSFER_VERSION = 1
const AGGREGATE_VERSION = 3
const ZERO_KEY = Buffer.alloc(32)

/** Rules that need no state; signatures are checked by {@link verifySignatures}. @throws {Failure} */
export function checkTransaction(transaction: Transaction): void {
  const { signer, body } = transaction
  checkHeader(transaction, body.kind === "aggregate")
  const limit = BigInt(transaction.size) * 0xffffffffn
  demand(transaction.maxFee <= limit, "Core_Invalid_Transaction_Fee")
  if (body.kind !== "aggregate") {
    checkBody(body, addressHex(signer))
    return
  }
  checkAggregate(body, signer)
  for (const embedded of body.transactions) {
    checkHeader(embedded, false)
    checkBody(embedded.body, addressHex(embedded.signer))
  }
}

function checkHeader(
  { signer, reserved, network, version }: Transaction | Embedded,
  isAggregate: boolean,
): void {
  demand(!signer.equals(ZERO_KEY), "Core_Zero_Public_Key")
  requireZeros(reserved)
  demand(network === NETWORK_BYTE, "Core_Wrong_Network")
  if (isAggregate) {
    demand(version !== 1, "Aggregate_V1_Prohibited")
    demand(version !== 2, "Aggregate_V2_Prohibited")
    demand(version === AGGREGATE_VERSION, "Core_Invalid_Version")
  } else {
    demand(version === TRANSFER_VERSION, "Core_Invalid_Version")
  }
}

function checkAggregate(body: AggregateBody, signer: Buffer): void {
  const { transactions, cosignatures, reserved } = body
  requireZeros(reserved)
  demand(transactions.length > 0, "Aggregate_No_Transactions")
  const { maxTransactionsPerAggregate, maxCosignaturesPerAggregate } = LIMITS
  demand(transactions.length <= maxTransactionsPerAggregate, "Aggregate_Too_Many_Transactions")
  demand(cosignatures.length + 1 <= maxCosignaturesPerAggregate, "Aggregate_Too_Many_Cosignatures")
  const keys = new Set([signer, ...cosignatures.map((one) => one.signer)].map(hexOf))
  demand(keys.size === cosignatures.length + 1, "Aggregate_Redundant_Cosignatures")
  const isPadded = cosignatures.every(({ version }) => version === 0n)
  demand(isPadded, "Core_Nonzero_Internal_Padding")
  demand(body.transactionsHash.equals(body.computedHash), "Aggregate_Transactions_Hash_Mismatch")
}

function checkBody(body: Body, signer: string): void {
  switch (body.kind) {
    case "transfer":
      return checkTransfer(body)
    case "multisig":
      return checkMultisig(body)
    case "mosaicDefinition":
      return checkMosaicDefinition(body, signer)
    case "mosaicSupply":
      return checkMosaicSupply(body)
    case "accountMetadata":
      return checkAccountMetadata(body)
  }
}

/** Ed25519 over everything that was signed. @throws Consumer_Batch_Signature_Not_Verifiable */
export function verifySignatures({
  signer,
  signedBytes,
  signature,
  body,
  hash,
}: Transaction): void {
  const code = "Consumer_Batch_Signature_Not_Verifiable"
  demand(verifyBytes(signer, signedBytes, signature), code)
  if (body.kind !== "aggregate") return
  for (const one of body.cosignatures) demand(verifyBytes(one.signer, hash, one.signature), code)
}

/**
 * Changes the state by one transaction, at `fee` atomic units; leaves it as it was when a rule is broken.
 * @returns receipts with the place of the part that made them: 0 is the transaction itself, 1 its first embedded one
 * @throws {Failure}
 */
export function execute(
  context: ExecutionContext,
  transaction: Transaction,
  fee: bigint,
): { readonly part: number; readonly receipt: Receipt }[] {
  const { state, height } = context
  const mark = state.mark()
  const receipts: { part: number; receipt: Receipt }[] = []
  try {
    requireTimely(context, transaction)
    const signer = touchKey(state, transaction.signer, height)
    demand(!isMultisig(state, signer), "Multisig_Operation_Prohibited_By_Account")
    const plugin = (part: number, partSigner: string): PluginContext => ({
      ...context,
      signer: partSigner,
      receipt: (receipt) => receipts.push({ part, receipt }),
    })
    if (transaction.body.kind === "aggregate") {
      executeAggregate(context, transaction, transaction.body, plugin)
    } else {
      applyBody(plugin(0, signer), transaction.body)
    }
    debit(state, signer, context.currency, fee)
    return receipts
  } catch (error) {
    state.undoTo(mark)
    throw error
  }
}

function requireTimely(context: ExecutionContext, transaction: Transaction): void {
  const { now, height, nemesisKey } = context
  const isNemesis = hexOf(transaction.signer) === nemesisKey && height > 1
  demand(!isNemesis, "Core_Nemesis_Account_Signed_After_Nemesis_Block")
  demand(transaction.deadline >= now, "Core_Past_Deadline")
  const latest = now + LIMITS.maxTransactionLifetimeMs
  demand(transaction.deadline <= latest, "Core_Future_Deadline")
}

function executeAggregate(
  { state, height }: ExecutionContext,
  { signer }: Transaction,
  body: AggregateBody,
  plugin: (part: number, signer: string) => PluginContext,
): void {
  const signed = new Set([signer, ...body.cosignatures.map((one) => one.signer)].map(addressHex))
  requireEligible(state, body.transactions, signed)
  for (const one of body.cosignatures) touchKey(state, one.signer, height)
  for (const [i, embedded] of body.transactions.entries()) {
    const partSigner = touchKey(state, embedded.signer, height)
    const operation = operationOf(embedded.body)
    const required = [partSigner, ...alsoRequired(embedded)]
    const isApproved = required.every((one) => approves(state, one, signed, operation))
    demand(isApproved, "Aggregate_Missing_Cosignatures")
    applyBody(plugin(i + 1, partSigner), embedded.body)
  }
}

/** Everybody who signed is a leaf of a party, on the state before the aggregate. */
function requireEligible(
  state: State,
  transactions: readonly Embedded[],
  signed: ReadonlySet<string>,
): void {
  const eligible = new Set<string>()
  for (const embedded of transactions) {
    leavesOf(state, addressHex(embedded.signer), eligible)
    for (const address of alsoRequired(embedded)) leavesOf(state, address, eligible)
  }
  const isEligible = [...signed].every((address) => eligible.has(address))
  demand(isEligible, "Aggregate_Ineligible_Cosignatories")
}

/** Who must approve beside the signer: those added, and the target of metadata. */
function alsoRequired({ body }: Embedded): string[] {
  if (body.kind === "multisig") return body.additions.map(hexOf)
  return body.kind === "accountMetadata" ? [hexOf(body.target)] : []
}

function applyBody(context: PluginContext, body: Body): void {
  switch (body.kind) {
    case "transfer":
      return applyTransfer(context, body)
    case "multisig":
      return applyMultisig(context, body)
    case "mosaicDefinition":
      return applyMosaicDefinition(context, body)
    case "mosaicSupply":
      return applyMosaicSupply(context, body)
    case "accountMetadata":
      return applyAccountMetadata(context, body)
  }
}
