/**
 * A party's home folder.
 *
 *     config.json   whom it talks to            keyring.cbor  its seeds, under a passphrase
 *     cards/        pinned cards                state/        sealed notes that can be fetched again
 *     outbox/       uploads under way, sealed   receipts/     of uploads, one a record
 *     search.db     rebuildable                 durable.db    agent only
 *
 * Mode 0700; nobody's process reads another's home.
 *
 * @module
 */
import { readdir } from "node:fs/promises"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { fromUtf8, utf8 } from "../base/bytes.ts"
import { AlreadyExistsError, InvalidInputError, NotFoundError } from "../base/errors.ts"
import { type Config, type ConfigInput, parseConfig } from "../config.ts"
import { fileError, readFileIfPresent, writeFileDurably } from "./files.ts"

/** Paths and small files of one home folder. */
export class Home {
  readonly folder: string

  constructor(folder: string) {
    this.folder = resolve(folder)
  }

  /** The home named by `--home`, else by `MEDLAKE_HOME`, else `~/.medlake`. */
  static at(option: string | undefined, environment: NodeJS.ProcessEnv): Home {
    return new Home(option ?? environment["MEDLAKE_HOME"] ?? join(homedir(), ".medlake"))
  }

  /** The path of something inside the home. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  get keyring(): string {
    return this.path("keyring.cbor")
  }

  /**
   * Begins a new home; one whose keyring was never made is begun again.
   * @throws {AlreadyExistsError} when it is somebody's already
   */
  async begin(config: ConfigInput): Promise<Config> {
    if (await readFileIfPresent(this.keyring)) {
      throw new AlreadyExistsError(`${this.folder} is in use already: choose another with --home`)
    }
    return await this.configure(config)
  }

  /** Writes the configuration anew. */
  async configure(config: ConfigInput): Promise<Config> {
    const parsed = parseConfig(config)
    await writeFileDurably(this.path("config.json"), utf8(`${JSON.stringify(parsed, null, 2)}\n`))
    return parsed
  }

  /**
   * The configuration, under the environment.
   * @throws {NotFoundError} when the home was never begun
   * @throws {InvalidInputError} when the file is not JSON, or a field is wrong
   */
  async config(environment: NodeJS.ProcessEnv): Promise<Config> {
    const file = await readFileIfPresent(this.path("config.json"))
    if (!file) throw new NotFoundError(`${this.folder} is no home yet: run "medlake init" first`)
    return parseConfig(parseJson(this.path("config.json"), file), environment)
  }

  /** Pins a card under a file name of `[a-z0-9-]`. The same card again is fine. */
  async pin(name: string, card: Uint8Array): Promise<void> {
    await writeFileDurably(this.path("cards", `${name}.card`), card)
  }

  /** All pinned cards whose name begins with `prefix`. */
  async pinned(prefix = ""): Promise<{ readonly name: string; readonly card: Uint8Array }[]> {
    const cards: { name: string; card: Uint8Array }[] = []
    for (const file of await filesIn(this.path("cards"))) {
      if (!file.endsWith(".card") || !file.startsWith(prefix)) continue
      const card = await readFileIfPresent(this.path("cards", file))
      if (card) cards.push({ name: file.slice(0, -".card".length), card: Uint8Array.from(card) })
    }
    return cards
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return []
    throw fileError(folder, cause)
  }
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes)) as unknown
  } catch (cause) {
    throw new InvalidInputError(`${path} is not JSON`, { cause })
  }
}
