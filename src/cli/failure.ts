/**
 * How a failure is told: one sentence for people, the code for programs.
 *
 * @module
 */
import { MedlakeError } from "../base/errors.ts"
import { printable } from "./output.ts"

/** Writes the failure to stderr; with `--json` as one JSON object. A bug keeps its stack. */
export function reportFailure(error: unknown, json: boolean): void {
  const code = error instanceof MedlakeError ? error.code : "internal"
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`)
    return
  }
  process.stderr.write(`medlake: ${printable(message)}${code === "internal" ? "" : ` [${code}]`}\n`)
  if (code === "internal" && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`)
}

/** Tells of a wrong command line as JSON; without `--json` commander has told it. */
export function reportUsage(message: string): void {
  process.stderr.write(`${JSON.stringify({ error: { code: "usage", message } })}\n`)
}
