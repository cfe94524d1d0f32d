/**
 * Transactions as bytes and back (symbol.md §5). Parses what this ledger knows; anything else is {@link Unparsable}.
 *
 * @module
 */
import { Unparsable } from "./failure.ts"
import { merkleRoot, sha3 } from "./hash.ts"
import { type Body, parseBody } from "./transaction-body.ts"

/** Type codes (symbol.md §5.2). */
export const TYPE = {
  transfer: 0x4154,
  aggregateComplete: 0x4141,
  multisig: 0x4155,
  mosaicDefinition: 0x414d,
  mosaicSupply: 0x424d,
  accountMetadata: 0x4144,
} as const

/** Types that exist in an aggregate only (symbol.md §5.2). */
const EMBEDDED_ONLY: readonly number[] = [TYPE.multisig, TYPE.accountMetadata]

/** Part of an aggregate. */
export interface Embedded {
  readonly size: number
  readonly signer: Buffer
  readonly version: number
  readonly network: number
  readonly type: number
  readonly body: Body
  /** Bytes that must be zero: the header's and the padding behind it. */
  readonly reserved: Buffer
}

/** What an aggregate holds beside its header. */
export interface AggregateBody {
  readonly kind: "aggregate"
  readonly transactionsHash: Buffer
  /** Root over the embedded transactions as they stand. */
  readonly computedHash: Buffer
  readonly transactions: readonly Embedded[]
  readonly cosignatures: readonly Cosignature[]
  /** Bytes that must be zero. */
  readonly reserved: Buffer
}

export interface Cosignature {
  readonly version: bigint
  readonly signer: Buffer
  readonly signature: Buffer
}

/** A parsed top-level transaction. */
export interface Transaction {
  readonly bytes: Buffer
  readonly size: number
  readonly signature: Buffer
  readonly signer: Buffer
  readonly version: number
  readonly network: number
  readonly type: number
  readonly maxFee: bigint
  /** Network time, ms. */
  readonly deadline: bigint
  readonly body: Body | AggregateBody
  /** Bytes of the header that must be zero. */
  readonly reserved: Buffer
  /** What the signer signed. */
  readonly signedBytes: Buffer
  readonly hash: Buffer
  /** Leaf of the block's transaction tree. */
  readonly merkleComponentHash: Buffer
}

const HEADER = 128
const EMBEDDED_HEADER = 48
const AGGREGATE_HEADER = 40
const COSIGNATURE = 104
const SIGNED_AGGREGATE = 56

/**
 * Parses a top-level transaction on the network with this generation hash seed.
 * @throws {Unparsable} as a node drops what it can't read
 */
export function parseTransaction(input: Uint8Array, seed: Buffer): Transaction {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.length)
  if (bytes.length < HEADER || bytes.readUInt32LE(0) !== bytes.length) {
    throw new Unparsable("the size field is not the size")
  }
  const type = bytes.readUInt16LE(110)
  if (EMBEDDED_ONLY.includes(type)) throw new Unparsable("this type is for aggregates only")
  const version = bytes.readUInt8(108)
  const isAggregate = type === TYPE.aggregateComplete
  const body = isAggregate ? parseAggregate(bytes) : parseBody(type, bytes.subarray(HEADER))
  const signedBytes = Buffer.concat([
    seed,
    isAggregate ? bytes.subarray(108, 108 + SIGNED_AGGREGATE) : bytes.subarray(108),
  ])
  const signature = bytes.subarray(8, 72)
  const signer = bytes.subarray(72, 104)
  const hash = sha3(signature, signer, signedBytes)
  return {
    bytes,
    size: bytes.length,
    signature,
    signer,
    version,
    network: bytes.readUInt8(109),
    type,
    maxFee: bytes.readBigUInt64LE(112),
    deadline: bytes.readBigUInt64LE(120),
    body,
    reserved: Buffer.concat([bytes.subarray(4, 8), bytes.subarray(104, 108)]),
    signedBytes,
    hash,
    merkleComponentHash:
      body.kind === "aggregate" && body.cosignatures.length > 0
        ? sha3(hash, ...body.cosignatures.map((one) => one.signer))
        : hash,
  }
}

function parseAggregate(bytes: Buffer): AggregateBody {
  if (bytes.length < HEADER + AGGREGATE_HEADER) throw new Unparsable("the aggregate is cut off")
  const payloadSize = bytes.readUInt32LE(160)
  const payloadStart = HEADER + AGGREGATE_HEADER
  const payloadEnd = payloadStart + payloadSize
  const rest = bytes.length - payloadEnd
  if (rest < 0 || rest % COSIGNATURE !== 0) {
    throw new Unparsable("the payload size does not fit the aggregate")
  }
  const transactions: Embedded[] = []
  const hashes: Buffer[] = []
  for (let at = payloadStart; at < payloadEnd; ) {
    const embedded = parseEmbedded(bytes.subarray(at, payloadEnd))
    transactions.push(embedded)
    hashes.push(sha3(bytes.subarray(at, at + embedded.size)))
    at += paddedSize(embedded.size)
  }
  const cosignatures: Cosignature[] = []
  for (let at = payloadEnd; at < bytes.length; at += COSIGNATURE) {
    cosignatures.push({
      version: bytes.readBigUInt64LE(at),
      signer: bytes.subarray(at + 8, at + 40),
      signature: bytes.subarray(at + 40, at + COSIGNATURE),
    })
  }
  const transactionsHash = bytes.subarray(128, 160)
  const computedHash = merkleRoot(hashes)
  const reserved = bytes.subarray(164, payloadStart)
  return { kind: "aggregate", transactionsHash, computedHash, transactions, cosignatures, reserved }
}

function parseEmbedded(bytes: Buffer): Embedded {
  const size = bytes.length < EMBEDDED_HEADER ? 0 : bytes.readUInt32LE(0)
  if (size < EMBEDDED_HEADER || paddedSize(size) > bytes.length) {
    throw new Unparsable("an embedded transaction is cut off")
  }
  const type = bytes.readUInt16LE(46)
  return {
    size,
    signer: bytes.subarray(8, 40),
    version: bytes.readUInt8(44),
    network: bytes.readUInt8(45),
    type,
    body: parseBody(type, bytes.subarray(EMBEDDED_HEADER, size)),
    reserved: Buffer.concat([
      bytes.subarray(4, 8),
      bytes.subarray(40, 44),
      bytes.subarray(size, paddedSize(size)),
    ]),
  }
}

function paddedSize(size: number): number {
  return (size + 7) & ~7
}
