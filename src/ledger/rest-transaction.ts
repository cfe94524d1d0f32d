/**
 * Transactions as REST tells them, turned back into the bytes that were signed.
 *
 * @module
 */
import { equal, hex } from "../base/bytes.ts"
import { IntegrityError, UnsupportedError } from "../base/errors.ts"
import {
  type Aggregate,
  aggregateHash,
  composeAggregate,
  merkleComponentHash,
} from "./aggregate.ts"
import { flagsOf, supplyAction } from "./embedded.ts"
import type { Instruction, MosaicAmount } from "./instruction.ts"
import type { Network } from "./network.ts"
import type { Rest } from "./rest.ts"
import type { RestValue } from "./rest-value.ts"
import { verifyAggregate } from "./verify-aggregate.ts"

/** Types by number (symbol.md §5.2). */
const TYPE = {
  transfer: 0x4154,
  multisig: 0x4155,
  mosaicDefinition: 0x414d,
  mosaicSupply: 0x424d,
  accountMetadata: 0x4144,
  aggregateComplete: 0x4141,
} as const

/** A confirmed aggregate whose bytes have the hash asked for and whose signatures verify. */
export interface ConfirmedAggregate extends Aggregate {
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
  /** Where the node says that it stands: `proveTransaction` proves the height. */
  readonly height: number
  /** Its place among the transactions of the block, from 0. */
  readonly index: number
  /** Public keys of those who cosigned, in order; the signer is not among them. */
  readonly cosignatories: readonly Uint8Array[]
  /** Leaf of the block's merkle tree. */
  readonly merkleComponentHash: Uint8Array
}

/**
 * Reads a confirmed aggregate; undefined when the node has none of this hash.
 * @throws {IntegrityError} when what the node tells does not hash to `hash`, or a signature does not verify
 * @throws {UnsupportedError} when it is, or holds, something unknown here
 */
export async function readAggregate(
  rest: Rest,
  network: Network,
  hash: Uint8Array,
  signal?: AbortSignal,
): Promise<ConfirmedAggregate | undefined> {
  const answer = await rest.find(`/transactions/confirmed/${hex(hash).toUpperCase()}`, signal)
  if (!answer) return undefined
  const [meta, transaction] = [answer.at("meta"), answer.at("transaction")]
  const bytes = rebuild(network, transaction)
  if (!equal(aggregateHash(network, bytes), hash)) {
    throw new IntegrityError(`the node altered transaction ${hex(hash)}: it has another hash`)
  }
  const aggregate = verifyAggregate(network, bytes)
  return {
    ...aggregate,
    bytes,
    hash,
    height: meta.at("height").count(),
    index: meta.at("index").integer(),
    cosignatories: aggregate.cosignatures.map(({ publicKey }) => publicKey),
    merkleComponentHash: merkleComponentHash(hash, aggregate.cosignatures),
  }
}

function rebuild(network: Network, transaction: RestValue): Uint8Array {
  const type = transaction.at("type").integer()
  const version = transaction.at("version").integer()
  if (type !== TYPE.aggregateComplete || version !== 3) {
    throw new UnsupportedError(`a transaction of type ${type}, version ${version}`)
  }
  const embedded = transaction
    .at("transactions")
    .list()
    .map((part) => ({ index: part.at("meta").at("index").integer(), part: part.at("transaction") }))
    .toSorted((a, b) => a.index - b.index)
  const header = {
    signer: transaction.at("signerPublicKey").hex(32),
    signature: transaction.at("signature").hex(64),
    deadlineMs: transaction.at("deadline").count(),
    maxFee: transaction.at("maxFee").decimal(),
    cosignatures: transaction
      .at("cosignatures")
      .list()
      .map((cosignature) => ({
        publicKey: cosignature.at("signerPublicKey").hex(32),
        signature: cosignature.at("signature").hex(64),
      })),
  }
  const instructions = embedded.map(({ part }) => parseInstruction(part))
  return composeAggregate(network, header, instructions)
}

/**
 * One embedded transaction from its JSON.
 * @throws {UnsupportedError} when its type is none of {@link Instruction}'s
 */
function parseInstruction(part: RestValue): Instruction {
  const signer = part.at("signerPublicKey").hex(32)
  const type = part.at("type").integer()
  switch (type) {
    case TYPE.transfer:
      return { type: "transfer", signer, ...parseTransfer(part) }
    case TYPE.multisig:
      return {
        type: "multisig",
        signer,
        minApprovalDelta: part.at("minApprovalDelta").integer(),
        minRemovalDelta: part.at("minRemovalDelta").integer(),
        additions: addresses(part.at("addressAdditions")),
        deletions: addresses(part.at("addressDeletions")),
      }
    case TYPE.mosaicDefinition:
      return {
        type: "mosaic-definition",
        signer,
        nonce: part.at("nonce").integer(),
        mosaicId: part.at("id").id(),
        duration: part.at("duration").decimal(),
        flags: flagsOf(part.at("flags").integer()),
        divisibility: part.at("divisibility").integer(),
      }
    case TYPE.mosaicSupply:
      return {
        type: "mosaic-supply",
        signer,
        mosaicId: part.at("mosaicId").id(),
        delta: part.at("delta").decimal(),
        action: supplyAction(part.at("action").integer()),
      }
    case TYPE.accountMetadata:
      return {
        type: "account-metadata",
        signer,
        target: part.at("targetAddress").hex(24),
        key: part.at("scopedMetadataKey").id(),
        valueSizeDelta: part.at("valueSizeDelta").integer(),
        value: part.at("value").hex(),
      }
    default:
      throw new UnsupportedError(`an embedded transaction of type ${type}`)
  }
}

/** Fields of a transfer beside its signer; REST leaves an empty message out. */
export function parseTransfer(part: RestValue): {
  readonly recipient: Uint8Array
  readonly mosaics: readonly MosaicAmount[]
  readonly message: Uint8Array
} {
  return {
    recipient: part.at("recipientAddress").hex(24),
    mosaics: part
      .at("mosaics")
      .list()
      .map((mosaic) => ({ id: mosaic.at("id").id(), amount: mosaic.at("amount").decimal() })),
    message: part.find("message")?.hex() ?? new Uint8Array(),
  }
}

function addresses(field: RestValue): Uint8Array[] {
  return field.list().map((address) => address.hex(24))
}
