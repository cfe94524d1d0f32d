/**
 * Who runs a command: home, configuration, unlocked keyring, ledger, and how to print. Opened once a command, closed at its end.
 *
 * @module
 */
import type { Command } from "commander"
import { fromHex, hex } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { systemRandom } from "../base/random.ts"
import { authorizeAs, openContext, openLedger, openStores } from "../compose.ts"
import type { Config, Role } from "../config.ts"
import { Home } from "../host/home.ts"
import { KeyringFile } from "../host/keyring-file.ts"
import { identityOf } from "../lake/identity.ts"
import type { Identity, LakeContext, Stores } from "../lake/ports.ts"
import { institutionSeed } from "../vault/accounts.ts"
import { type Card, parseVaultCard, type VaultBody } from "../vault/card.ts"
import { type Output, processOutput } from "./output.ts"
import { readSecret } from "./secrets.ts"

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly home?: string
  readonly passphraseFile?: string
  readonly json?: boolean
}

/** The global options behind a verb's own. */
export function globalsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>()
}

/** Opened stores. */
export type OpenStores = Stores & { close(): Promise<void> }

/** See the module. */
export class Party {
  readonly home: Home
  readonly config: Config
  readonly output: Output
  readonly #globals: GlobalOptions
  readonly #closers: (() => Promise<void>)[] = []
  #keyring: Promise<KeyringFile> | undefined
  #context: LakeContext | undefined

  private constructor(home: Home, config: Config, output: Output, globals: GlobalOptions) {
    this.home = home
    this.config = config
    this.output = output
    this.#globals = globals
  }

  /**
   * Runs a verb for the party whose home it is, and closes everything behind it.
   * @param roles who may run it
   */
  static async run(
    command: Command,
    roles: readonly Role[],
    verb: (party: Party) => Promise<void>,
  ): Promise<void> {
    const globals = globalsOf(command)
    const home = Home.at(globals.home, process.env)
    const config = await home.config(process.env)
    if (!config.role || !roles.includes(config.role)) {
      throw new InvalidInputError(
        `${home.folder} is the home of ${config.role ?? "nobody"}: this verb is for ${roles.join(" or ")}`,
      )
    }
    const party = new Party(home, config, processOutput(globals.json === true), globals)
    try {
      await verb(party)
    } finally {
      for (const close of party.#closers.toReversed()) await close()
    }
  }

  /** Closes something at the end of the command. */
  onClose(close: () => Promise<void>): void {
    this.#closers.push(close)
  }

  /** The unlocked keyring. */
  keyring(): Promise<KeyringFile> {
    this.#keyring ??= (async () => {
      const passphrase = await readPassphrase(this.#globals)
      return await KeyringFile.unlock(this.home.keyring, passphrase, systemRandom)
    })()
    return this.#keyring
  }

  /** Ledger, clock, randomness and cipher. */
  context(): LakeContext {
    if (!this.#context) {
      const { node, network } = this.config
      if (!node)
        throw new InvalidInputError("no node is configured: set MEDLAKE_NODE, or init with --node")
      const context = openContext(openLedger(node, network))
      this.onClose(() => context.close())
      this.#context = context
    }
    return this.#context
  }

  /** Opens stores; writes are signed for a register by `signer`. */
  async stores(
    places: { readonly lake: readonly string[]; readonly control: readonly string[] },
    writer?: { readonly register: Uint8Array; readonly signer: Identity },
  ): Promise<OpenStores> {
    const { ledger } = this.context()
    const authorize = writer && authorizeAs(ledger, writer.register, writer.signer)
    const chosen = {
      lake: this.config.lake.length > 0 ? this.config.lake : places.lake,
      control: this.config.control.length > 0 ? this.config.control : places.control,
    }
    const stores = await openStores(chosen, authorize)
    this.onClose(() => stores.close())
    return stores
  }

  /** The pinned vault card of a category, or the only one there is. */
  async vaultCard(category?: string): Promise<Card<VaultBody>> {
    const cards = (await this.home.pinned("vault-")).map(({ card }) => parseVaultCard(card))
    const fitting = cards.filter(({ body }) => category === undefined || body.category === category)
    const [card, ...others] = fitting
    if (!card) {
      throw new NotFoundError(
        `no vault${category === undefined ? "" : ` "${category}"`} is pinned here: "medlake create", or "medlake admit" its card`,
      )
    }
    if (others.length > 0) {
      throw new InvalidInputError("several vaults are pinned here: say which, by its category")
    }
    return card
  }

  /** The identity of the patient's phone for a vault. */
  async phone(card: Card<VaultBody>): Promise<Identity> {
    return await this.#identity(`phone/${hex(card.body.register)}`)
  }

  /** This institution's or reader's identity for a vault, under a key that it uses nowhere else. */
  async member(register: Uint8Array): Promise<Identity> {
    const { generationHash, identifier } = await this.context().ledger.network()
    const root = (await this.keyring()).get("root")
    return identityOf(institutionSeed(root, generationHash, register), identifier)
  }

  /** The root identity that vouches for this institution's cards. */
  async root(): Promise<Identity> {
    return await this.#identity("root")
  }

  async #identity(entry: string): Promise<Identity> {
    const { identifier } = await this.context().ledger.network()
    return identityOf((await this.keyring()).get(entry), identifier)
  }
}

/** The keyring's passphrase: from its file, or typed. */
export async function readPassphrase({ passphraseFile }: GlobalOptions): Promise<string> {
  const file = passphraseFile ?? process.env["MEDLAKE_PASSPHRASE_FILE"]
  return await readSecret("Passphrase of this keyring", file, "--passphrase-file")
}

/** A file name for a pinned vault. */
export function vaultPin(register: Uint8Array): string {
  return `vault-${hex(register).slice(0, 16)}`
}

/** A hash or key typed as hex. */
export function parseHex(text: string, what: string): Uint8Array {
  try {
    return fromHex(text)
  } catch (cause) {
    throw new InvalidInputError(`${what} is not hexadecimal`, { cause })
  }
}
