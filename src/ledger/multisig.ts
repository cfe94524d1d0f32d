/**
 * Multisig entries: who signs for an account, and for which accounts it signs.
 *
 * @module
 */
import { base32, concat, equal, expectLength, hex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type { Rest } from "./rest.ts"
import type { RestValue } from "./rest-value.ts"
import { u32, u64 } from "./wire.ts"

/** A multisig entry; addresses are 24 bytes. */
export interface Multisig {
  readonly address: Uint8Array
  readonly minApproval: number
  readonly minRemoval: number
  /** Empty for an account that only cosigns for others. */
  readonly cosignatories: readonly Uint8Array[]
  /** Accounts for which this one cosigns. */
  readonly multisigs: readonly Uint8Array[]
}

/** An entry and its place: 0 the account asked for, below 0 what it cosigns for, above 0 its cosignatories. */
export interface MultisigLevel extends Multisig {
  readonly level: number
}

/** REST path of the entry of `address` (24 bytes). */
export function multisigPath(address: Uint8Array): string {
  return `/account/${base32(expectLength("address", address, 24))}/multisig`
}

/**
 * Asks for the entry of `address`; undefined when it is neither multisig nor a cosignatory.
 * @throws {IntegrityError} when the answer is malformed or about another account
 */
export async function readMultisig(
  rest: Rest,
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<Multisig | undefined> {
  const answer = await rest.find(multisigPath(address), signal)
  if (!answer) return undefined
  const entry = parseMultisig(answer)
  if (!equal(entry.address, address)) {
    throw new IntegrityError("the node answered with another multisig entry than the one asked for")
  }
  return entry
}

/** Asks for all entries above and below `address`; empty when it has none. */
export async function readMultisigGraph(
  rest: Rest,
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<MultisigLevel[]> {
  const answer = await rest.find(`${multisigPath(address)}/graph`, signal)
  const levels = answer?.list() ?? []
  return levels.flatMap((level) =>
    level
      .at("multisigEntries")
      .list()
      .map((entry) => ({ level: level.at("level").integer(), ...parseMultisig(entry) })),
  )
}

/** Bytes that the state tree hashes for an entry (symbol.md §6.4, Multisig). */
export function multisigStateValue(entry: Multisig): Uint8Array {
  return concat(
    u32(entry.minApproval),
    u32(entry.minRemoval),
    entry.address,
    ...[entry.cosignatories, entry.multisigs].flatMap((addresses) => [
      u64(addresses.length),
      ...ascending(addresses),
    ]),
  )
}

function ascending(addresses: readonly Uint8Array[]): Uint8Array[] {
  return addresses.toSorted((a, b) => (hex(a) < hex(b) ? -1 : 1))
}

function parseMultisig(answer: RestValue): Multisig {
  const entry = answer.at("multisig")
  const addresses = (name: string) =>
    entry
      .at(name)
      .list()
      .map((address) => address.hex(24))
  return {
    address: entry.at("accountAddress").hex(24),
    minApproval: entry.at("minApproval").integer(),
    minRemoval: entry.at("minRemoval").integer(),
    cosignatories: addresses("cosignatoryAddresses"),
    multisigs: addresses("multisigAddresses"),
  }
}
