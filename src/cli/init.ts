/** `medlake init`: begins a home. @module */
import { rm } from "node:fs/promises"
import type { Command } from "commander"
import { hex, utf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { systemRandom } from "../base/random.ts"
import { openLedger } from "../compose.ts"
import { ROLES, type Role } from "../config.ts"
import { publicKeyOf } from "../crypto/ed25519.ts"
import { xWingKeyPair } from "../crypto/x-wing.ts"
import { createFileDurably, readFileIfPresent } from "../host/files.ts"
import { Home } from "../host/home.ts"
import { KeyringFile } from "../host/keyring-file.ts"
import { newWords } from "../vault/accounts.ts"
import { fingerprintOf } from "../vault/card.ts"
import { processOutput } from "./output.ts"
import { globalsOf, readPassphrase } from "./party.ts"

interface Options {
  readonly as: string
  readonly name?: string
  readonly node?: string
  readonly lake?: string[]
  readonly control?: string[]
  readonly zone?: string
  readonly words?: string
  readonly fromWords?: boolean
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .requiredOption("--as <role>", ROLES.join(", "))
    .option("--name <name>", "name on the cards of an institution or reader")
    .option("--node <url>", "REST address of a Symbol node")
    .option("--lake <location...>", "where ciphertext lies")
    .option("--control <location...>", "copies of the control store")
    .option("--zone <offset>", "zone of studies that name none, such as +02:00")
    .option("--words <file>", "patient: write the 24 words to a new file instead of the terminal")
    .option("--from-words", "patient: make no words; medlake rebuild asks for those there are")
    .addHelpText(
      "after",
      `
Examples:
  medlake --home phone init --as patient --node http://127.0.0.1:3000 --words words.txt
  medlake --home hospital init --as institution --name "St. Example Radiology" --node http://127.0.0.1:3000`,
    )
    .action(async (options: Options, command: Command) => {
      const globals = globalsOf(command)
      const output = processOutput(globals.json === true)
      const role = ROLES.find((one) => one === options.as)
      if (!role) throw new InvalidInputError(`--as is one of ${ROLES.join(", ")}`)
      const isMember = role === "institution" || role === "reader"
      if (isMember && !options.name)
        throw new InvalidInputError(`--as ${role} needs a --name, for its cards`)
      const home = Home.at(globals.home, process.env)
      const network = options.node ? await networkOf(options.node) : undefined
      const passphrase = await readPassphrase(globals)
      const config = await home.begin({
        role,
        ...(options.name && { name: options.name }),
        ...(options.node && { node: options.node }),
        ...(network && { network }),
        ...(options.lake && { lake: options.lake }),
        ...(options.control && { control: options.control }),
        ...(options.zone && { zone: options.zone }),
      })
      const made = await beginKeyring(home, role, passphrase, options)
      output.result({ home: home.folder, role, ...made.result }, () => {
        output.line(`${home.folder} is now the home of ${config.name ?? `a ${role}`}.`)
        for (const line of made.lines) output.line(line)
      })
    })
}

async function networkOf(node: string): Promise<string> {
  return hex((await openLedger(node).network()).generationHash)
}

/** What a role begins with: entries of its keyring, the patient's words, and what is told. */
interface Begun {
  readonly entries: Readonly<Record<string, Uint8Array>>
  readonly words?: string
  readonly result: object
  readonly lines: readonly string[]
}

/** All of a home or nothing: what was begun is taken back when the rest can't be. Another process's home is left alone. */
async function beginKeyring(home: Home, role: Role, passphrase: string, options: Options) {
  const made = beginRole(role, options)
  let isOurs = false
  try {
    await KeyringFile.create(home.keyring, passphrase, systemRandom, made.entries)
    isOurs = true
    if (made.words !== undefined && options.words !== undefined) {
      await createFileDurably(options.words, utf8(`${made.words}\n`))
    }
    return made
  } catch (error) {
    if (isOurs) await rm(home.keyring, { force: true })
    if (isOurs || !(await readFileIfPresent(home.keyring))) {
      await rm(home.path("config.json"), { force: true })
    }
    throw error
  }
}

function beginRole(role: Role, { words, fromWords }: Options): Begun {
  if (role === "patient" && fromWords) {
    return { entries: {}, result: {}, lines: ['Go on with "medlake rebuild" and the 24 words.'] }
  }
  if (role === "patient") return beginPatient(words)
  const seed = systemRandom(32)
  if (role === "agent") {
    const fingerprint = fingerprintOf(xWingKeyPair(seed).publicKey)
    const lines = [`Fingerprint for pairing: ${fingerprint}`]
    return { entries: { pairing: seed }, result: { fingerprint }, lines }
  }
  const fingerprint = fingerprintOf(publicKeyOf(seed))
  const lines = [`Fingerprint of the root key: ${fingerprint}`]
  return { entries: { root: seed }, result: { fingerprint }, lines }
}

/** The words are shown or written once, and kept nowhere. */
function beginPatient(file: string | undefined): Begun {
  const words = newWords(systemRandom)
  if (file === undefined) {
    const lines = ["Write these 24 words on paper. They are kept nowhere:", "", words, ""]
    return { entries: {}, words, result: { words }, lines }
  }
  const lines = [`The 24 words are in ${file}, and nowhere else: put them on paper.`]
  return { entries: {}, words, result: { wordsFile: file }, lines }
}
