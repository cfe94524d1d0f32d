/**
 * The faucet: a real transfer from the account that holds the currency. A route of our own, outside Symbol's API.
 *
 * @module
 */
import { signBytes } from "../../crypto/ed25519.ts"
import { hexOf } from "../account.ts"
import type { Genesis } from "../genesis.ts"
import { LIMITS, NETWORK_BYTE } from "../network.ts"
import { parseTransaction, TYPE } from "../transaction.ts"
import { addressOfText, fieldOf, invalid, malformed, type RestRequest } from "./request.ts"

const TRANSFER_SIZE = 176
const FEE_MULTIPLIER = 100n
const MOST_EQUAL = 10_000n

/**
 * Sends `amount` (atomic units, decimal text) to `address`; answers with the transaction's hash.
 * @throws {RestError} 409 when the account does not hold that much
 */
export function fund({ chain, body }: RestRequest) {
  const [address, amount] = ["address", "amount"].map((name) => fieldOf(body, name))
  if (typeof address !== "string") throw malformed("address")
  if (typeof amount !== "string" || !/^\d{1,16}$/.test(amount)) throw malformed("amount")
  const recipient = Buffer.from(addressOfText(address, "address"), "hex")
  const deadline = chain.now() + LIMITS.maxTransactionLifetimeMs / 2n
  // Equal requests are transactions of their own: the first deadline counts that nobody has had.
  for (let later = 0n; later < MOST_EQUAL; later++) {
    const bytes = transferOf(chain.genesis, recipient, BigInt(amount), deadline + later)
    const { hash } = parseTransaction(bytes, chain.genesis.seed)
    if (chain.pooled(hash) || chain.store.hasTransaction(hash)) continue
    if (!chain.submit(bytes)) throw invalid("the faucet does not hold that much")
    return { hash: hexOf(hash) }
  }
  throw invalid("too many equal requests at once")
}

function transferOf(
  { seed, harvesterKey, harvesterSeed, currency }: Genesis,
  recipient: Buffer,
  amount: bigint,
  deadline: bigint,
): Buffer {
  const bytes = Buffer.alloc(TRANSFER_SIZE)
  bytes.writeUInt32LE(TRANSFER_SIZE, 0)
  harvesterKey.copy(bytes, 72)
  bytes.writeUInt8(1, 108)
  bytes.writeUInt8(NETWORK_BYTE, 109)
  bytes.writeUInt16LE(TYPE.transfer, 110)
  bytes.writeBigUInt64LE(BigInt(TRANSFER_SIZE) * FEE_MULTIPLIER, 112)
  bytes.writeBigUInt64LE(deadline, 120)
  recipient.copy(bytes, 128)
  bytes.writeUInt8(1, 154)
  bytes.writeBigUInt64LE(BigInt(`0x${currency}`), 160)
  bytes.writeBigUInt64LE(amount, 168)
  const signed = Buffer.concat([seed, bytes.subarray(108)])
  Buffer.from(signBytes(harvesterSeed, signed)).copy(bytes, 8)
  return bytes
}

/** Says that there is a faucet, and from which account it pays. */
export function faucet({ chain }: RestRequest) {
  return { address: chain.genesis.harvester }
}
