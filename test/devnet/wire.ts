/**
 * Transactions as bytes, right or wrong on purpose: written from symbol.md §5 alone, so that neither the client nor the
 * devnet checks itself.
 *
 * @module
 */
import { createHash } from "node:crypto"
import { signBytes } from "../../src/crypto/ed25519.ts"
import type { Party } from "./parties.ts"

export const TYPE = {
  transfer: 0x4154,
  aggregate: 0x4141,
  multisig: 0x4155,
  mosaicDefinition: 0x414d,
  mosaicSupply: 0x424d,
  metadata: 0x4144,
} as const

/** A transaction's type and the bytes behind its header. */
export interface Content {
  readonly type: number
  readonly body: Buffer
}

/** Content with a signer, to be embedded. */
export interface Part extends Content {
  readonly signer: Party
  readonly version?: number
  readonly network?: number
}

/** What stands around the content; `edit` changes the bytes before they are signed. */
export interface Envelope {
  /** Generation hash seed, 32 bytes. */
  readonly seed: Uint8Array
  /** Network time, ms. */
  readonly deadline: bigint
  /** Atomic units; 100 a byte when left out. */
  readonly fee?: bigint
  readonly version?: number
  readonly network?: number
  readonly edit?: (bytes: Buffer) => void
}

/** What an aggregate has beside that. */
export interface AggregateEnvelope extends Envelope {
  readonly signers: readonly [Party, ...Party[]]
  /** Changes the embedded bytes before they are hashed. */
  readonly editParts?: (bytes: Buffer) => void
  /** Changes the cosignatures. */
  readonly editCosignatures?: (bytes: Buffer) => void
}

const NETWORK_BYTE = 0x98
const HEADER = 128
const EMBEDDED_HEADER = 48
const COSIGNATURE = 104
const FEE_MULTIPLIER = 100n

