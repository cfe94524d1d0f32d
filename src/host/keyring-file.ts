/**
 * The keyring file: a party's seeds under one passphrase.
 *
 *     passphrase ──argon2id──▶ key ──seal──▶ keyring.cbor
 *
 * The file holds no plain byte of a seed, and names of entries are sealed too. A wrong passphrase is `AccessDeniedError`,
 * a changed file `IntegrityError`. Written durably: the old keyring or the new one, never half of one.
 *
 * @module
 */
import { z } from "zod"
import { fromUtf8, utf8 } from "../base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import {
  AccessDeniedError,
  AlreadyExistsError,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
  UnsupportedError,
} from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { ARGON2ID_WRITTEN, type Argon2idParameters, argon2id } from "../crypto/argon2id.ts"
import { open, seal } from "../crypto/seal.ts"
import { withFileLock } from "./file-lock.ts"
import { createFileDurably, readFileIfPresent, writeFileDurably } from "./files.ts"

const LABEL = "keyring"
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const fileSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal("keyring"),
  salt: bytes,
  memoryKiB: z.number(),
  passes: z.number(),
  lanes: z.number(),
  sealSalt: bytes,
  box: bytes,
})
const entriesSchema = z.record(z.string(), bytes)

type Parameters = Argon2idParameters & { readonly salt: Uint8Array }
type Entries = ReadonlyMap<string, Uint8Array>

/** An unlocked keyring. Entries are named secrets of any length, most of them 32-byte seeds. */
export class KeyringFile {
  readonly #path: string
  readonly #random: RandomBytes
  readonly #key: Uint8Array
  readonly #parameters: Parameters
  #entries: Entries

  private constructor(
    path: string,
    random: RandomBytes,
    key: Uint8Array,
    parameters: Parameters,
    entries: Entries,
  ) {
    this.#path = path
    this.#random = random
    this.#key = key
    this.#parameters = parameters
    this.#entries = entries
  }

  /**
   * Makes a new keyring that holds `entries`. Of two processes that do so at once, one does.
   * @throws {AlreadyExistsError} when there is a keyring at `path`: it is left as it is
   */
  static async create(
    path: string,
    passphrase: string,
    random: RandomBytes,
    entries: Readonly<Record<string, Uint8Array>> = {},
  ): Promise<KeyringFile> {
    if (passphrase.length === 0) throw new InvalidInputError("a keyring needs a passphrase")
    if (await readFileIfPresent(path)) throw taken(path)
    const parameters = { salt: random(16), ...ARGON2ID_WRITTEN }
    const key = await keyOf(passphrase, parameters)
    const copies = Object.entries(entries).map(([name, secret]) => [name, secret.slice()] as const)
    const keyring = new KeyringFile(path, random, key, parameters, new Map(copies))
    await createFileDurably(path, keyring.#sealed(keyring.#entries)).catch((cause: unknown) => {
      throw cause instanceof AlreadyExistsError ? taken(path) : cause
    })
    return keyring
  }

  /**
   * Unlocks the keyring at `path`.
   * @throws {NotFoundError} when there is none
   * @throws {AccessDeniedError} when the passphrase is another one, or the salt was changed
   * @throws {IntegrityError} when the file was changed
   * @throws {InvalidInputError} when it asks for more memory or time than a keyring may cost
   */
  static async unlock(path: string, passphrase: string, random: RandomBytes): Promise<KeyringFile> {
    const stored = await readFileIfPresent(path)
    if (!stored) throw new NotFoundError(`there is no keyring at ${path}: run "medlake init" first`)
    const file = parseFile(path, stored)
    if (passphrase.length === 0) throw new AccessDeniedError(`no passphrase was given for ${path}`)
    const { salt, memoryKiB, passes, lanes } = file
    const parameters = { salt, memoryKiB, passes, lanes }
    const key = await keyOf(passphrase, parameters)
    return new KeyringFile(path, random, key, parameters, entriesOf(path, key, file))
  }

  /** @throws {NotFoundError} when the keyring has no entry of that name */
  get(name: string): Uint8Array {
    const entry = this.#entries.get(name)
    if (!entry) throw new NotFoundError(`this keyring holds no "${name}"`)
    return entry
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /** Names of all entries, sorted. */
  names(): string[] {
    return [...this.#entries.keys()].toSorted()
  }

  /** Adds or replaces an entry, durably. */
  async put(name: string, secret: Uint8Array): Promise<void> {
    await this.#change((entries) => entries.set(name, Uint8Array.from(secret)))
  }

  /** Removes an entry, if there, durably. */
  async remove(name: string): Promise<void> {
    await this.#change((entries) => entries.delete(name))
  }

  /** Changes what the file holds by now, so that nothing is lost that another process of this home has put there. */
  async #change(change: (entries: Map<string, Uint8Array>) => void): Promise<void> {
    await withFileLock(this.#path, async () => {
      const stored = await readFileIfPresent(this.#path)
      const file = stored && parseFile(this.#path, stored)
      const entries = new Map(file ? entriesOf(this.#path, this.#key, file) : this.#entries)
      change(entries)
      await writeFileDurably(this.#path, this.#sealed(entries))
      this.#entries = entries
    })
  }

  #sealed(entries: Entries): Uint8Array {
    const sealSalt = this.#random(32)
    const box = seal(this.#key, LABEL, null, sealSalt, encodeDagCbor(Object.fromEntries(entries)))
    return encodeDagCbor({ v: 1, kind: "keyring", ...this.#parameters, sealSalt, box })
  }
}

function keyOf(passphrase: string, { salt, ...cost }: Parameters): Promise<Uint8Array> {
  return argon2id(utf8(passphrase.normalize("NFC")), salt, cost)
}

function parseFile(path: string, stored: Uint8Array): z.output<typeof fileSchema> {
  let decoded: unknown
  try {
    decoded = decodeDagCbor(stored)
  } catch (cause) {
    throw damaged(path, cause)
  }
  const parsed = fileSchema.safeParse(decoded)
  if (!parsed.success) throw new UnsupportedError(`${path} is not a keyring of version 1`)
  return parsed.data
}

function entriesOf(path: string, key: Uint8Array, file: z.output<typeof fileSchema>): Entries {
  try {
    const opened = decodeDagCbor(open(key, LABEL, null, file.sealSalt, file.box))
    return new Map(Object.entries(entriesSchema.parse(opened)))
  } catch (cause) {
    if (!(cause instanceof AccessDeniedError)) throw damaged(path, cause)
    throw new AccessDeniedError(`the passphrase is not that of ${path}: type it again`, { cause })
  }
}

function taken(path: string): AlreadyExistsError {
  return new AlreadyExistsError(`there is a keyring at ${path} already`)
}

function damaged(path: string, cause: unknown): IntegrityError {
  return new IntegrityError(`${path} is damaged: restore it from its backup`, { cause })
}

/** The passphrase in a file: its text without the line break at its end. */
export function passphraseFrom(file: Uint8Array): string {
  return fromUtf8(file).replace(/\r?\n$/, "")
}
