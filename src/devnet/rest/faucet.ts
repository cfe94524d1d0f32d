/**
 * The faucet: a real transfer from the account that holds the currency. A route of our own, outside Symbol's API.
 *
 * @module
 */
import { signBytes } from "../../crypto/ed25519.ts"
import { hexOf } from "../account.ts"
import { LIMITS, NETWORK_BYTE } from "../network.ts"
import { TYPE } from "../transaction.ts"
import { addressOfText, RestError, type RestRequest } from "./request.ts"

const TRANSFER_SIZE = 176
const FEE_MULTIPLIER = 100n
/** Makes two equal requests two transactions: deadlines differ. */
let sequence = 0n

/** Sends `amount` (atomic units, decimal text) to `address`; answers with the transaction's hash. */
export function fund({ chain, body }: RestRequest) {
  const { address, amount } = (body ?? {}) as { address?: unknown; amount?: unknown }
  if (typeof address !== "string" || typeof amount !== "string" || !/^\d{1,16}$/.test(amount)) {
    throw new RestError(409, "InvalidArgument", "address or amount has an invalid format")
  }
  const recipient = Buffer.from(addressOfText(address, "address"), "hex")
  const { seed, harvesterKey, harvesterSeed, currency } = chain.genesis
  sequence = (sequence + 1n) % 60_000n
  const bytes = Buffer.alloc(TRANSFER_SIZE)
  bytes.writeUInt32LE(TRANSFER_SIZE, 0)
  harvesterKey.copy(bytes, 72)
  bytes.writeUInt8(1, 108)
  bytes.writeUInt8(NETWORK_BYTE, 109)
  bytes.writeUInt16LE(TYPE.transfer, 110)
  bytes.writeBigUInt64LE(BigInt(TRANSFER_SIZE) * FEE_MULTIPLIER, 112)
  bytes.writeBigUInt64LE(chain.now() + LIMITS.maxTransactionLifetimeMs / 2n + sequence, 120)
  recipient.copy(bytes, 128)
  bytes.writeUInt8(1, 154)
  bytes.writeBigUInt64LE(BigInt(`0x${currency}`), 160)
  bytes.writeBigUInt64LE(BigInt(amount), 168)
  const signed = Buffer.concat([seed, bytes.subarray(108)])
  Buffer.from(signBytes(harvesterSeed, signed)).copy(bytes, 8)
  const hash = chain.submit(bytes)
  return { hash: hash ? hexOf(hash) : null }
}

/** Says that there is a faucet, and from which account it pays. */
export function faucet({ chain }: RestRequest) {
  return { address: chain.genesis.harvester }
}
