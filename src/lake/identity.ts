/**
 * An identity whose keys are in memory: made from an account's 32-byte seed, as a keyring unlocks it.
 *
 * @module
 */
import { expectLength } from "../base/bytes.ts"
import { addressOf } from "../crypto/address.ts"
import { publicKeyOf, signBytes } from "../crypto/ed25519.ts"
import { hpkeOpen } from "../crypto/hpke.ts"
import { messageKey } from "../crypto/symbol-agreement.ts"
import { decapsulate, xWingKeyPair } from "../crypto/x-wing.ts"
import { agreementSeed } from "../vault/accounts.ts"
import type { Identity } from "./ports.ts"

/**
 * The identity of an account seed (32 bytes) on the network with this identifier byte. The X-Wing key follows from the
 * seed (FORMAT §1.1).
 * @throws {InvalidInputError} when the seed has another length
 */
export function identityOf(seed: Uint8Array, networkByte: number): Identity {
  expectLength("seed", seed, 32)
  const key = publicKeyOf(seed)
  const agreement = xWingKeyPair(agreementSeed(seed))
  return {
    key,
    address: addressOf(key, networkByte),
    agreement: agreement.publicKey,
    sign: async (bytes) => signBytes(seed, bytes),
    decapsulate: async (enc) => decapsulate(agreement.secretKey, enc),
    openHpke: async ({ enc, ct }, info, aad) => hpkeOpen(agreement.secretKey, enc, info, aad, ct),
    messageKey: async (peer) => messageKey(seed, peer),
  }
}
