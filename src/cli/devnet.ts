/** `medlake devnet`: an embedded ledger on a socket. @module */
import type { Command } from "commander"
import { openDevnet } from "../compose.ts"
import { processOutput } from "./output.ts"
import { globalsOf } from "./party.ts"
import { listening, parsePort, parseWhole } from "./port.ts"
import { untilStopped } from "./stop.ts"

const DAY_MS = 86_400_000

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .option("--folder <folder>", "where the chain is kept; in memory when left out")
    .option("--port <port>", "port on 127.0.0.1; 0 takes a free one", "3000")
    .option(
      "--block-time <ms>",
      "milliseconds between blocks; 0 makes one as soon as something waits",
      "0",
    )
    .addHelpText("after", "\nExample:\n  medlake devnet --folder ./chain --port 3000")
    .action(
      async (options: { folder?: string; port: string; blockTime: string }, command: Command) => {
        const output = processOutput(globalsOf(command).json === true)
        const blockTimeMs = parseWhole(options.blockTime, "--block-time", DAY_MS)
        const folder = options.folder ? { folder: options.folder } : {}
        const devnet = await listening(parsePort(options.port), (port) =>
          openDevnet({ ...folder, port, blockTimeMs }),
        )
        output.result({ url: devnet.url }, () => {
          output.line(`The devnet answers at ${devnet.url}. Stop it with Ctrl-C.`)
        })
        await untilStopped()
        await devnet.close()
      },
    )
}
