/** `medlake agent`: the patient's always-on program. @module */
import type { Command } from "commander"
import { keyringSecrets, parseRules, startAgent } from "../agent/index.ts"
import { fromUtf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { authorizeAs, openStores } from "../compose.ts"
import { DurableTables } from "../db/durable.ts"
import { readFileIfPresent } from "../host/files.ts"
import type { Stores } from "../lake/ports.ts"
import { parsedInput } from "./input-file.ts"
import { Party } from "./party.ts"
import { listening, parsePort } from "./port.ts"
import { untilStopped } from "./stop.ts"

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .option("--port <port>", "port on 127.0.0.1; 0 takes a free one", "4600")
    .addHelpText("after", "\nExample:\n  medlake --home agent agent --port 4600")
    .action(async (options: { port: string }, command: Command) => {
      await Party.run(command, ["agent"], async (party) => {
        const { ledger, clock, random } = party.context()
        const tables = await DurableTables.open(party.home.path("durable.db"))
        const rules = async () => {
          const path = party.home.path("rules.json")
          const file = await readFileIfPresent(path)
          return parseRules(file ? parsedInput(path, "JSON", file, jsonOf) : {})
        }
        const secrets = keyringSecrets(await party.keyring())
        const start = (port: number) =>
          startAgent({
            ledger,
            clock,
            random,
            tables,
            rules,
            secrets,
            openStores: ({ register, lake, control, signer }) =>
              lateStores(() =>
                openStores({ lake, control }, authorizeAs(ledger, register, signer)),
              ),
            port,
            log: ({ method, route, status, ms, failure }) =>
              party.output.note(
                `${method} ${route} ${status} ${Math.round(ms)} ms${failure ? ` ${failure}` : ""}`,
              ),
          })
        const agent = await listening(parsePort(options.port), start)
        party.output.result({ url: agent.url }, () => {
          party.output.line(`The agent answers at ${agent.url}. Stop it with Ctrl-C.`)
        })
        await untilStopped()
        await agent.close()
        await tables.close()
      })
    })
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes)) as unknown
  } catch (cause) {
    throw new InvalidInputError("mend it, or remove it", { cause })
  }
}

/** Stores that open with their first call. */
function lateStores(open: () => Promise<Stores>): Stores {
  let opened: Promise<Stores> | undefined
  const part = (name: keyof Stores): Stores["lake"] => {
    const store = async () => (await (opened ??= open()))[name]
    return {
      put: async (...call) => await (await store()).put(...call),
      get: async function* (...call) {
        yield* (await store()).get(...call)
      },
      stat: async (...call) => await (await store()).stat(...call),
      delete: async (...call) => await (await store()).delete(...call),
      list: async function* (...call) {
        yield* (await store()).list(...call)
      },
      close: async () => {
        if (opened) await (await opened)[name].close()
      },
    }
  }
  return { lake: part("lake"), control: part("control") }
}
