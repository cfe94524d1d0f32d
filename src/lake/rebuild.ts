/**
 * Everything again from the 24 words: chain, control store and words are all it takes (DESIGN §7).
 *
 *     words ─▶ words child of vault v ─▶ its multisig entry ─▶ register ─▶ newest announcement ─▶ vault file ─▶ card, phone's key
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { equal } from "../base/bytes.ts"
import { IntegrityError, NotFoundError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { accountSeed, seedOfWords } from "../vault/accounts.ts"
import { signCard, type VaultBody } from "../vault/card.ts"
import { identityOf } from "./identity.ts"
import { openAccounts } from "./patient-vault.ts"
import type { Identity, LakeContext } from "./ports.ts"
import { readRegister } from "./register.ts"

/** Vault numbers without a register after which the search ends. */
const GAP_LIMIT = 20

/** A vault found again. */
export interface FoundVault {
  readonly vaultIndex: number
  readonly category: string
  /** Address of the register, 24 bytes. */
  readonly register: Uint8Array
  readonly registerKey: Uint8Array
  /** The vault's card, signed anew. */
  readonly card: Uint8Array
  readonly phoneSeed: Uint8Array
}

/**
 * Finds all vaults of the words.
 * @param nodes addresses of nodes for the cards
 * @throws {InvalidInputError} when the words are wrong
 * @throws {NotFoundError} when a vault file is in no control store
 * @throws {IntegrityError} when chain and vault file contradict each other
 */
export async function* findVaults(
  context: LakeContext,
  control: BlobStore,
  words: string,
  nodes: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<FoundVault> {
  const { ledger } = context
  const { name, identifier } = await ledger.network()
  const root = seedOfWords(words)
  for (let vaultIndex = 0, gap = 0; gap < GAP_LIMIT; vaultIndex++, gap++) {
    const path = { mainnet: name === "mainnet", vaultIndex, generation: 0 }
    const child = identityOf(accountSeed(root, { ...path, role: "words" }), identifier)
    const entry = await ledger.multisig(child.address, signal)
    for (const register of entry?.multisigs ?? []) {
      const phoneSeed = accountSeed(root, { ...path, role: "phone" })
      const found = await openFound(context, control, register, child, phoneSeed, nodes, signal)
      if (!found) continue
      gap = -1
      yield { ...found, vaultIndex, phoneSeed }
    }
  }
}

async function openFound(
  context: LakeContext,
  control: BlobStore,
  address: Uint8Array,
  words: Identity,
  phoneSeed: Uint8Array,
  nodes: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Omit<FoundVault, "vaultIndex" | "phoneSeed"> | undefined> {
  const { ledger, clock } = context
  const { generationHash: network, identifier } = await ledger.network()
  const key = await keyOf(context, address)
  const register = { address, key }
  const state = await readRegister(ledger, register, signal).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined
    throw error
  })
  if (!state) return undefined
  const { vault } = state.newest.announcement
  const accounts = { id: { network, register: address, vault }, register: key }
  const { file, members } = await openAccounts(context, control, words, accounts, signal)
  const phone = identityOf(phoneSeed, identifier)
  if (!equal(members.phone, phone.key)) {
    throw new IntegrityError(
      "the vault's phone is not the one that these words make: its key was replaced, and can't be made again from words",
    )
  }
  const own = [members.phone, members.agent].map((one) => addressOf(one, identifier))
  const signers = (await ledger.multisig(vault, signal))?.cosignatories ?? []
  const seats = signers.find((one) => !own.some((known) => equal(known, one)))
  if (!seats) throw new IntegrityError("the vault has no account for seats")
  const body: VaultBody = {
    kind: "vault",
    network,
    key: phone.key,
    register: key,
    vault: await keyOf(context, vault),
    seats: await keyOf(context, seats),
    category: file.category,
    agent: file.agent,
    lake: [...file.lake],
    control: [...file.control],
    nodes: [...nodes],
    issued: clock.now(),
  }
  const card = await signCard(body, phone, words)
  return { category: file.category, register: address, registerKey: key, card: card.bytes }
}

async function keyOf({ ledger }: LakeContext, address: Uint8Array): Promise<Uint8Array> {
  const key = (await ledger.account(address))?.publicKey
  if (!key) throw new IntegrityError("the node knows an account of the vault without its key")
  return key
}