export function u16(value: number): Buffer {
  return Buffer.of(value & 255, (value >> 8) & 255)
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

export function sha3(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha3-256")
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}

export interface Amount {
  readonly id: bigint
  readonly amount: bigint
}

export function transferOf(
  recipient: Uint8Array,
  mosaics: readonly Amount[] = [],
  message: Uint8Array = new Uint8Array(),
): Content {
  const head = [recipient, u16(message.length), Buffer.of(mosaics.length), Buffer.alloc(5)]
  const held = mosaics.flatMap(({ id, amount }) => [u64(id), u64(amount)])
  return { type: TYPE.transfer, body: Buffer.concat([...head, ...held, message]) }
}

export function multisigOf(
  minRemovalDelta: number,
  minApprovalDelta: number,
  additions: readonly Party[] = [],
  deletions: readonly Party[] = [],
): Content {
  const head = Buffer.alloc(8)
  head.writeInt8(minRemovalDelta, 0)
  head.writeInt8(minApprovalDelta, 1)
  head.writeUInt8(additions.length, 2)
  head.writeUInt8(deletions.length, 3)
  const addresses = [...additions, ...deletions].map(({ address }) => address)
  return { type: TYPE.multisig, body: Buffer.concat([head, ...addresses]) }
}

export function definitionOf(
  id: bigint,
  nonce: number,
  fields: {
    readonly flags?: number
    readonly divisibility?: number
    readonly duration?: bigint
  } = {},
): Content {
  const { flags = 0, divisibility = 0, duration = 0n } = fields
  const body = [u64(id), u64(duration), u32(nonce), Buffer.of(flags, divisibility)]
  return { type: TYPE.mosaicDefinition, body: Buffer.concat(body) }
}

export function supplyOf(id: bigint, delta: bigint, action = 1): Content {
  return { type: TYPE.mosaicSupply, body: Buffer.concat([u64(id), u64(delta), Buffer.of(action)]) }
}

export function metadataOf(
  target: Party,
  key: bigint,
  value: Uint8Array,
  valueSizeDelta = value.length,
): Content {
  const delta = u16(valueSizeDelta & 0xffff)
  const body = Buffer.concat([target.address, u64(key), delta, u16(value.length), value])
  return { type: TYPE.metadata, body }
}

/** Id of the mosaic that an owner defines with a nonce (symbol.md §3). */
export function mosaicIdOf(owner: Party, nonce: number): bigint {
  return sha3(u32(nonce), owner.address).readBigUInt64LE(0) & ~(1n << 63n)
}

/** One transaction outside any aggregate, signed. */
export function single(signer: Party, content: Content, envelope: Envelope): Buffer {
  const bytes = headed(signer, content.type, content.body, envelope)
  envelope.edit?.(bytes)
  return signed(bytes, signer, envelope.seed, bytes.length)
}

/** Parts in an aggregate complete, signed by the first and cosigned by the other signers. */
export function aggregate(parts: readonly Part[], envelope: AggregateEnvelope): Buffer {
  const { signers, seed, editParts, editCosignatures } = envelope
  const [signer, ...cosigners] = signers
  const embedded = parts.map(embeddedOf)
  const payload = Buffer.concat(embedded.map(padded))
  editParts?.(payload)
  let at = 0
  const hashes = embedded.map(({ length }) => {
    const hash = sha3(payload.subarray(at, at + length))
    at += padded(Buffer.alloc(length)).length
    return hash
  })
  const head = Buffer.concat([merkleRoot(hashes), u32(payload.length), Buffer.alloc(4)])
  const room = Buffer.alloc(COSIGNATURE * cosigners.length)
  const whole = Buffer.concat([head, payload, room])
  const bytes = headed(signer, TYPE.aggregate, whole, { version: 3, ...envelope })
  envelope.edit?.(bytes)
  signed(bytes, signer, seed, HEADER + 36)
  const hash = hashOf(bytes, seed)
  const end = bytes.length - room.length
  for (const [i, { key, seed: secret }] of cosigners.entries()) {
    bytes.set(key, end + COSIGNATURE * i + 8)
    bytes.set(signBytes(secret, hash), end + COSIGNATURE * i + 40)
  }
  editCosignatures?.(bytes.subarray(end))
  return bytes
}

/** Hash of a signed transaction (symbol.md §5.4). */
export function hashOf(bytes: Buffer, seed: Uint8Array): Buffer {
  const isAggregate = bytes.readUInt16LE(110) === TYPE.aggregate
  const end = isAggregate ? HEADER + 36 : bytes.length
  return sha3(bytes.subarray(8, 104), seed, bytes.subarray(108, end))
}

function headed(signer: Party, type: number, body: Buffer, envelope: Envelope): Buffer {
  const { version = 1, network = NETWORK_BYTE, deadline } = envelope
  const size = HEADER + body.length
  return Buffer.concat([
    u32(size),
    Buffer.alloc(4 + 64),
    signer.key,
    Buffer.alloc(4),
    Buffer.of(version, network),
    u16(type),
    u64(envelope.fee ?? BigInt(size) * FEE_MULTIPLIER),
    u64(deadline),
    body,
  ])
}

function signed(bytes: Buffer, signer: Party, seed: Uint8Array, end: number): Buffer {
  bytes.set(signBytes(signer.seed, Buffer.concat([seed, bytes.subarray(108, end)])), 8)
  return bytes
}

function embeddedOf({ signer, type, body, version = 1, network = NETWORK_BYTE }: Part): Buffer {
  const size = EMBEDDED_HEADER + body.length
  const head = [
    u32(size),
    Buffer.alloc(4),
    signer.key,
    Buffer.alloc(4),
    Buffer.of(version, network),
  ]
  return Buffer.concat([...head, u16(type), body])
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
}

/** Root over leaves (symbol.md §5.4). */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? Buffer.alloc(32)
  const above: Buffer[] = []
  for (let i = 0; i < leaves.length; i += 2) {
    const left = leaves[i] as Buffer
    above.push(sha3(left, leaves[i + 1] ?? left))
  }
  return merkleRoot(above)
}
