/**
 * Aggregate complete transactions, version 3, as serialized bytes: any party can check exactly what it signs.
 *
 *     draft ──signingBytes──▶ signer ──withSignature──▶ hash ──▶ cosigners ──withCosignature──▶ announce
 *
 * Cosignatures stand outside the hash: whoever holds one may append it, in any order. The fee does cover them, so their
 * number is fixed when the draft is made. Source: symbol.md §5.1, §5.4, §7.3.
 *
 * @module
 */
import { models } from "symbol-sdk/symbol"
import { concat, equal, expectLength } from "../base/bytes.ts"
import {
  ForeignNetworkError,
  IntegrityError,
  InvalidInputError,
  UnsupportedError,
} from "../base/errors.ts"
import { parseEmbedded, toModel } from "./embedded.ts"
import type { Instruction } from "./instruction.ts"
import type { Network } from "./network.ts"
import { merkleRoot, sha3 } from "./sha3.ts"

/** What a signer or cosigner adds. */
export interface Cosignature {
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

/** A parsed aggregate; `signature` is 64 zero bytes while unsigned. */
export interface Aggregate {
  readonly signer: Uint8Array
  readonly signature: Uint8Array
  readonly instructions: readonly Instruction[]
  /** Network time, ms. */
  readonly deadlineMs: number
  /** Atomic units that the signer pays at most. */
  readonly maxFee: bigint
  /** Atomic units a byte that `maxFee` allows at the present size, rounded down. */
  readonly feeMultiplier: number
  readonly cosignatures: readonly Cosignature[]
  /** Bytes. */
  readonly size: number
}

/** What stands in an aggregate's header beside its instructions. */
export interface AggregateHeader {
  readonly signer: Uint8Array
  readonly signature: Uint8Array
  readonly deadlineMs: number
  readonly maxFee: bigint
  readonly cosignatures: readonly Cosignature[]
}

const AT = {
  signature: 8,
  signer: 72,
  reserved: 104,
  signed: 108,
  fee: 112,
  deadline: 120,
} as const
const SIGNED_LENGTH = 56
const BODY = 168
const COSIGNATURE_SIZE = 104
const EMBEDDED_MIN = 48
const TYPE = models.AggregateCompleteTransactionV3.TRANSACTION_TYPE.value
const VERSION = models.AggregateCompleteTransactionV3.TRANSACTION_VERSION
/** Per aggregate (symbol.md §2.2); the signer counts among 25 signers. */
const MAX_INSTRUCTIONS = 100
const MAX_COSIGNATURES = 24

/**
 * An unsigned aggregate, its fee reserved for `cosignatures` to come.
 * @throws {InvalidInputError} when it would break a limit of the network
 */
export function draftAggregate(
  network: Network,
  draft: {
    readonly instructions: readonly Instruction[]
    readonly signer: Uint8Array
    /** Network time, ms: see `SymbolLedger.deadline`. */
    readonly deadlineMs: number
    /** Atomic units a byte. */
    readonly feeMultiplier: number
    readonly cosignatures: number
  },
): Uint8Array {
  const { instructions, cosignatures } = draft
  if (instructions.length < 1 || instructions.length > MAX_INSTRUCTIONS) {
    throw new InvalidInputError(
      `an aggregate holds 1 to 100 instructions, not ${instructions.length}`,
    )
  }
  if (!Number.isInteger(cosignatures) || cosignatures < 0 || cosignatures > MAX_COSIGNATURES) {
    throw new InvalidInputError(`an aggregate holds 0 to 24 cosignatures, not ${cosignatures}`)
  }
  if (!Number.isInteger(draft.feeMultiplier) || draft.feeMultiplier < 0) {
    throw new InvalidInputError("the fee multiplier is a whole number of atomic units a byte")
  }
  const unsigned = { ...draft, signature: new Uint8Array(64), maxFee: 0n, cosignatures: [] }
  const bytes = composeAggregate(network, unsigned, instructions)
  const paidSize = BigInt(bytes.length + COSIGNATURE_SIZE * cosignatures)
  viewOf(bytes).setBigUint64(AT.fee, paidSize * BigInt(draft.feeMultiplier), true)
  return bytes
}

/** Serializes header and instructions; the transactions hash is computed, never taken. */
export function composeAggregate(
  network: Network,
  header: AggregateHeader,
  instructions: readonly Instruction[],
): Uint8Array {
  const embedded = instructions.map((instruction) => toModel(network.identifier, instruction))
  const hashes = embedded.map((model) => sha3(model.serialize()))
  const aggregate = new models.AggregateCompleteTransactionV3()
  aggregate.signature = new models.Signature(
    expectLength("signature", header.signature, 64).slice(),
  )
  aggregate.signerPublicKey = new models.PublicKey(
    expectLength("signer", header.signer, 32).slice(),
  )
  aggregate.network = new models.NetworkType(network.identifier)
  aggregate.fee = new models.Amount(header.maxFee)
  aggregate.deadline = new models.Timestamp(u64("deadlineMs", header.deadlineMs))
  aggregate.transactionsHash = new models.Hash256(merkleRoot(hashes).slice())
  aggregate.transactions = embedded
  const cosignatures = header.cosignatures.map(cosignatureBytes)
  const bytes = concat(new Uint8Array(aggregate.serialize()), ...cosignatures)
  viewOf(bytes).setUint32(0, bytes.length, true)
  return bytes
}

/** What the aggregate's signer signs: generation hash and 56 bytes of header, which hold the transactions hash. */
export function signingBytes(network: Network, aggregate: Uint8Array): Uint8Array {
  requireHeader(aggregate)
  return concat(network.generationHash, aggregate.subarray(AT.signed, AT.signed + SIGNED_LENGTH))
}

/** The aggregate with its signer's signature. */
export function withSignature(aggregate: Uint8Array, signature: Uint8Array): Uint8Array {
  requireHeader(aggregate)
  const signed = aggregate.slice()
  signed.set(expectLength("signature", signature, 64), AT.signature)
  return signed
}

/** Hash of a signed aggregate, which cosigners sign: it covers the signature too. */
export function aggregateHash(network: Network, aggregate: Uint8Array): Uint8Array {
  requireHeader(aggregate)
  return sha3(aggregate.subarray(AT.signature, AT.reserved), signingBytes(network, aggregate))
}

/**
 * The aggregate with one more cosignature behind the others.
 * @throws {InvalidInputError} when the key has signed already or 24 have cosigned
 */
export function withCosignature(aggregate: Uint8Array, cosignature: Cosignature): Uint8Array {
  const present = cosignaturesOf(aggregate)
  const signer = aggregate.subarray(AT.signer, AT.reserved)
  if ([signer, ...present.map((c) => c.publicKey)].some((k) => equal(k, cosignature.publicKey))) {
    throw new InvalidInputError("this key has signed the aggregate already")
  }
  if (present.length >= MAX_COSIGNATURES) {
    throw new InvalidInputError("the aggregate has its 24 cosignatures")
  }
  const longer = concat(aggregate, cosignatureBytes(cosignature))
  viewOf(longer).setUint32(0, longer.length, true)
  return longer
}

/**
 * Reads an aggregate strictly: it serializes to the same bytes again and its transactions hash is right. Signatures are
 * `verifyAggregate`'s.
 * @throws {InvalidInputError} when the bytes are malformed
 * @throws {UnsupportedError} when it, or anything it holds, is of a type or version unknown here
 * @throws {ForeignNetworkError} when it names another network
 * @throws {IntegrityError} when the transactions hash is not that of the instructions
 */
export function parseAggregate(network: Network, bytes: Uint8Array): Aggregate {
  const end = requireHeader(bytes)
  if (bytes[AT.signed + 1] !== network.identifier) {
    throw new ForeignNetworkError("the aggregate names another network")
  }
  const instructions: Instruction[] = []
  const hashes: Uint8Array[] = []
  for (let at = BODY; at < end; ) {
    const size = at + EMBEDDED_MIN <= end ? viewOf(bytes).getUint32(at, true) : 0
    const next = at + Math.ceil(size / 8) * 8
    if (size < EMBEDDED_MIN || next > end || bytes.subarray(at + size, next).some(Boolean)) {
      throw new InvalidInputError("an embedded transaction does not fit its aggregate")
    }
    const embedded = bytes.subarray(at, at + size)
    instructions.push(parseEmbedded(network.identifier, embedded))
    hashes.push(sha3(embedded))
    at = next
  }
  if (!equal(merkleRoot(hashes), bytes.subarray(128, 160))) {
    throw new IntegrityError("the aggregate's transactions hash is not that of its instructions")
  }
  const maxFee = viewOf(bytes).getBigUint64(AT.fee, true)
  return {
    signer: bytes.slice(AT.signer, AT.reserved),
    signature: bytes.slice(AT.signature, AT.signer),
    instructions,
    deadlineMs: deadlineOf(bytes),
    maxFee,
    feeMultiplier: Number(maxFee / BigInt(bytes.length)),
    cosignatures: cosignaturesOf(bytes),
    size: bytes.length,
  }
}

/** Deadline of an aggregate, network time in ms. */
export function deadlineOf(aggregate: Uint8Array): number {
  requireHeader(aggregate)
  return Number(viewOf(aggregate).getBigUint64(AT.deadline, true))
}

function cosignaturesOf(aggregate: Uint8Array): Cosignature[] {
  const cosignatures: Cosignature[] = []
  for (let at = requireHeader(aggregate); at < aggregate.length; at += COSIGNATURE_SIZE) {
    cosignatures.push({
      publicKey: aggregate.slice(at + 8, at + 40),
      signature: aggregate.slice(at + 40, at + COSIGNATURE_SIZE),
    })
  }
  return cosignatures
}

/** Hash that the block's merkle tree holds: the hash, or hash and cosigners in order (symbol.md §5.4). */
export function merkleComponentHash(
  hash: Uint8Array,
  cosignatures: readonly Cosignature[],
): Uint8Array {
  if (cosignatures.length === 0) return hash
  return sha3(hash, ...cosignatures.map(({ publicKey }) => publicKey))
}

/** Checks everything around the embedded transactions; returns where they end. */
function requireHeader(bytes: Uint8Array): number {
  if (bytes.length < BODY || viewOf(bytes).getUint32(0, true) !== bytes.length) {
    throw new InvalidInputError("the aggregate's size is not the one it states")
  }
  const view = viewOf(bytes)
  const type = view.getUint16(AT.signed + 2, true)
  if (type !== TYPE || bytes[AT.signed] !== VERSION) {
    throw new UnsupportedError(`a transaction of type ${type}, version ${bytes[AT.signed]}`)
  }
  const end = BODY + view.getUint32(160, true)
  const rest = bytes.length - end
  if (rest < 0 || rest % COSIGNATURE_SIZE !== 0) {
    throw new InvalidInputError("the aggregate's payload size does not fit its length")
  }
  const zeros = [4, AT.reserved, BODY - 4].every((at) => view.getUint32(at, true) === 0)
  let versions = 0n
  for (let at = end; at < bytes.length; at += COSIGNATURE_SIZE)
    versions |= view.getBigUint64(at, true)
  if (!zeros || versions !== 0n) {
    throw new InvalidInputError("the aggregate's reserved bytes are not zero")
  }
  return end
}

function cosignatureBytes({ publicKey, signature }: Cosignature): Uint8Array {
  return concat(
    new Uint8Array(8),
    expectLength("publicKey", publicKey, 32),
    expectLength("signature", signature, 64),
  )
}

function u64(name: string, value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidInputError(`"${name}" is a whole number of milliseconds`)
  }
  return BigInt(value)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
