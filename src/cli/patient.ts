/** What the patient's verbs share: her opened vault, her agent, and the second factor. @module */

import type { ActTools } from "../lake/grant.ts"
import { HttpAgent } from "../lake/http-agent.ts"
import { openPatientVault, type PatientVault } from "../lake/patient-vault.ts"
import { readerOfOwner } from "../lake/reader.ts"
import { readRecords, type VaultRecords } from "../lake/records.ts"
import { aggregateHash } from "../ledger/index.ts"
import { sealFactor } from "../vault/second-factor.ts"
import type { OpenStores, Party } from "./party.ts"
import { readSecret } from "./secrets.ts"

/** A vault opened by the phone, with what acts on it. */
export interface OpenedVault {
  readonly vault: PatientVault
  readonly stores: OpenStores
  readonly tools: ActTools
}

/** Opens the patient's vault of a category. */
export async function openVault(
  party: Party,
  category: string | undefined,
  factorFile?: string,
): Promise<OpenedVault> {
  const card = await party.vaultCard(category)
  const phone = await party.phone(card)
  const { register, agent: contact } = card.body
  const stores = await party.stores(card.body, { register, signer: phone })
  const context = party.context()
  const vault = await openPatientVault(context, stores.control, phone, card)
  const factor = async (aggregate: Uint8Array) => {
    const typed = await readFactor(factorFile)
    const network = await context.ledger.network()
    return await sealFactor(typed, aggregateHash(network, aggregate), contact.agreement)
  }
  const agent = new HttpAgent(contact.url)
  return { vault, stores, tools: { control: stores.control, phone, agent, factor } }
}

/** The second factor that the agent was given at pairing. */
export async function readFactor(file: string | undefined): Promise<string> {
  const given = file ?? process.env["MEDLAKE_FACTOR_FILE"]
  return await readSecret("Second factor", given, "--factor-file (or MEDLAKE_FACTOR_FILE)")
}

/** All records of the patient's vault. */
export async function ownRecords(
  party: Party,
  { vault, stores }: OpenedVault,
): Promise<VaultRecords> {
  return await readRecords(party.context(), stores.control, readerOfOwner(vault, vault.file))
}
