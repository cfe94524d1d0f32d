/**
 * The command `medlake`: one verb, one file, of which only the one that is used is loaded.
 *
 * @module
 */
import { Command, CommanderError } from "commander"
import { exitCodeOf } from "./exit-codes.ts"
import { reportFailure } from "./failure.ts"

/** What each verb is for, and the module that makes a command that verb. */
const VERBS: Readonly<Record<string, readonly [purpose: string, load: () => Promise<VerbModule>]>> =
  {
    init: [
      "begin a home: of a patient, her agent, an institution or a reader",
      () => import("./init.ts"),
    ],
    create: [
      "create a vault: register, seats, vault, data mosaic and first announcement in one aggregate",
      () => import("./create.ts"),
    ],
    admit: [
      "admit an institution to a vault; looks at what it is given and does what is next",
      () => import("./admit.ts"),
    ],
    upload: [
      "upload studies of one patient: sealed, cosigned, anchored; writes a receipt",
      () => import("./upload.ts"),
    ],
    list: [
      "list the records of a vault, each with its standing; brings search.db up to date",
      () => import("./list.ts"),
    ],
    fetch: [
      "fetch instances into files, each verified before it stands under its name",
      () => import("./fetch.ts"),
    ],
    verify: [
      "verify records: merkle path, metadata and balance proofs, manifest signature, every leaf in the lake",
      () => import("./verify.ts"),
    ],
    grant: [
      "grant a reader the records of a time range, in one aggregate",
      () => import("./grant.ts"),
    ],
    link: [
      "share records by a SMART Health Link with a passcode; five wrong guesses end it",
      () => import("./link.ts"),
    ],
    revoke: [
      "revoke grants and seats (a new epoch, one aggregate), or end links; what was seen stays seen",
      () => import("./revoke.ts"),
    ],
    rebuild: [
      "rebuild search.db, pinned vaults and the phone's keys from chain, stores and the 24 words",
      () => import("./rebuild.ts"),
    ],
    status: [
      "show vaults, grants, links and uploads under way, and who can be reached",
      () => import("./status.ts"),
    ],
    agent: [
      "run the patient's agent: adopts deposits by rules.json, keeps links, cosigns",
      () => import("./agent.ts"),
    ],
    devnet: [
      "run an embedded ledger that speaks Symbol's REST and WebSocket API",
      () => import("./devnet.ts"),
    ],
    serve: [
      "serve a lake, a control store and links over HTTP; nobody has to trust this server",
      () => import("./serve.ts"),
    ],
  }

interface VerbModule {
  /** Gives the command its arguments, options, examples and action. */
  define(verb: Command): void
}

/** Exit code of a wrong command line. */
const USAGE = 2

const program = new Command("medlake")
  .exitOverride()
  .description(
    "Patients own their medical images; everyone else gets exactly what the patient granted.",
  )
  .option("--home <folder>", "home folder of this party (or MEDLAKE_HOME)")
  .option(
    "--passphrase-file <file>",
    "file with the keyring's passphrase (or MEDLAKE_PASSPHRASE_FILE)",
  )
  .option("--json", "results as JSON on stdout")
  .helpCommand(false)
  .showHelpAfterError("(see --help)")
  .configureHelp({ showGlobalOptions: true })
  .addHelpText("after", "\nEvery verb has --help with examples. Exit codes are in docs/cli.md.")
  .hook("preSubcommand", async (_program, verb) => {
    const module = await VERBS[verb.name()]?.[1]()
    module?.define(verb)
  })

for (const [name, [purpose]] of Object.entries(VERBS)) program.command(name).description(purpose)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE)
  reportFailure(error, program.opts<{ json?: boolean }>().json === true)
  process.exitCode = exitCodeOf(error)
}
