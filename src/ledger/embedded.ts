/**
 * Instructions as embedded transactions and back: the only place that touches the SDK's models of them.
 *
 * @module
 */
import { models } from "symbol-sdk/symbol"
import { equal } from "../base/bytes.ts"
import { ForeignNetworkError, InvalidInputError, UnsupportedError } from "../base/errors.ts"
import type { Instruction, MosaicAmount, MosaicFlags } from "./instruction.ts"

/** Any embedded transaction as the SDK holds it. */
export type EmbeddedModel = models.EmbeddedTransaction

/** Longest transfer message and metadata value, bytes (symbol.md §2.2). */
const MAX_BYTES = 1024
const AT = { version: 44, network: 45, type: 46 } as const
const HEADER_SIZE = 48

interface ModelClass<M extends EmbeddedModel> {
  new (): M
  readonly TRANSACTION_TYPE: models.TransactionType
  readonly TRANSACTION_VERSION: number
  deserialize(bytes: Uint8Array): M
}

/** How one kind of instruction fills the SDK's model and is read from it. */
interface Codec {
  readonly model: ModelClass<EmbeddedModel>
  write(model: EmbeddedModel, instruction: Instruction): void
  read(model: EmbeddedModel, signer: Uint8Array): Instruction
}

type Of<K extends Instruction["type"]> = Extract<Instruction, { readonly type: K }>

/** Erases the two types that belong together, once they were checked to do so. */
function codecOf<K extends Instruction["type"], M extends EmbeddedModel>(
  type: K,
  model: ModelClass<M>,
  fill: (model: M, instruction: Of<K>) => void,
  read: (model: M) => Omit<Of<K>, "type" | "signer">,
): Codec {
  return {
    model,
    write: (empty, instruction) => fill(empty as M, instruction as Of<K>),
    read: (parsed, signer) => ({ type, signer, ...read(parsed as M) }) as unknown as Instruction,
  }
}

const CODECS: Readonly<Record<Instruction["type"], Codec>> = {
  transfer: codecOf(
    "transfer",
    models.EmbeddedTransferTransactionV1,
    (model, { recipient, mosaics, message }) => {
      model.recipientAddress = addressModel(recipient)
      model.mosaics = inOrder(mosaics).map(mosaicModel)
      model.message = bounded("message", message)
    },
    (model) => ({
      recipient: model.recipientAddress.bytes,
      mosaics: (model.mosaics as models.UnresolvedMosaic[]).map(({ mosaicId, amount }) => ({
        id: BigInt(mosaicId.value),
        amount: BigInt(amount.value),
      })),
      message: model.message,
    }),
  ),
  multisig: codecOf(
    "multisig",
    models.EmbeddedMultisigAccountModificationTransactionV1,
    (model, { minApprovalDelta, minRemovalDelta, additions, deletions }) => {
      model.minApprovalDelta = signed("minApprovalDelta", minApprovalDelta, 8)
      model.minRemovalDelta = signed("minRemovalDelta", minRemovalDelta, 8)
      model.addressAdditions = additions.map(addressModel)
      model.addressDeletions = deletions.map(addressModel)
    },
    (model) => ({
      minApprovalDelta: model.minApprovalDelta,
      minRemovalDelta: model.minRemovalDelta,
      additions: (model.addressAdditions as models.UnresolvedAddress[]).map(({ bytes }) => bytes),
      deletions: (model.addressDeletions as models.UnresolvedAddress[]).map(({ bytes }) => bytes),
    }),
  ),
  "mosaic-definition": codecOf(
    "mosaic-definition",
    models.EmbeddedMosaicDefinitionTransactionV1,
    (model, { mosaicId, duration, nonce, flags, divisibility }) => {
      model.id = new models.MosaicId(mosaicId)
      model.duration = new models.BlockDuration(duration)
      model.nonce = new models.MosaicNonce(nonce)
      model.flags = new models.MosaicFlags(flagBits(flags))
      model.divisibility = unsigned("divisibility", divisibility, 8)
    },
    (model) => ({
      nonce: Number(model.nonce.value),
      mosaicId: BigInt(model.id.value),
      duration: BigInt(model.duration.value),
      flags: flagsOf(model.flags.value),
      divisibility: model.divisibility,
    }),
  ),
  "mosaic-supply": codecOf(
    "mosaic-supply",
    models.EmbeddedMosaicSupplyChangeTransactionV1,
    (model, { mosaicId, delta, action }) => {
      model.mosaicId = new models.UnresolvedMosaicId(mosaicId)
      model.delta = new models.Amount(delta)
      model.action =
        models.MosaicSupplyChangeAction[action === "increase" ? "INCREASE" : "DECREASE"]
    },
    (model) => ({
      mosaicId: BigInt(model.mosaicId.value),
      delta: BigInt(model.delta.value),
      action: supplyAction(model.action.value),
    }),
  ),
  "account-metadata": codecOf(
    "account-metadata",
    models.EmbeddedAccountMetadataTransactionV1,
    (model, { target, key, valueSizeDelta, value }) => {
      model.targetAddress = addressModel(target)
      model.scopedMetadataKey = unsigned("key", key, 64)
      model.valueSizeDelta = signed("valueSizeDelta", valueSizeDelta, 16)
      model.value = bounded("value", value)
    },
    (model) => ({
      target: model.targetAddress.bytes,
      key: model.scopedMetadataKey,
      valueSizeDelta: model.valueSizeDelta,
      value: model.value,
    }),
  ),
}

