/**
 * The command `medlake`: one verb, one file. Loads a verb's code only when it is used.
 *
 * @module
 */
import { Command } from "commander"
import { addAdmit } from "./admit.ts"
import { addAgent } from "./agent.ts"
import { addCreate } from "./create.ts"
import { addDevnet } from "./devnet.ts"
import { exitCodeOf } from "./exit-codes.ts"
import { reportFailure } from "./failure.ts"
import { addFetch } from "./fetch.ts"
import { addGrant } from "./grant.ts"
import { addInit } from "./init.ts"
import { addLink } from "./link.ts"
import { addList } from "./list.ts"
import { addRebuild } from "./rebuild.ts"
import { addRevoke } from "./revoke.ts"
import { addServe } from "./serve.ts"
import { addStatus } from "./status.ts"
import { addUpload } from "./upload.ts"
import { addVerify } from "./verify.ts"

const program = new Command("medlake")
  .description(
    "Patients own their medical images; everyone else gets exactly what the patient granted.",
  )
  .option("--home <folder>", "home folder of this party (or MEDLAKE_HOME)")
  .option(
    "--passphrase-file <file>",
    "file with the keyring's passphrase (or MEDLAKE_PASSPHRASE_FILE)",
  )
  .option("--json", "results as JSON on stdout")
  .showHelpAfterError("(see --help)")
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    "after",
    "\nExit codes are listed in the README. Every verb has --help with examples.",
  )

for (const add of [
  addInit,
  addCreate,
  addAdmit,
  addUpload,
  addList,
  addFetch,
  addVerify,
  addGrant,
  addLink,
  addRevoke,
  addRebuild,
  addStatus,
  addAgent,
  addDevnet,
  addServe,
]) {
  add(program)
}

try {
  await program.parseAsync()
} catch (error) {
  reportFailure(error, program.opts<{ json?: boolean }>().json === true)
  process.exitCode = exitCodeOf(error)
}
