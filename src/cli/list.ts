/** `medlake list`: what a vault holds, for its owner or a reader. @module */
import Table from "cli-table3"
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { NotFoundError } from "../base/errors.ts"
import { addressOf, NETWORK_BYTES } from "../crypto/address.ts"
import { SearchIndex } from "../db/search.ts"
import { parseStudySummary } from "../dicom/summary.ts"
import { readFileIfPresent } from "../host/files.ts"
import { type ListedRecord, listRecords } from "../lake/list.ts"
import type { VaultRecords } from "../lake/records.ts"
import { formatCount, formatTime } from "./output.ts"
import { Party } from "./party.ts"
import { openReading } from "./reading.ts"

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("[category]", "which vault, when several are pinned here")
    .option("--cached", "only what search.db knows: asks neither chain nor stores")
    .addHelpText("after", "\nExample:\n  medlake --home phone list imaging")
    .action(
      async (category: string | undefined, { cached }: { cached?: boolean }, command: Command) => {
        await Party.run(command, ["patient", "institution", "reader"], async (party) => {
          const records = cached
            ? await cachedRecords(party, category)
            : await freshRecords(party, category)
          printRecords(party, records)
        })
      },
    )
}

async function freshRecords(party: Party, category: string | undefined): Promise<ListedRecord[]> {
  const { register, records } = await openReading(party, category)
  const found = await records()
  warnOfChain(party, found)
  return await fillSearch(party, register, found)
}

async function cachedRecords(party: Party, category: string | undefined): Promise<ListedRecord[]> {
  if (!(await readFileIfPresent(party.home.path("search.db")))) {
    throw new NotFoundError('there is no search.db here: "medlake list" or "medlake rebuild" first')
  }
  // A card does not say which network its register is on, and nobody is asked here.
  const { register } = (await party.vaultCard(category)).body
  const addresses = NETWORK_BYTES.map((byte) => hex(addressOf(register, byte)))
  const search = new SearchIndex(party.home.path("search.db"))
  try {
    return (await Promise.all(addresses.map((one) => search.find(one)))).flat()
  } finally {
    await search.close()
  }
}

/** Replaces what the search database knows of a register, and reads it back in the order of lists. */
export async function fillSearch(
  party: Party,
  register: Uint8Array,
  found: VaultRecords,
): Promise<ListedRecord[]> {
  const search = new SearchIndex(party.home.path("search.db"))
  try {
    await search.replace(hex(register), listRecords(register, found))
    return await search.find(hex(register))
  } finally {
    await search.close()
  }
}

/** Says aloud what speaks against the chain as a whole. */
export function warnOfChain({ output }: Party, { balanced, ignored }: VaultRecords): void {
  if (!balanced) {
    output.note(
      "WARNING: the register's proven balance of data mosaics is not the sum of the transfers that this node shows: it withholds records; ask another node",
    )
  }
  for (const { reason } of ignored) output.note(`An announcement does not count: ${reason}`)
}

/** Prints records as a table, or as JSON. */
export function printRecords({ output }: Party, records: readonly ListedRecord[]): void {
  const result = records.map(({ entry, ...record }) => ({
    ...record,
    entry: entry === null ? null : (JSON.parse(entry) as unknown),
  }))
  output.result({ records: result }, () => {
    if (records.length === 0) {
      output.line("The vault holds no records.")
      return
    }
    const table = new Table({
      head: ["record", "data of", "what", "standing", "height"],
      style: { head: [], border: [] },
    })
    for (const one of records) {
      table.push([
        `${one.id.slice(0, 12)}…:${one.id.split(":")[1] ?? ""}`,
        one.time === null ? "?" : `${formatTime(one.time)}${one.undated ? " (undated)" : ""}`,
        whatIs(one),
        one.reasons === "" ? one.standing : `${one.standing}: ${one.reasons}`,
        String(one.height),
      ])
    }
    output.line(table.toString())
    output.line(formatCount(records.length, "record"))
  })
}

function whatIs({ entry, kind }: ListedRecord): string {
  if (entry === null) return kind ?? "?"
  const study = parseStudySummary(JSON.parse(entry))
  if (!study) return kind ?? "?"
  const count = `(${formatCount(study.instances, "instance")})`
  return [study.modalities.join("+"), study.description, count].filter(Boolean).join(" ")
}
