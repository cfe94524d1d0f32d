/** The command line's entry: runs what was typed. @module */
import { runCli } from "./program.ts"

process.exitCode = await runCli(process.argv.slice(2))
