/**
 * What the verbs that read share: the owner's whole vault, or what a reader's grants lead to.
 *
 * @module
 */
import { AccessDeniedError } from "../base/errors.ts"
import { checkVaultCard } from "../lake/admit.ts"
import { type HeldGrant, readGrants } from "../lake/grants.ts"
import { type Reader, readerOfGrants, readerOfOwner } from "../lake/reader.ts"
import { readRecords, type VaultRecords } from "../lake/records.ts"
import type { GrantBody } from "../vault/grant.ts"
import type { OpenStores, Party } from "./party.ts"
import { openVault } from "./patient.ts"

/** A vault opened for reading. */
export interface Reading {
  readonly register: Uint8Array
  readonly stores: OpenStores
  readonly reader: Reader
  /** Of a reader: the grants that open it. */
  readonly grants: readonly HeldGrant[]
  readonly records: () => Promise<VaultRecords>
}

/**
 * Opens a vault with what this home holds.
 * @throws {AccessDeniedError} when a reader has no grant, or all were withdrawn
 */
export async function openReading(party: Party, category: string | undefined): Promise<Reading> {
  if (party.config.role === "patient") {
    const { vault, stores } = await openVault(party, category)
    return reading(party, stores, readerOfOwner(vault, vault.file), [])
  }
  const card = await party.vaultCard(category)
  const context = party.context()
  const accounts = await checkVaultCard(context, card)
  const holder = await party.member(accounts.id.register)
  const stores = await party.stores(card.body)
  const grants = await readGrants(context, stores.control, accounts, holder)
  const open = grants.flatMap(({ body }): GrantBody[] => (body ? [body] : []))
  if (open.length === 0) {
    throw new AccessDeniedError(
      grants.length === 0
        ? "the patient has granted this account nothing in that vault: ask for a grant"
        : "every grant of this account in that vault was withdrawn",
    )
  }
  return reading(party, stores, readerOfGrants(accounts, open), grants)
}

function reading(
  party: Party,
  stores: OpenStores,
  reader: Reader,
  grants: readonly HeldGrant[],
): Reading {
  const { id } = reader.accounts
  const records = () => readRecords(party.context(), stores.control, reader)
  return { register: id.register, stores, reader, grants, records }
}
