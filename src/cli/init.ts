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
import { createFileDurably } from "../host/files.ts"
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

/** All of a home or nothing: what was begun is taken back when the rest can't be. */
async function beginKeyring(home: Home, role: Role, passphrase: string, options: Options) {
  let keyring: KeyringFile | undefined
  try {
    keyring = await KeyringFile.create(home.keyring, passphrase, systemRandom)
    return await beginRole(role, keyring, options)
  } catch (error) {
    if (keyring) await rm(home.keyring, { force: true })
    await rm(home.path("config.json"), { force: true })
    throw error
  }
}

async function beginRole(role: Role, keyring: KeyringFile, { words, fromWords }: Options) {
  if (role === "patient" && fromWords) {
    return { result: {}, lines: ['Go on with "medlake rebuild" and the 24 words.'] }
  }
  if (role === "patient") return await beginPatient(words)
  if (role === "agent") {
    const seed = systemRandom(32)
    await keyring.put("pairing", seed)
    const fingerprint = fingerprintOf(xWingKeyPair(seed).publicKey)
    return { result: { fingerprint }, lines: [`Fingerprint for pairing: ${fingerprint}`] }
  }
  const seed = systemRandom(32)
  await keyring.put("root", seed)
  const fingerprint = fingerprintOf(publicKeyOf(seed))
  return { result: { fingerprint }, lines: [`Fingerprint of the root key: ${fingerprint}`] }
}

/** The words are shown or written once, and kept nowhere. */
async function beginPatient(file: string | undefined) {
  const words = newWords(systemRandom)
  if (file === undefined) {
    return {
      result: { words },
      lines: ["Write these 24 words on paper. They are kept nowhere:", "", words, ""],
    }
  }
  await createFileDurably(file, utf8(`${words}\n`))
  return {
    result: { wordsFile: file },
    lines: [`The 24 words are in ${file}, and nowhere else: put them on paper.`],
  }
}
