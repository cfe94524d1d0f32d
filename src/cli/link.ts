/** `medlake link`: records shared with whoever has a link, and its passcode. @module */
import type { Command } from "commander"
import { base64url } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { writeFileDurably } from "../host/files.ts"
import { HttpLinks } from "../lake/http-links.ts"
import { link } from "../lake/link.ts"
import { chooseRecords, isReadable, requireReadable } from "../lake/record-choice.ts"
import { authorizeStoreCall } from "../vault/store-authorization.ts"
import { parseUntil } from "./dates.ts"
import { linkNotes } from "./kept-links.ts"
import { formatCount, formatTime } from "./output.ts"
import { Party } from "./party.ts"
import { type OpenedVault, openVault, ownRecords } from "./patient.ts"
import { readSecret } from "./secrets.ts"

interface Options {
  readonly until: string
  readonly label: string
  readonly server?: string
  readonly passcodeFile?: string
  readonly offline?: boolean
  readonly category?: string
  readonly out?: string
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("[records...]", "names of records, or their beginnings; all that can be read if none")
    .requiredOption("--until <date>", "how long: 2026-12-31, 2026-12-31T18:00Z, or never")
    .option("--label <text>", "shown by viewers, at most 80 characters; names nobody", "")
    .option("--server <url>", "link server; where the control store is served when left out")
    .option("--passcode-file <file>", "file with the passcode; typed when left out")
    .option("--offline", "no passcode and no keeper: whoever has the link opens it")
    .option("--category <category>", "which vault, when several are pinned here")
    .option("--out <file>", "write the link to a file instead of the terminal")
    .addHelpText(
      "after",
      "\nExample:\n  medlake --home phone link 4F2A99C01B7E --until 2026-12-31 --label 'Head CT'",
    )
    .action(async (names: string[], options: Options, command: Command) => {
      await Party.run(command, ["patient"], async (party) => {
        const context = party.context()
        const until = parseUntil(options.until, context.clock.now())
        const passcode = options.offline
          ? undefined
          : await readSecret("Passcode of the link", options.passcodeFile, "--passcode-file")
        const opened = await openVault(party, options.category)
        const found = await ownRecords(party, opened)
        const chosen = chooseRecords(found, names)
        const records =
          names.length > 0 ? chosen.map(requireReadable) : chosen.filter((one) => isReadable(one))
        if (records.length === 0) throw new NotFoundError("there is no record to share")
        const { vault, stores, tools } = opened
        const server = options.server ?? defaultServer(vault.file.control)
        const registry = linkServer(party, opened, server)
        const { label } = options
        const request = { records, server, label, until, passcode }
        const { phone, agent } = tools
        const made = await link(context, stores.control, vault, phone, agent, registry, request)
        await linkNotes(party.home).put(base64url(made.id), {
          id: base64url(made.id),
          server,
          envelope: made.envelope,
          label,
          until,
          offline: options.offline === true,
          records: records.map(({ name }) => name),
        })
        if (options.out) {
          await writeFileDurably(options.out, new TextEncoder().encode(`${made.link}\n`))
        }
        const result = { id: base64url(made.id), link: options.out ? undefined : made.link, until }
        party.output.result({ ...result, records: records.map(({ name }) => name) }, () => {
          const { output } = party
          output.line(options.out ? `The link is in ${options.out}.` : made.link)
          const end = until === 0 ? "has no end" : `ends ${formatTime(until)} UTC`
          output.line(
            `It shares ${formatCount(records.length, "record")} and ${end}. Id: ${base64url(made.id)}`,
          )
          if (passcode !== undefined) {
            output.line("Tell the passcode another way; the fifth wrong guess ends the link.")
          }
        })
      })
    })
}

/** The server of a store address such as `https://lake.example/objects`. */
function defaultServer([control]: readonly string[]): string {
  if (control === undefined || !/^https?:/.test(control)) {
    throw new InvalidInputError("say which link server: --server URL")
  }
  return new URL("..", `${control.replace(/\/+$/, "")}/`).href.replace(/\/+$/, "")
}

/** A link server, to which the phone proves itself by the register. */
export function linkServer(
  party: Party,
  { vault, tools }: Pick<OpenedVault, "vault" | "tools">,
  server: string,
): HttpLinks {
  const { ledger, clock } = party.context()
  return new HttpLinks(server, async (method, envelope) => {
    const { generationHash, identifier } = await ledger.network()
    const network = { generationHash, networkByte: identifier }
    const call = { method, folder: "objects" as const, cid: envelope, size: 0 }
    return await authorizeStoreCall(call, network, vault.register, tools.phone, clock.now())
  })
}
