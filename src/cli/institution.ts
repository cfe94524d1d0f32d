/** The institution's half of admission, by files and over HTTP: its card for a vault, and its signature under an offer. @module */
import { NotFoundError } from "../base/errors.ts"
import type { AdmissionPort } from "../lake/admission.ts"
import { acceptSeat, checkVaultCard, contactCard } from "../lake/admit.ts"
import { type Card, type ContactBody, parseVaultCard, type VaultBody } from "../vault/card.ts"
import { parseOffer } from "../vault/offer.ts"
import { type Party, vaultPin } from "./party.ts"

/** Step 1: pins the vault, and makes this party's card for it. */
export async function answerVaultCard(
  party: Party,
  vault: Card<VaultBody>,
): Promise<Card<ContactBody>> {
  const context = party.context()
  const accounts = await checkVaultCard(context, vault)
  const identity = await party.member(accounts.id.register)
  const details = { name: party.config.name ?? "", urls: [] }
  const card = await contactCard(context, vault, identity, await party.root(), details)
  await party.home.pin(vaultPin(accounts.id.register), vault.bytes)
  return card
}

/**
 * Step 3: reads an offer whole and signs it.
 * @throws {NotFoundError} when the vault was not pinned before
 */
export async function signOffer(party: Party, offer: Uint8Array): Promise<Uint8Array> {
  const context = party.context()
  const { id } = await checkVaultCard(context, parseVaultCard(parseOffer(offer).card))
  const [pinned] = await party.home.pinned(vaultPin(id.register))
  if (!pinned) throw new NotFoundError("that vault is not pinned here: admit its card first")
  const identity = await party.member(id.register)
  return await acceptSeat(context, offer, identity, parseVaultCard(pinned.card))
}

/** This institution, asked by others. */
export async function institutionOf(party: Party): Promise<AdmissionPort> {
  const { generationHash } = await party.context().ledger.network()
  const { key } = await party.root()
  return {
    profile: async () => ({ name: party.config.name ?? "", network: generationHash, root: key }),
    answerCard: async (card) => (await answerVaultCard(party, parseVaultCard(card))).bytes,
    acceptOffer: async (offer) => await signOffer(party, offer),
  }
}
