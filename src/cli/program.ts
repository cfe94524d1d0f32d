/**
 * The command `medlake`: one verb, one file, of which only the one that is used is loaded.
 *
 * @module
 */
import { Command, CommanderError } from "commander"
import { exitCodeOf, USAGE } from "./exit-codes.ts"
import { reportFailure, reportUsage } from "./failure.ts"
import { VERBS } from "./verbs.ts"

/** The command with its verbs' names; a verb's options come with its module. */
export function programOf(json: boolean): Command {
  const program = new Command("medlake")
    .exitOverride()
    .configureOutput(json ? { writeErr: () => undefined } : {})
    .description(
      "Patients own their medical images; everyone else gets exactly what the patient granted.",
    )
    .option("--home <folder>", "home folder of this party (or MEDLAKE_HOME)")
    .option(
      "--passphrase-file <file>",
      "file with the keyring's passphrase (or MEDLAKE_PASSPHRASE_FILE)",
    )
    .option("--json", "results and failures as JSON, one a line")
    .helpCommand(false)
    .showHelpAfterError("(see --help)")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", "\nEvery verb has --help with examples. Exit codes are in docs/cli.md.")
    .hook("preSubcommand", async (_program, verb) => {
      const module = await VERBS[verb.name()]?.[1]()
      module?.define(verb)
    })
  for (const [name, [purpose]] of Object.entries(VERBS)) program.command(name).description(purpose)
  return program
}

/**
 * Runs one command line (without `node` and the script) to its end; failures are told on stderr.
 * @returns the exit code
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const json = args.includes("--json")
  try {
    await programOf(json).parseAsync([...args], { from: "user" })
    return 0
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      reportFailure(error, json)
      return exitCodeOf(error)
    }
    if (error.exitCode === 0) return 0
    if (json) reportUsage(error.message)
    return USAGE
  }
}
