/**
 * Accounts: addresses, balances, what a key or address named by a transaction becomes (symbol.md §7.1).
 *
 * @module
 */
import { addressOf, formatAddress, parseAddress } from "../crypto/address.ts"
import { demand, Failure } from "./failure.ts"
import { LIMITS, NETWORK_BYTE } from "./network.ts"
import type { AccountEntry, State } from "./state.ts"

export const UNKNOWN_KEY = "0".repeat(64)
const CACHE_LIMIT = 20_000
const addresses = new Map<string, string>()

/** Address (hex) of a public key. */
export function addressHex(publicKey: Buffer): string {
  const key = publicKey.toString("hex")
  let address = addresses.get(key)
  if (address === undefined) {
    address = hexOf(addressOf(publicKey, NETWORK_BYTE))
    if (addresses.size >= CACHE_LIMIT) addresses.clear()
    addresses.set(key, address)
  }
  return address
}

/** Upper-case hex. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex").toUpperCase()
}

/** 16 hex digits of a u64. */
export function idHex(id: bigint): string {
  return id.toString(16).toUpperCase().padStart(16, "0")
}

/** Refuses what is no address of this network. Aliases resolve to nothing here, so they are refused likewise (symbol.md §7.1). */
export function requireAddress(address: Buffer): void {
  demand(!address.equals(Buffer.alloc(24)), "Core_Zero_Address")
  demand(address[0] === NETWORK_BYTE, "Core_Invalid_Address")
  try {
    parseAddress(formatAddress(address))
  } catch {
    throw new Failure("Core_Invalid_Address")
  }
}

/** The entry of an address, made when the chain has never seen it. */
export function touchAddress(state: State, address: string, height: number): AccountEntry {
  const known = state.get("account", address)
  if (known) return known
  const entry: AccountEntry = {
    address,
    addressHeight: height,
    publicKey: UNKNOWN_KEY,
    publicKeyHeight: 0,
    mosaics: {},
  }
  state.set("account", address, entry)
  return entry
}

/** Makes a signer's public key known. */
export function touchKey(state: State, publicKey: Buffer, height: number): string {
  const address = addressHex(publicKey)
  const entry = touchAddress(state, address, height)
  if (entry.publicKey === UNKNOWN_KEY) {
    state.set("account", address, {
      ...entry,
      publicKey: hexOf(publicKey),
      publicKeyHeight: height,
    })
  }
  return address
}

export function balanceOf(state: State, address: string, mosaicId: string): bigint {
  return state.get("account", address)?.mosaics[mosaicId] ?? 0n
}

/** Balances in the order in which the state hashes them and REST shows them: the currency first, the rest ascending. */
export function balancesInOrder(
  { mosaics }: AccountEntry,
  currency: string,
): [id: string, amount: bigint][] {
  return Object.entries(mosaics).toSorted(
    ([a], [b]) => Number(b === currency) - Number(a === currency) || (a < b ? -1 : 1),
  )
}

/** Takes an amount. @throws Core_Insufficient_Balance */
export function debit(state: State, address: string, mosaicId: string, amount: bigint): void {
  demand(balanceOf(state, address, mosaicId) >= amount, "Core_Insufficient_Balance")
  adjust(state, address, mosaicId, -amount)
}

/** Gives an amount to a known account. @throws Mosaic_Max_Mosaics_Exceeded */
export function credit(state: State, address: string, mosaicId: string, amount: bigint): void {
  const held = state.get("account", address)?.mosaics ?? {}
  demand(
    mosaicId in held || amount === 0n || Object.keys(held).length < LIMITS.maxMosaicsPerAccount,
    "Mosaic_Max_Mosaics_Exceeded",
  )
  adjust(state, address, mosaicId, amount)
}

function adjust(state: State, address: string, mosaicId: string, delta: bigint): void {
  if (delta === 0n) return
  const entry = state.get("account", address)
  if (!entry) throw new Error("a balance changes on a known account only")
  const amount = (entry.mosaics[mosaicId] ?? 0n) + delta
  const { [mosaicId]: _old, ...others } = entry.mosaics
  const mosaics = amount === 0n ? others : { ...others, [mosaicId]: amount }
  state.set("account", address, { ...entry, mosaics })
}
