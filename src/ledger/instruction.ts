/**
 * What an aggregate may carry here, and the ids and values that its instructions need. Bytes everywhere: no type of the
 * SDK leaves this folder.
 *
 * @module
 */
import { equal, expectLength, utf8 } from "../base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../base/errors.ts"
import { sha3 } from "./sha3.ts"
import { u32 } from "./wire.ts"

/** An amount of one mosaic, in atomic units. */
export interface MosaicAmount {
  readonly id: bigint
  readonly amount: bigint
}

/** What holders and owner of a mosaic may do (symbol.md §7.8). */
export interface MosaicFlags {
  readonly supplyMutable: boolean
  readonly transferable: boolean
  readonly restrictable: boolean
  readonly revokable: boolean
}

/** Moves mosaics, with a message of at most 1024 bytes. */
export interface TransferInstruction {
  readonly type: "transfer"
  /** Public key, 32 bytes; likewise in every instruction. */
  readonly signer: Uint8Array
  /** Address, 24 bytes. */
  readonly recipient: Uint8Array
  /** Any order; the wire order is by id. */
  readonly mosaics: readonly MosaicAmount[]
  readonly message: Uint8Array
}

/** Changes the cosignatories of the signer; deltas are relative, -128 to 127. */
export interface MultisigInstruction {
  readonly type: "multisig"
  readonly signer: Uint8Array
  readonly minApprovalDelta: number
  readonly minRemovalDelta: number
  /** Addresses, 24 bytes each. */
  readonly additions: readonly Uint8Array[]
  readonly deletions: readonly Uint8Array[]
}

/** Defines the mosaic {@link mosaicIdOf} of the signer's address and the nonce. */
export interface MosaicDefinitionInstruction {
  readonly type: "mosaic-definition"
  readonly signer: Uint8Array
  /** Unsigned 32 bits. */
  readonly nonce: number
  readonly mosaicId: bigint
  /** Blocks; 0 for ever. */
  readonly duration: bigint
  readonly flags: MosaicFlags
  /** Decimal places, 0 to 6. */
  readonly divisibility: number
}

/** Makes or destroys units of a mosaic of the signer. */
export interface MosaicSupplyInstruction {
  readonly type: "mosaic-supply"
  readonly signer: Uint8Array
  readonly mosaicId: bigint
  readonly delta: bigint
  readonly action: "increase" | "decrease"
}

/** Writes the entry (signer, target, key); value and delta come from {@link metadataDelta}. */
export interface AccountMetadataInstruction {
  readonly type: "account-metadata"
  readonly signer: Uint8Array
  /** Address, 24 bytes. */
  readonly target: Uint8Array
  readonly key: bigint
  readonly valueSizeDelta: number
  /** XOR of old and new value, at most 1024 bytes. */
  readonly value: Uint8Array
}

/** One embedded transaction. */
export type Instruction =
  | TransferInstruction
  | MultisigInstruction
  | MosaicDefinitionInstruction
  | MosaicSupplyInstruction
  | AccountMetadataInstruction

const ALIAS_BIT = 1n << 63n

/** Id of the mosaic that `owner` (address, 24 bytes) defines with `nonce` (32 bits). Source: symbol.md §3. */
export function mosaicIdOf(owner: Uint8Array, nonce: number): bigint {
  return firstU64(sha3(u32(nonce), expectLength("owner", owner, 24))) & ~ALIAS_BIT
}

/** Metadata key of a text, the same as wallets compute. Source: symbol.md §3. */
export function metadataKeyOf(text: string): bigint {
  return firstU64(sha3(utf8(text))) | ALIAS_BIT
}

/**
 * What an account-metadata instruction must carry to turn `old` (undefined: no entry) into `next`.
 * Source: symbol.md §7.7.
 * @throws {InvalidInputError} when nothing would change or the value is over 1024 bytes
 */
export function metadataDelta(
  old: Uint8Array | undefined,
  next: Uint8Array,
): Pick<AccountMetadataInstruction, "valueSizeDelta" | "value"> {
  const before = old ?? new Uint8Array()
  if (next.length > 1024) throw new InvalidInputError("a metadata value holds 1024 bytes at most")
  if (equal(before, next)) throw new InvalidInputError("the metadata value is already as asked")
  return { valueSizeDelta: next.length - before.length, value: xor(before, next) }
}

/**
 * The value that stands after a change made by {@link metadataDelta}.
 * @throws {IntegrityError} when the change was made against another old value
 */
export function applyMetadataDelta(
  old: Uint8Array | undefined,
  change: Pick<AccountMetadataInstruction, "valueSizeDelta" | "value">,
): Uint8Array {
  const before = old ?? new Uint8Array()
  const size = before.length + change.valueSizeDelta
  if (change.value.length !== Math.max(before.length, size)) {
    throw new IntegrityError("the metadata change was made against a value of another size")
  }
  const after = xor(before, change.value)
  if (after.subarray(size).some((byte) => byte !== 0)) {
    throw new IntegrityError("the metadata change was made against another value")
  }
  return after.slice(0, size)
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const mixed = new Uint8Array(Math.max(a.length, b.length))
  mixed.set(a)
  for (let i = 0; i < b.length; i++) mixed[i] = (mixed[i] as number) ^ (b[i] as number)
  return mixed
}

function firstU64(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0, true)
}
