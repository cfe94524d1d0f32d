/**
 * JSON of everything that REST shows (symbol.md §9.1, §9.6): u64 as decimal text, ids and hashes as upper-case hex, addresses as hex.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { balancesInOrder, hexOf, idHex } from "../account.ts"
import { type Block, DIFFICULTY, type Statement } from "../block.ts"
import { NETWORK_BYTE } from "../network.ts"
import { partId } from "../parts.ts"
import type { StoredBlock } from "../rows.ts"
import type { AccountEntry, MetadataEntry, MosaicEntry, MultisigEntry } from "../state.ts"
import type { Embedded, Transaction } from "../transaction.ts"
import type { Body } from "../transaction-body.ts"

/** Where a confirmed transaction stands; undefined while it waits. */
export interface Place {
  readonly block: Block
  readonly place: number
}

/** A database id (24 hex digits) that follows from a key. */
export function idOf(cache: string, key: string): string {
  return createHash("sha256").update(`${cache}/${key}`).digest("hex").slice(0, 24).toUpperCase()
}

/** A transaction; embedded ones only when `whole`. */
export function transactionShape(transaction: Transaction, at: Place | undefined, whole: boolean) {
  const height = at?.block.height ?? 0
  const id = at ? partId(height, at.place, 0) : hexOf(transaction.hash).slice(0, 24)
  return {
    id,
    meta: {
      height: String(height),
      hash: hexOf(transaction.hash),
      merkleComponentHash: hexOf(transaction.merkleComponentHash),
      index: at?.place ?? 0,
      ...timing(at),
    },
    transaction: {
      size: transaction.size,
      ...headerShape(transaction),
      maxFee: transaction.maxFee.toString(),
      deadline: transaction.deadline.toString(),
      signature: hexOf(transaction.signature),
      ...topBody(transaction, at, whole),
    },
  }
}

/** One embedded transaction of an aggregate. */
export function embeddedShape(aggregate: Transaction, index: number, at: Place | undefined) {
  const height = at?.block.height ?? 0
  const { body, hash } = aggregate
  if (body.kind !== "aggregate") throw new Error("only an aggregate has embedded transactions")
  const embedded = body.transactions[index] as Embedded
  const id = at
    ? partId(height, at.place, index + 1)
    : `${hexOf(hash).slice(0, 22)}${hexByte(index)}`
  return {
    id,
    meta: {
      height: String(height),
      aggregateHash: hexOf(hash),
      aggregateId: at ? partId(height, at.place, 0) : hexOf(hash).slice(0, 24),
      index,
      ...timing(at),
    },
    transaction: { ...headerShape(embedded), ...bodyShape(embedded.body) },
  }
}

function hexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0")
}

function timing(at: Place | undefined) {
  if (!at) return {}
  return { timestamp: at.block.timestamp.toString(), feeMultiplier: at.block.feeMultiplier }
}

function headerShape({ signer, version, network, type }: Transaction | Embedded) {
  return { signerPublicKey: hexOf(signer), version, network, type }
}

function topBody(transaction: Transaction, at: Place | undefined, whole: boolean) {
  const { body } = transaction
  if (body.kind !== "aggregate") return bodyShape(body)
  const cosignatures = body.cosignatures.map(({ version, signer, signature }) => ({
    version: version.toString(),
    signerPublicKey: hexOf(signer),
    signature: hexOf(signature),
  }))
  const transactions = whole
    ? { transactions: body.transactions.map((_, i) => embeddedShape(transaction, i, at)) }
    : {}
  return { transactionsHash: hexOf(body.transactionsHash), cosignatures, ...transactions }
}

/** Fields of a body (symbol.md §9.6, last paragraph). */
export function bodyShape(body: Body) {
  switch (body.kind) {
    case "transfer":
      return {
        recipientAddress: hexOf(body.recipient),
        ...(body.message.length > 0 ? { message: hexOf(body.message) } : {}),
        mosaics: body.mosaics.map(({ id, amount }) => ({
          id: idHex(id),
          amount: amount.toString(),
        })),
      }
    case "multisig":
      return {
        minRemovalDelta: body.minRemovalDelta,
        minApprovalDelta: body.minApprovalDelta,
        addressAdditions: body.additions.map(hexOf),
        addressDeletions: body.deletions.map(hexOf),
      }
    case "mosaicDefinition":
      return {
        id: idHex(body.id),
        duration: body.duration.toString(),
        nonce: body.nonce,
        flags: body.flags,
        divisibility: body.divisibility,
      }
    case "mosaicSupply":
      return { mosaicId: idHex(body.id), delta: body.delta.toString(), action: body.action }
    case "accountMetadata":
      return {
        targetAddress: hexOf(body.target),
        scopedMetadataKey: idHex(body.key),
        valueSizeDelta: body.valueSizeDelta,
        valueSize: body.value.length,
        value: hexOf(body.value),
      }
  }
}

