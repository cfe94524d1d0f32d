/**
 * A probe in a process of its own: `tsx probe.ts NAME JSON`, as the party in whose name it tries. Prints one JSON value.
 *
 *     loot     reads with own keys whatever they open, and keeps what was opened in the own home
 *     attack   tries all of it on every record of the chain
 *     alone    signs a record into the register without anybody else
 *     scan     looks for given bytes in folders
 *
 * @module
 */
import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { keyringSecrets } from "../../src/agent/index.ts"
import { fromHex } from "../../src/base/bytes.ts"
import { LedgerRefusedError } from "../../src/base/errors.ts"
import { systemRandom } from "../../src/base/random.ts"
import { openLedger } from "../../src/compose.ts"
import { KeyringFile, passphraseFrom } from "../../src/host/keyring-file.ts"
import { ensureFunds, XYM } from "../../src/lake/fund.ts"
import { identityOf } from "../../src/lake/identity.ts"
import { accountsOf } from "../../src/lake/patient-vault.ts"
import type { Identity } from "../../src/lake/ports.ts"
import { announceAggregate, signAct } from "../../src/lake/register-act.ts"
import { type Instruction, mosaicIdOf } from "../../src/ledger/index.ts"
import { DATA_MOSAIC, institutionSeed } from "../../src/vault/accounts.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import { attackRecords, collectLoot, decodeEpochs, encodeEpochs, type Target } from "./attacker.ts"

/** What every probe of an account is told. */
interface Request {
  readonly home: string
  /** The public card of the vault. */
  readonly card: string
  /** Whose keyring it is: the key for this vault follows from "root", or lies in the agent's secrets. */
  readonly entry: "root" | "agent"
}

const [name, json] = process.argv.slice(2)
const request = JSON.parse(json ?? "{}") as Request & ScanRequest
const PROBES = { loot, attack, alone, scan }

process.stdout.write(JSON.stringify(await PROBES[name as keyof typeof PROBES](request)))

async function loot(asked: Request) {
  const { own, target } = await open(asked)
  const taken = await collectLoot(target, own)
  await writeFile(join(asked.home, "loot.cbor"), encodeEpochs(taken.epochs), { mode: 0o600 })
  const { objectsOpened, objectsTried, messagesOpened, messagesTried } = taken
  return { objectsOpened, objectsTried, messagesOpened, messagesTried, epochs: taken.epochs.length }
}

async function attack(asked: Request) {
  const { own, target } = await open(asked)
  const kept = decodeEpochs(Uint8Array.from(await readFile(join(asked.home, "loot.cbor"))))
  const { epochs, objectsTried, messagesTried } = await collectLoot(target, own, kept)
  return { records: await attackRecords(target, epochs), objectsTried, messagesTried }
}

/** Signs alone what takes the signatures of others; the control is a transfer that it may sign alone. */
async function alone(asked: Request) {
  const { own, ledger, accounts } = await open(asked)
  await ensureFunds(ledger, own.address, 10n * XYM)
  const { id } = accounts
  const transfer = (signer: Uint8Array, recipient: Uint8Array, isRecord: boolean): Instruction => ({
    type: "transfer",
    signer,
    recipient,
    mosaics: isRecord ? [{ id: mosaicIdOf(id.vault, DATA_MOSAIC.nonce), amount: 1n }] : [],
    message: systemRandom(isRecord ? 384 : 8),
  })
  const announce = async (instruction: Instruction) =>
    await announceAggregate({ ledger }, await signAct({ ledger }, own, [instruction], 0))
  const control = await announce(transfer(own.key, own.address, false))
  try {
    await announce(transfer(accounts.vault, id.register, true))
    return { control: control.height, refused: undefined }
  } catch (error) {
    if (!(error instanceof LedgerRefusedError)) throw error
    return { control: control.height, refused: error.status }
  }
}

/** What the scan is told: bytes to look for, folders to look in, and folders that do hold them. */
interface ScanRequest {
  /** Hex. */
  readonly needles: readonly string[]
  readonly folders: readonly string[]
  readonly controls: readonly string[]
}

async function scan({ needles, folders, controls }: ScanRequest) {
  const bytes = needles.map((needle) => Buffer.from(fromHex(needle)))
  return { found: await hits(folders, bytes), control: await hits(controls, bytes) }
}

async function hits(folders: readonly string[], needles: readonly Buffer[]) {
  const found = new Set<number>()
  let files = 0
  let size = 0
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const entry of entries.filter((one) => one.isFile())) {
      const content = await readFile(join(entry.parentPath, entry.name))
      files += 1
      size += content.length
      for (const [i, needle] of needles.entries()) if (content.includes(needle)) found.add(i)
    }
  }
  return { needles: found.size, files, bytes: size }
}

async function open({ home, card: file, entry }: Request) {
  const card = parseVaultCard(Uint8Array.from(await readFile(file)))
  const [node, lake, control] = [card.body.nodes[0], card.body.lake[0], card.body.control[0]]
  if (!node || !lake || !control) throw new Error("the card names no node or no store")
  const ledger = openLedger(node)
  const { identifier, generationHash } = await ledger.network()
  const accounts = accountsOf(card.body, identifier)
  const passphrase = passphraseFrom(await readFile(process.env["MEDLAKE_PASSPHRASE_FILE"] ?? ""))
  const keyring = await KeyringFile.unlock(join(home, "keyring.cbor"), passphrase, systemRandom)
  const { register } = accounts.id
  const seed =
    entry === "root"
      ? institutionSeed(keyring.get(entry), generationHash, register)
      : (await keyringSecrets(keyring).load()).vaults[0]?.seed
  if (!seed) throw new Error("the keyring holds no key for this vault")
  const own: Identity = identityOf(seed, identifier)
  const target: Target = { node, lake, control, vault: accounts.id }
  return { own, target, ledger, accounts }
}
