/** `medlake rebuild`: search database, pins and phone key again from the words. @module */
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { NotFoundError } from "../base/errors.ts"
import { openStores } from "../compose.ts"
import { formatAddress } from "../crypto/address.ts"
import { SearchIndex } from "../db/search.ts"
import { listRecords } from "../lake/list.ts"
import { openPatientVault } from "../lake/patient-vault.ts"
import { readerOfOwner } from "../lake/reader.ts"
import { findVaults } from "../lake/rebuild.ts"
import { readRecords } from "../lake/records.ts"
import { checkWords } from "../vault/accounts.ts"
import { parseVaultCard } from "../vault/card.ts"
import { warnOfChain } from "./list.ts"
import { formatCount } from "./output.ts"
import { Party, vaultPin } from "./party.ts"
import { readSecret } from "./secrets.ts"

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .option("--words <file>", "file with the 24 words; typed when left out")
    .addHelpText(
      "after",
      `
A new device: begin a home, then rebuild it.
Example:
  medlake --home new init --as patient --from-words --node http://127.0.0.1:3000 --lake URL --control URL
  medlake --home new rebuild --words words.txt`,
    )
    .action(async (options: { words?: string }, command: Command) => {
      await Party.run(command, ["patient"], async (party) => {
        const words = checkWords(await readSecret("24 words", options.words, "--words"))
        const { lake, control, node } = party.config
        const context = party.context()
        const stores = await openStores({ lake, control })
        party.onClose(() => stores.close())
        const keyring = await party.keyring()
        const vaults: { category: string; register: string; records: number }[] = []
        const search = new SearchIndex(party.home.path("search.db"))
        party.onClose(() => search.close())
        for await (const found of findVaults(context, stores.control, words, node ? [node] : [])) {
          await keyring.put(`phone/${hex(found.registerKey)}`, found.phoneSeed)
          await party.home.pin(vaultPin(found.register), found.card)
          const card = parseVaultCard(found.card)
          const phone = await party.phone(card)
          const vault = await openPatientVault(context, stores.control, phone, card)
          const reader = readerOfOwner(vault, vault.file)
          const records = await readRecords(context, stores.control, reader)
          warnOfChain(party, records)
          const listed = listRecords(found.register, records)
          await search.replace(hex(found.register), listed)
          vaults.push({
            category: found.category,
            register: formatAddress(found.register),
            records: listed.length,
          })
        }
        if (vaults.length === 0) {
          throw new NotFoundError("these words have no vault on this network: is it the right one?")
        }
        party.output.result({ vaults }, () => {
          for (const { category, register, records } of vaults) {
            party.output.line(
              `Rebuilt "${category}": ${formatCount(records, "record")} (register ${register}).`,
            )
          }
        })
      })
    })
}
