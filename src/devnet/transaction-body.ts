/**
 * Bodies of the transactions that this ledger knows (symbol.md §5.2).
 *
 * @module
 */
import { Unparsable } from "./failure.ts"

export interface MosaicAmount {
  readonly id: bigint
  readonly amount: bigint
}

export interface TransferBody {
  readonly kind: "transfer"
  readonly recipient: Buffer
  readonly mosaics: readonly MosaicAmount[]
  readonly message: Buffer
  /** Bytes that must be zero. */
  readonly reserved: Buffer
}

export interface MultisigBody {
  readonly kind: "multisig"
  readonly minRemovalDelta: number
  readonly minApprovalDelta: number
  readonly additions: readonly Buffer[]
  readonly deletions: readonly Buffer[]
  /** Bytes that must be zero. */
  readonly reserved: Buffer
}

export interface MosaicDefinitionBody {
  readonly kind: "mosaicDefinition"
  readonly id: bigint
  readonly duration: bigint
  readonly nonce: number
  readonly flags: number
  readonly divisibility: number
}

export interface MosaicSupplyBody {
  readonly kind: "mosaicSupply"
  readonly id: bigint
  readonly delta: bigint
  readonly action: number
}

export interface AccountMetadataBody {
  readonly kind: "accountMetadata"
  readonly target: Buffer
  readonly key: bigint
  readonly valueSizeDelta: number
  readonly value: Buffer
}

export type Body =
  | TransferBody
  | MultisigBody
  | MosaicDefinitionBody
  | MosaicSupplyBody
  | AccountMetadataBody

const ADDRESS = 24
const PARSERS: Readonly<Record<number, (bytes: Buffer) => Body>> = {
  0x4154: parseTransfer,
  0x4155: parseMultisig,
  0x414d: parseMosaicDefinition,
  0x424d: parseMosaicSupply,
  0x4144: parseAccountMetadata,
}

/**
 * Parses the bytes after the header.
 * @throws {Unparsable} an unknown type, a size that does not fit
 */
export function parseBody(type: number, bytes: Buffer): Body {
  const parse = PARSERS[type]
  if (!parse) throw new Unparsable(`type ${type.toString(16)} is not known here`)
  return parse(bytes)
}

function parseTransfer(bytes: Buffer): TransferBody {
  atLeast(bytes, 32)
  const messageSize = bytes.readUInt16LE(24)
  const count = bytes.readUInt8(26)
  exactly(bytes, 32 + 16 * count + messageSize)
  const mosaics: MosaicAmount[] = []
  for (let i = 0; i < count; i++) {
    const at = 32 + 16 * i
    mosaics.push({ id: bytes.readBigUInt64LE(at), amount: bytes.readBigUInt64LE(at + 8) })
  }
  return {
    kind: "transfer",
    recipient: bytes.subarray(0, ADDRESS),
    mosaics,
    message: bytes.subarray(32 + 16 * count),
    reserved: bytes.subarray(27, 32),
  }
}

function parseMultisig(bytes: Buffer): MultisigBody {
  atLeast(bytes, 8)
  const additions = bytes.readUInt8(2)
  const deletions = bytes.readUInt8(3)
  exactly(bytes, 8 + ADDRESS * (additions + deletions))
  return {
    kind: "multisig",
    minRemovalDelta: bytes.readInt8(0),
    minApprovalDelta: bytes.readInt8(1),
    additions: addresses(bytes, 8, additions),
    deletions: addresses(bytes, 8 + ADDRESS * additions, deletions),
    reserved: bytes.subarray(4, 8),
  }
}

function parseMosaicDefinition(bytes: Buffer): MosaicDefinitionBody {
  exactly(bytes, 22)
  return {
    kind: "mosaicDefinition",
    id: bytes.readBigUInt64LE(0),
    duration: bytes.readBigUInt64LE(8),
    nonce: bytes.readUInt32LE(16),
    flags: bytes.readUInt8(20),
    divisibility: bytes.readUInt8(21),
  }
}

function parseMosaicSupply(bytes: Buffer): MosaicSupplyBody {
  exactly(bytes, 17)
  return {
    kind: "mosaicSupply",
    id: bytes.readBigUInt64LE(0),
    delta: bytes.readBigUInt64LE(8),
    action: bytes.readUInt8(16),
  }
}

function parseAccountMetadata(bytes: Buffer): AccountMetadataBody {
  atLeast(bytes, 36)
  exactly(bytes, 36 + bytes.readUInt16LE(34))
  return {
    kind: "accountMetadata",
    target: bytes.subarray(0, ADDRESS),
    key: bytes.readBigUInt64LE(24),
    valueSizeDelta: bytes.readInt16LE(32),
    value: bytes.subarray(36),
  }
}

function addresses(bytes: Buffer, from: number, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(from + ADDRESS * i, from + ADDRESS * (i + 1)),
  )
}

function atLeast(bytes: Buffer, size: number): void {
  if (bytes.length < size) throw new Unparsable("a transaction's body is cut off")
}

function exactly(bytes: Buffer, size: number): void {
  if (bytes.length !== size)
    throw new Unparsable("a transaction's body has another size than it says")
}
