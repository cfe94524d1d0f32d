/**
 * Block headers (symbol.md §5.6) and statements (§5.5). No harvesting proof: this ledger has one harvester, and clients that only read do
 * not check one, so those fields are zero.
 *
 * @module
 */
import { signBytes } from "../crypto/ed25519.ts"
import { merkleRoot, sha3 } from "./hash.ts"
import { NETWORK_BYTE } from "./network.ts"
import type { Receipt } from "./plugins/context.ts"

/** Everything in a header that is not derived from it. */
export interface BlockFields {
  readonly height: number
  /** Network time, ms. */
  readonly timestamp: bigint
  readonly previousBlockHash: Buffer
  readonly transactionsHash: Buffer
  readonly receiptsHash: Buffer
  readonly stateHash: Buffer
  /** Address, 24 bytes. */
  readonly beneficiary: Buffer
  readonly feeMultiplier: number
}

/** A signed header. */
export interface Block extends BlockFields {
  readonly bytes: Buffer
  readonly signature: Buffer
  readonly signer: Buffer
  readonly type: number
  readonly hash: Buffer
}

/** Receipts of one source in a block. */
export interface Statement {
  /** 1-based place of the transaction in the block; 0 is the block. */
  readonly primaryId: number
  /** 1-based place of the embedded transaction; 0 is the transaction itself. */
  readonly secondaryId: number
  readonly receipts: readonly Receipt[]
}

const NEMESIS = 0x8043
const NORMAL = 0x8143
const HEADER = 372
/** All of an importance header's footer is hashed, none of a normal one's. */
const NEMESIS_FOOTER = 52
const NORMAL_FOOTER = 4
const SIGNED_FROM = 108
const VERSION = 1
export const DIFFICULTY = 100_000_000_000_000n
const TRANSACTION_GROUP = 0xe143
const RECEIPT_VERSION = 1

/** Builds and signs a header by the harvester's seed. */
export function signBlock(fields: BlockFields, signer: Buffer, seed: Buffer): Block {
  const isNemesis = fields.height === 1
  const type = isNemesis ? NEMESIS : NORMAL
  const size = HEADER + (isNemesis ? NEMESIS_FOOTER : NORMAL_FOOTER)
  const bytes = Buffer.alloc(size)
  bytes.writeUInt32LE(size, 0)
  signer.copy(bytes, 72)
  bytes.writeUInt8(VERSION, 108)
  bytes.writeUInt8(NETWORK_BYTE, 109)
  bytes.writeUInt16LE(type, 110)
  bytes.writeBigUInt64LE(BigInt(fields.height), 112)
  bytes.writeBigUInt64LE(fields.timestamp, 120)
  bytes.writeBigUInt64LE(DIFFICULTY, 128)
  fields.previousBlockHash.copy(bytes, 216)
  fields.transactionsHash.copy(bytes, 248)
  fields.receiptsHash.copy(bytes, 280)
  fields.stateHash.copy(bytes, 312)
  fields.beneficiary.copy(bytes, 344)
  bytes.writeUInt32LE(fields.feeMultiplier, 368)
  const signed = bytes.subarray(SIGNED_FROM, isNemesis ? size : HEADER)
  const signature = Buffer.from(signBytes(seed, signed))
  signature.copy(bytes, 8)
  return { ...fields, bytes, signature, signer, type, hash: sha3(signature, signer, signed) }
}

/** Reads a header that {@link signBlock} wrote. */
export function parseBlock(bytes: Buffer): Block {
  const type = bytes.readUInt16LE(110)
  const signature = bytes.subarray(8, 72)
  const signer = bytes.subarray(72, 104)
  const signed = bytes.subarray(SIGNED_FROM, type === NEMESIS ? bytes.length : HEADER)
  return {
    bytes,
    signature,
    signer,
    type,
    hash: sha3(signature, signer, signed),
    height: Number(bytes.readBigUInt64LE(112)),
    timestamp: bytes.readBigUInt64LE(120),
    previousBlockHash: bytes.subarray(216, 248),
    transactionsHash: bytes.subarray(248, 280),
    receiptsHash: bytes.subarray(280, 312),
    stateHash: bytes.subarray(312, 344),
    beneficiary: bytes.subarray(344, 368),
    feeMultiplier: bytes.readUInt32LE(368),
  }
}

/** Hash of a statement; receipts stand in ascending order of their types. */
export function statementHash({ primaryId, secondaryId, receipts }: Statement): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16LE(RECEIPT_VERSION, 0)
  head.writeUInt16LE(TRANSACTION_GROUP, 2)
  head.writeUInt32LE(primaryId, 4)
  head.writeUInt32LE(secondaryId, 8)
  return sha3(head, ...receipts.map(receiptBytes))
}

/** Root over the statements of a block, in the order of their sources. */
export function receiptsHashOf(statements: readonly Statement[]): Buffer {
  return merkleRoot(statements.map(statementHash))
}

function receiptBytes({ type, mosaicId, amount, target, recipient }: Receipt): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt16LE(RECEIPT_VERSION, 0)
  head.writeUInt16LE(type, 2)
  head.writeBigUInt64LE(BigInt(`0x${mosaicId}`), 4)
  head.writeBigUInt64LE(amount, 12)
  return Buffer.concat([head, Buffer.from(target + (recipient ?? ""), "hex")])
}