/** An account; `currency` is the id of the mosaic that balances list first. */
export function accountShape(entry: AccountEntry, currency: string) {
  return {
    id: idOf("account", entry.address),
    account: {
      version: 1,
      address: entry.address,
      addressHeight: String(entry.addressHeight),
      publicKey: entry.publicKey,
      publicKeyHeight: String(entry.publicKeyHeight),
      accountType: 0,
      supplementalPublicKeys: {},
      activityBuckets: [],
      mosaics: balancesInOrder(entry, currency).map(([id, amount]) => ({
        id,
        amount: amount.toString(),
      })),
      importance: "0",
      importanceHeight: "0",
    },
  }
}

export function multisigShape(entry: MultisigEntry) {
  return {
    multisig: {
      version: 1,
      accountAddress: entry.address,
      minApproval: entry.minApproval,
      minRemoval: entry.minRemoval,
      cosignatoryAddresses: entry.cosignatories,
      multisigAddresses: entry.multisigs,
    },
  }
}

export function mosaicShape(entry: MosaicEntry) {
  return {
    id: idOf("mosaic", entry.id),
    mosaic: {
      version: 1,
      id: entry.id,
      supply: entry.supply.toString(),
      startHeight: String(entry.startHeight),
      ownerAddress: entry.owner,
      revision: entry.revision,
      flags: entry.flags,
      divisibility: entry.divisibility,
      duration: entry.duration.toString(),
    },
  }
}

export function metadataShape(entry: MetadataEntry) {
  return {
    id: idOf("metadata", entry.compositeHash),
    metadataEntry: {
      version: 1,
      compositeHash: entry.compositeHash,
      sourceAddress: entry.source,
      targetAddress: entry.target,
      scopedMetadataKey: entry.key,
      targetId: "0000000000000000",
      metadataType: 0,
      valueSize: entry.value.length / 2,
      value: entry.value,
    },
  }
}

/** Fields that a block has everywhere, sockets included. */
export function blockFields(block: Block) {
  const { bytes } = block
  return {
    signature: hexOf(block.signature),
    signerPublicKey: hexOf(block.signer),
    version: 1,
    network: NETWORK_BYTE,
    type: block.type,
    height: String(block.height),
    timestamp: block.timestamp.toString(),
    difficulty: DIFFICULTY.toString(),
    proofGamma: hexOf(bytes.subarray(136, 168)),
    proofVerificationHash: hexOf(bytes.subarray(168, 184)),
    proofScalar: hexOf(bytes.subarray(184, 216)),
    previousBlockHash: hexOf(block.previousBlockHash),
    transactionsHash: hexOf(block.transactionsHash),
    receiptsHash: hexOf(block.receiptsHash),
    stateHash: hexOf(block.stateHash),
    beneficiaryAddress: hexOf(block.beneficiary),
    feeMultiplier: block.feeMultiplier,
  }
}

/** Fields of importance blocks, of which this chain has its first only. */
const NO_IMPORTANCE = {
  votingEligibleAccountsCount: 0,
  harvestingEligibleAccountsCount: "0",
  totalVotingBalance: "0",
  previousImportanceBlockHash: "0".repeat(64),
}

export function blockShape({
  block,
  roots,
  statements,
  totalFee,
  transactions,
  parts,
}: StoredBlock) {
  return {
    id: partId(block.height, 0, 0),
    meta: {
      hash: hexOf(block.hash),
      generationHash: hexOf(block.hash),
      totalFee: totalFee.toString(),
      totalTransactionsCount: parts,
      stateHashSubCacheMerkleRoots: roots.map(hexOf),
      transactionsCount: transactions,
      statementsCount: statements.length,
    },
    block: {
      size: block.bytes.length,
      ...blockFields(block),
      ...(block.height === 1 ? NO_IMPORTANCE : {}),
    },
  }
}

export function statementShape(statement: Statement, block: Block, index: number) {
  const { primaryId, secondaryId, receipts } = statement
  return {
    id: partId(block.height, primaryId, index),
    meta: { timestamp: block.timestamp.toString() },
    statement: {
      height: String(block.height),
      source: { primaryId, secondaryId },
      receipts: receipts.map(({ type, mosaicId, amount, target, recipient }) => ({
        version: 1,
        type,
        mosaicId,
        amount: amount.toString(),
        ...(recipient === undefined
          ? { targetAddress: target }
          : { senderAddress: target, recipientAddress: recipient }),
      })),
    },
  }
}
