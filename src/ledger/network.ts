/**
 * One Symbol network: what must be known of it to sign for it, read from its REST properties.
 *
 * @module
 */
import { equal, fromHex } from "../base/bytes.ts"
import { ForeignNetworkError, IntegrityError } from "../base/errors.ts"
import type { Rest } from "./rest.ts"

/** A network as its nodes describe it. */
export interface Network {
  readonly name: string
  /** First byte of its addresses before base32: 0x68 mainnet, 0x98 testnet and private ones. */
  readonly identifier: number
  /** 32 bytes, part of every signature. */
  readonly generationHash: Uint8Array
  /** Unix time, seconds, at which network time starts. */
  readonly epochAdjustmentS: number
  readonly currencyMosaicId: bigint
  readonly blockTargetMs: number
  /** A deadline may be this far ahead at most. */
  readonly maxTransactionLifetimeMs: number
  /** Below this many atomic units a byte the node drops a transaction in silence. */
  readonly minFeeMultiplier: number
}

/**
 * Asks a node for its network.
 * @throws {ForeignNetworkError} when `pin` (generation hash) is given and differs
 * @throws {IntegrityError} when the node contradicts itself or describes its network in an unknown form
 */
export async function readNetwork(
  rest: Rest,
  pin?: Uint8Array,
  signal?: AbortSignal,
): Promise<Network> {
  const info = await rest.get("/node/info", signal)
  const properties = await rest.get("/network/properties", signal)
  const fees = await rest.get("/network/fees/transaction", signal)
  const generationHash = info.at("networkGenerationHashSeed").hex(32)
  if (pin && !equal(pin, generationHash)) {
    throw new ForeignNetworkError(
      "the node belongs to another network than the one pinned: check the ledger's address",
    )
  }
  const network = properties.at("network")
  if (!equal(fromHex(network.at("generationHashSeed").text()), generationHash)) {
    throw new IntegrityError("the node names two generation hashes")
  }
  const chain = properties.at("chain")
  return {
    name: network.at("identifier").text(),
    identifier: info.at("networkIdentifier").integer(),
    generationHash,
    epochAdjustmentS: parseDuration(network.at("epochAdjustment").text()) / 1000,
    currencyMosaicId: parseQuantity(chain.at("currencyMosaicId").text()),
    blockTargetMs: parseDuration(chain.at("blockGenerationTargetTime").text()),
    maxTransactionLifetimeMs: parseDuration(chain.at("maxTransactionLifetime").text()),
    minFeeMultiplier: fees.at("minFeeMultiplier").integer(),
  }
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Milliseconds of a duration of catapult's configuration: `30s`, `6h`, `1615853185s`.
 * @throws {IntegrityError} for any other form
 */
export function parseDuration(text: string): number {
  const match = /^([\d']+)(ms|s|m|h|d)$/.exec(text)
  if (!match) throw new IntegrityError(`the node's duration "${text}" has no known form`)
  return Number(parseQuantity(match[1] as string)) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

/**
 * Number of catapult's configuration: `0x6BED'913F'A202'23F8`, `6'000`.
 * @throws {IntegrityError} for any other form
 */
export function parseQuantity(text: string): bigint {
  const plain = text.replaceAll("'", "")
  if (!/^(?:0x[\da-fA-F]{1,16}|\d{1,20})$/.test(plain)) {
    throw new IntegrityError(`the node's number "${text}" has no known form`)
  }
  return BigInt(plain)
}
