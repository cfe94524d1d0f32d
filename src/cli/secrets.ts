/**
 * How secrets come in: from a file, or typed unseen on a terminal. Never from arguments, never echoed.
 *
 * @module
 */
import { createInterface } from "node:readline"
import { Writable } from "node:stream"
import { InvalidInputError } from "../base/errors.ts"
import { readFileIfPresent } from "../host/files.ts"
import { passphraseFrom } from "../host/keyring-file.ts"

/**
 * The secret in `file`, else typed at the prompt.
 * @param what what to ask for, e.g. "Passphrase of this keyring"
 * @param advice the option that names a file, for the error where there is no terminal
 * @throws {InvalidInputError} when there is neither file nor terminal
 */
export async function readSecret(
  what: string,
  file: string | undefined,
  advice: string,
): Promise<string> {
  if (file !== undefined) {
    const bytes = await readFileIfPresent(file)
    if (!bytes) throw new InvalidInputError(`there is no ${file}, which ${advice} names`)
    return passphraseFrom(bytes)
  }
  if (!process.stdin.isTTY) {
    throw new InvalidInputError(`${what} is needed and this is no terminal: give ${advice}`)
  }
  return await typed(what)
}

/** Reads one line without echo. */
async function typed(what: string): Promise<string> {
  process.stderr.write(`${what}: `)
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: unseen, terminal: true })
  try {
    return await new Promise<string>((resolve) => lines.question("", resolve))
  } finally {
    lines.close()
    process.stderr.write("\n")
  }
}
