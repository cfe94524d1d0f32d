/** `medlake serve`: lake, control store and links over HTTP. @module */
import { join } from "node:path"
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { systemClock } from "../base/clock.ts"
import { InvalidInputError } from "../base/errors.ts"
import { openLedger, openStores } from "../compose.ts"
import { parseAddress } from "../crypto/address.ts"
import { StoreOwnerTable } from "../db/store-owners.ts"
import { storedLinkSchema } from "../gateway/link-routes.ts"
import { serve } from "../gateway/serve.ts"
import { makeFolder } from "../host/files.ts"
import { JsonFiles } from "../host/json-files.ts"
import { processOutput } from "./output.ts"
import { globalsOf } from "./party.ts"
import { listening, parsePort } from "./port.ts"
import { untilStopped } from "./stop.ts"

interface Options {
  readonly lake: string
  readonly control: string[]
  readonly links: string
  readonly node: string
  readonly keeper?: string[]
  readonly register?: string[]
  readonly anyRegister?: boolean
  readonly listing?: boolean
  readonly port: string
  readonly host: string
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .requiredOption("--lake <location>", "where ciphertext lies: folder, s3://, ipfs://")
    .requiredOption("--control <location...>", "copies of the control store")
    .requiredOption("--links <folder>", "where registered links, and who put what, are kept")
    .requiredOption("--node <url>", "REST address of a Symbol node")
    .option("--keeper <url...>", "agents that links may be forwarded to")
    .option("--register <address...>", "registers whose owners may write here")
    .option("--any-register", "let the owner of any register of this network write here")
    .option("--listing", "let anybody list the names of what is stored")
    .option("--port <port>", "0 takes a free one", "4700")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .addHelpText(
      "after",
      `
Example:
  medlake serve --lake ./lake --control ./control-a ./control-b --links ./links --node http://127.0.0.1:3000 --any-register`,
    )
    .action(async (options: Options, command: Command) => {
      const output = processOutput(globalsOf(command).json === true)
      if (!options.register && options.anyRegister !== true) {
        throw new InvalidInputError(
          "say whose register may write here: --register ADDRESS, or --any-register",
        )
      }
      const stores = await openStores({ lake: [options.lake], control: options.control })
      await makeFolder(options.links)
      const owners = new StoreOwnerTable(join(options.links, "owners.db"))
      const start = (port: number) =>
        serve({
          stores,
          owners,
          links: new JsonFiles(options.links, (value) => storedLinkSchema.parse(value)),
          ledger: openLedger(options.node),
          clock: systemClock,
          keepers: options.keeper ?? [],
          ...(options.register && {
            registers: new Set(options.register.map((one) => hex(parseAddress(one)))),
          }),
          listing: options.listing === true,
          port,
          host: options.host,
          log: (line) => output.note(line),
        })
      const server = await listening(parsePort(options.port), start)
      output.result({ url: server.url }, () => {
        output.line(
          `Serving at ${server.url}: lake /blobs, control store /objects, links /links. Stop with Ctrl-C.`,
        )
      })
      await untilStopped()
      await server.close()
      await owners.close()
      await stores.close()
    })
}
