/**
 * Accounts from words: one phrase of 24 words holds all keys of the patient, one root seed those of an institution.
 *
 *     words ──BIP-39──▶ 64-byte seed ──SLIP-0010 m/44'/c'/v'/role'/generation'──▶ Symbol key seed ──kdf "xwing"──▶ X-Wing seed
 *
 * Source: docs/FORMAT.md §1.1; BIP-39; SLIP-0010 (Ed25519: every level hardened), as symbol-sdk's Bip32 does it.
 *
 * @module
 */
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from "@scure/bip39"
import { wordlist } from "@scure/bip39/wordlists/english.js"
import { HDKey } from "micro-key-producer/slip10.js"
import { expectLength } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { kdf } from "../crypto/hkdf.ts"

/** Roles by their place in the derivation path. */
export const ACCOUNT_ROLES = ["words", "phone", "agent", "vault", "register", "seats"] as const
export type AccountRole = (typeof ACCOUNT_ROLES)[number]

/** Which key of the words. */
export interface AccountPath {
  /** Whether the network is Symbol's mainnet (coin type 4343, else 1). */
  readonly mainnet: boolean
  /** Counts the vaults of these words from 0. */
  readonly vaultIndex: number
  readonly role: AccountRole
  /** Counts replacements of this key from 0. */
  readonly generation: number
}

/** The mosaic of which one unit travels with each record (FORMAT §1.1). */
export const DATA_MOSAIC = { nonce: 0x6d6c646d, supply: 8_999_999_999_000_000n } as const

/** 24 fresh English words over 32 random bytes. */
export function newWords(random: RandomBytes): string {
  return entropyToMnemonic(expectLength("entropy", random(32), 32), wordlist)
}

/**
 * Words as they were typed, in their one spelling: lower case, single spaces.
 * @throws {InvalidInputError} when they are not 24 words of the list, or their checksum is wrong
 */
export function checkWords(text: string): string {
  const words = text.normalize("NFKD").trim().toLowerCase().split(/\s+/)
  if (words.length !== 24) {
    throw new InvalidInputError(`24 words are needed, ${words.length} were given`)
  }
  const phrase = words.join(" ")
  if (!validateMnemonic(phrase, wordlist)) {
    throw new InvalidInputError("the words do not belong together: one is misspelt or misplaced")
  }
  return phrase
}

/**
 * The 64-byte BIP-39 seed of 24 words, without passphrase. Takes tens of milliseconds: whoever derives many accounts keeps it.
 * @throws {InvalidInputError} when the words are wrong
 */
export function seedOfWords(words: string): Uint8Array {
  return Uint8Array.from(mnemonicToSeedSync(checkWords(words)))
}

/**
 * The 32-byte Symbol key seed of one account.
 * @param words 24 words, or their seed from {@link seedOfWords}
 * @throws {InvalidInputError} when the words are wrong or a number of the path is not in 0 … 2^31 − 1
 */
export function accountSeed(words: string | Uint8Array, path: AccountPath): Uint8Array {
  const seed = typeof words === "string" ? seedOfWords(words) : expectLength("seed", words, 64)
  for (const number of [path.vaultIndex, path.generation]) {
    if (!Number.isInteger(number) || number < 0 || number > 0x7fffffff) {
      throw new InvalidInputError("the number of a vault or generation is not in 0 … 2^31 − 1")
    }
  }
  const coin = path.mainnet ? 4343 : 1
  const role = ACCOUNT_ROLES.indexOf(path.role)
  const node = HDKey.fromMasterSeed(seed).derive(
    `m/44'/${coin}'/${path.vaultIndex}'/${role}'/${path.generation}'`,
  )
  return Uint8Array.from(node.privateKey)
}

/** The 32-byte X-Wing seed of the holder of an account's seed. */
export function agreementSeed(seed: Uint8Array): Uint8Array {
  return kdf(expectLength("seed", seed, 32), "xwing", null)
}

/**
 * The seed of an institution's key for one vault, so that nobody can link its vaults.
 * @param rootSeed 32 bytes
 * @param network generation hash, 32 bytes
 * @param register address of the vault's register, 24 bytes
 */
export function institutionSeed(
  rootSeed: Uint8Array,
  network: Uint8Array,
  register: Uint8Array,
): Uint8Array {
  expectLength("root seed", rootSeed, 32)
  return kdf(rootSeed, "vault-key", [
    expectLength("network", network, 32),
    expectLength("register", register, 24),
  ])
}
