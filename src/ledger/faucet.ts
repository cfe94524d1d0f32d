/**
 * The faucet of a development ledger: a route that no real node has.
 *
 * @module
 */
import { base32, expectLength } from "../base/bytes.ts"
import type { Rest } from "./rest.ts"

const FAUCET = "/devnet/faucet"

/** Whether the node gives currency away. */
export async function hasFaucet(rest: Rest, signal?: AbortSignal): Promise<boolean> {
  return (await rest.find(FAUCET, signal)) !== undefined
}

/** Asks for `amount` atomic units of currency for `address` (24 bytes); false when the node has no faucet. */
export async function fund(
  rest: Rest,
  address: Uint8Array,
  amount: bigint,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!(await hasFaucet(rest, signal))) return false
  const body = { address: base32(expectLength("address", address, 24)), amount: amount.toString() }
  await rest.send("POST", FAUCET, body, signal)
  return true
}
