/**
 * Symbol addresses: 24 bytes from a public key, 39 characters for people (reference: symbol.md §3).
 *
 *     network byte ‖ RIPEMD-160(SHA3-256(public key)) ‖ first 3 bytes of SHA3-256(those 21)
 *
 * @module
 */
import { ripemd160 } from "@noble/hashes/legacy.js"
import { sha3_256 } from "@noble/hashes/sha3.js"
import { base32, concat, equal, expectLength, fromBase32 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"

/** First bytes of addresses: mainnet, then testnet and private networks (symbol.md §3). */
export const NETWORK_BYTES: readonly number[] = [0x68, 0x98]

const ADDRESS_LENGTH = 24
const CHECKED_LENGTH = 21

/** The address (24 bytes) of a public key (32 bytes) on the network with this identifier byte. */
export function addressOf(publicKey: Uint8Array, networkByte: number): Uint8Array {
  expectLength("public key", publicKey, 32)
  const checked = concat(Uint8Array.of(networkByte), ripemd160(sha3_256(publicKey)))
  return concat(checked, checksum(checked))
}

/** 39 characters of base32, as wallets show it. */
export function formatAddress(address: Uint8Array): string {
  return base32(expectLength("address", address, ADDRESS_LENGTH))
}

/**
 * The 24 bytes of an address as typed; hyphens and spaces don't count.
 * @throws {InvalidInputError} when it has another length or a wrong checksum
 */
export function parseAddress(text: string): Uint8Array {
  const address = expectLength(
    "address",
    fromBase32(text.replaceAll(/[\s-]/g, "").toUpperCase()),
    ADDRESS_LENGTH,
  )
  const checked = address.subarray(0, CHECKED_LENGTH)
  if (!equal(checksum(checked), address.subarray(CHECKED_LENGTH))) {
    throw new InvalidInputError("the address is mistyped: its checksum is wrong")
  }
  return address
}

function checksum(checked: Uint8Array): Uint8Array {
  return sha3_256(checked).subarray(0, ADDRESS_LENGTH - CHECKED_LENGTH)
}