const CODEC_OF = new Map(
  Object.values(CODECS).map((entry) => [entry.model.TRANSACTION_TYPE.value, entry] as const),
)

/**
 * The SDK's model of an instruction on the network with byte `identifier`.
 * @throws {InvalidInputError} when a field does not fit the wire format
 */
export function toModel(identifier: number, instruction: Instruction): EmbeddedModel {
  const codec = CODECS[instruction.type]
  return orInvalid(`the ${instruction.type} instruction does not fit`, () => {
    const made = new codec.model()
    made.signerPublicKey = new models.PublicKey(instruction.signer.slice())
    made.network = new models.NetworkType(identifier)
    codec.write(made, instruction)
    return made
  })
}

/**
 * Reads one embedded transaction, without padding.
 * @throws {UnsupportedError} when its type or version is none of {@link Instruction}'s
 * @throws {ForeignNetworkError} when it names another network
 * @throws {InvalidInputError} when it is not exactly what its fields would serialize to
 */
export function parseEmbedded(identifier: number, bytes: Uint8Array): Instruction {
  if (bytes.length < HEADER_SIZE) throw new InvalidInputError("an embedded transaction is cut off")
  const type = (bytes[AT.type] as number) | ((bytes[AT.type + 1] as number) << 8)
  const known = CODEC_OF.get(type)
  if (!known || bytes[AT.version] !== known.model.TRANSACTION_VERSION) {
    throw new UnsupportedError(`an embedded transaction of type ${type}, not understood here`)
  }
  if (bytes[AT.network] !== identifier) {
    throw new ForeignNetworkError("an embedded transaction names another network")
  }
  return orInvalid("an embedded transaction is malformed", () => {
    // A copy of its own: the SDK reads a message on into the buffer behind the array.
    const model = known.model.deserialize(bytes.slice())
    if (!equal(model.serialize(), bytes)) throw new RangeError("bytes left over or not canonical")
    return known.read(model, model.signerPublicKey.bytes)
  })
}

const FLAG_BITS = { supplyMutable: 1, transferable: 2, restrictable: 4, revokable: 8 } as const

function flagBits(flags: MosaicFlags): number {
  const names = Object.keys(FLAG_BITS) as (keyof MosaicFlags)[]
  return names.reduce((bits, name) => (flags[name] ? bits | FLAG_BITS[name] : bits), 0)
}

/** The flags that a byte stands for (symbol.md §7.8). */
export function flagsOf(bits: number): MosaicFlags {
  return {
    supplyMutable: (bits & FLAG_BITS.supplyMutable) !== 0,
    transferable: (bits & FLAG_BITS.transferable) !== 0,
    restrictable: (bits & FLAG_BITS.restrictable) !== 0,
    revokable: (bits & FLAG_BITS.revokable) !== 0,
  }
}

/** Of a supply change (symbol.md §5.2). */
export function supplyAction(value: number): "increase" | "decrease" {
  return value === 1 ? "increase" : "decrease"
}

function addressModel(bytes: Uint8Array): models.UnresolvedAddress {
  return new models.UnresolvedAddress(bytes.slice())
}

function mosaicModel({ id, amount }: MosaicAmount): models.UnresolvedMosaic {
  const mosaic = new models.UnresolvedMosaic()
  mosaic.mosaicId = new models.UnresolvedMosaicId(id)
  mosaic.amount = new models.Amount(amount)
  return mosaic
}

/** Ascending by id, as the chain demands (`Failure_Transfer_Out_Of_Order_Mosaics`). */
function inOrder(mosaics: readonly MosaicAmount[]): MosaicAmount[] {
  const ids = new Set(mosaics.map(({ id }) => id))
  if (ids.size < mosaics.length) throw new RangeError("a mosaic stands there twice")
  return mosaics.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function bounded(name: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > MAX_BYTES) throw new RangeError(`"${name}" has ${bytes.length} bytes of 1024`)
  return bytes.slice()
}

/** The SDK wraps what does not fit. */
function signed(name: string, value: number, bits: number): number {
  const limit = 2 ** (bits - 1)
  if (!Number.isInteger(value) || value < -limit || value >= limit) {
    throw new RangeError(`"${name}" does not fit ${bits} bits`)
  }
  return value
}

function unsigned<T extends number | bigint>(name: string, value: T, bits: number): T {
  if (value < 0 || value >= 2n ** BigInt(bits)) {
    throw new RangeError(`"${name}" does not fit ${bits} bits`)
  }
  return value
}

function orInvalid<T>(what: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new InvalidInputError(what, { cause })
  }
}
