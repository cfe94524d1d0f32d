/** `medlake grant`: an account may read a time range. @module */
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { XYM } from "../lake/fund.ts"
import { grant } from "../lake/grant.ts"
import { rangeOf } from "../vault/calendar.ts"
import { fingerprintOf, parseContactCard } from "../vault/card.ts"
import type { Capability } from "../vault/grant.ts"
import { parseUntil } from "./dates.ts"
import { parsedInput, readInput } from "./input-file.ts"
import { formatTime } from "./output.ts"
import { Party } from "./party.ts"
import { openVault } from "./patient.ts"

interface Options {
  readonly until: string
  readonly category?: string
  readonly capability: string
  readonly purpose: string
  readonly factorFile?: string
}

const CAPABILITIES: readonly Capability[] = ["locate", "list", "read"]

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("<card>", "card of the reader, as its own admit wrote it")
    .argument("<range>", "data of which time: 2026, 2026-07, 2026-07-03, 2026-07-03..2026-08-01")
    .requiredOption("--until <date>", "how long: 2026-12-31, 2026-12-31T18:00Z, or never")
    .option(
      "--capability <capability>",
      `${CAPABILITIES.join(", ")}; each holds the former`,
      "read",
    )
    .option("--purpose <text>", "what for; sealed, for the reader", "care")
    .option("--category <category>", "which vault, when several are pinned here")
    .option("--factor-file <file>", "file with the second factor")
    .addHelpText(
      "after",
      "\nExample:\n  medlake --home phone grant clinician.card 2026-10 --until 2026-12-31",
    )
    .action(async (file: string, range: string, options: Options, command: Command) => {
      await Party.run(command, ["patient"], async (party) => {
        const context = party.context()
        const capability = CAPABILITIES.find((one) => one === options.capability)
        if (!capability) {
          throw new InvalidInputError(`--capability is one of ${CAPABILITIES.join(", ")}`)
        }
        const wanted = rangeOf(range)
        const until = parseUntil(options.until, context.clock.now())
        const card = parsedInput(file, "a reader's card", await readInput(file), parseContactCard)
        const { vault, tools } = await openVault(party, options.category, options.factorFile)
        const request = { card: card.bytes, capability, range: wanted, until }
        const { act, grant: given } = await grant(context, tools, vault, {
          ...request,
          purpose: options.purpose,
        })
        const result = {
          grant: given.id,
          name: card.body.name,
          fingerprint: fingerprintOf(card.root),
          transaction: act.hash,
          height: act.height,
          fee: act.fee,
          bytes: act.size,
        }
        party.output.result(result, () => {
          const { output } = party
          output.line(
            `Granted ${capability} of ${range} to ${card.body.name} (${result.fingerprint}), ${until === 0 ? "without an end" : `until ${formatTime(until)} UTC`}.`,
          )
          output.line(
            `  grant ${hex(given.id)}; one aggregate of ${act.size} bytes at height ${act.height}, fee at most ${Number(act.fee) / Number(XYM)} XYM`,
          )
        })
      })
    })
}
