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
import { formatTime } from "./output.ts"
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
 * @throws {AccessDeniedError} when a reader has no grant, or all expired or were withdrawn
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
  const now = context.clock.now()
  const given = grants.flatMap(({ body }): GrantBody[] => (body ? [body] : []))
  const open = given.filter(({ until }) => until === 0 || until > now)
  if (open.length === 0) throw new AccessDeniedError(whyShut(grants, given))
  return reading(party, stores, readerOfGrants(accounts, open), grants)
}

/** What keeps an account out that has no grant of use. */
function whyShut(grants: readonly HeldGrant[], given: readonly GrantBody[]): string {
  if (grants.length === 0) {
    return "the patient has granted this account nothing in that vault: ask for a grant"
  }
  if (given.length === 0) {
    return "every grant of this account in that vault was withdrawn: ask the patient"
  }
  const last = Math.max(...given.map(({ until }) => until))
  return `the last grant of this account in that vault expired on ${formatTime(last)} UTC: ask for a new one`
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
