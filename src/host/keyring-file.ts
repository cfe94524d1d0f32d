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
  InvalidInputError,
  NotFoundError,
  UnsupportedError,
} from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { ARGON2ID_WRITTEN, type Argon2idParameters, argon2id } from "../crypto/argon2id.ts"
import { open, seal } from "../crypto/seal.ts"
import { readFileIfPresent, writeFileDurably } from "./files.ts"

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

/** An unlocked keyring. Entries are named secrets of any length, most of them 32-byte seeds. */
export class KeyringFile {
  readonly #path: string
  readonly #random: RandomBytes
  readonly #key: Uint8Array
  readonly #parameters: Parameters
  readonly #entries: Map<string, Uint8Array>

  private constructor(
    path: string,
    random: RandomBytes,
    key: Uint8Array,
    parameters: Parameters,
    entries: Map<string, Uint8Array>,
  ) {
    this.#path = path
    this.#random = random
    this.#key = key
    this.#parameters = parameters
    this.#entries = entries
  }

  /**
   * Makes a new, empty keyring.
   * @throws {AlreadyExistsError} when there is a keyring at `path`
   */
  static async create(path: string, passphrase: string, random: RandomBytes): Promise<KeyringFile> {
    if (await readFileIfPresent(path)) {
      throw new AlreadyExistsError(`there is a keyring at ${path} already`)
    }
    if (passphrase.length === 0) throw new InvalidInputError("a keyring needs a passphrase")
    const parameters = { salt: random(16), ...ARGON2ID_WRITTEN }
    const key = await argon2id(utf8(passphrase.normalize("NFC")), parameters.salt, parameters)
    const keyring = new KeyringFile(path, random, key, parameters, new Map())
    await keyring.#save()
    return keyring
  }

  /**
   * Unlocks the keyring at `path`.
   * @throws {NotFoundError} when there is none
   * @throws {AccessDeniedError} when the passphrase is another one
   * @throws {IntegrityError} when the file was changed
   */
  static async unlock(path: string, passphrase: string, random: RandomBytes): Promise<KeyringFile> {
    const stored = await readFileIfPresent(path)
    if (!stored) throw new NotFoundError(`there is no keyring at ${path}: run "medlake init" first`)
    const parsed = fileSchema.safeParse(decodeDagCbor(stored))
    if (!parsed.success) throw new UnsupportedError(`${path} is not a keyring of version 1`)
    const { salt, memoryKiB, passes, lanes, sealSalt, box } = parsed.data
    const parameters = { salt, memoryKiB, passes, lanes }
    const key = await argon2id(utf8(passphrase.normalize("NFC")), salt, parameters)
    const entries = entriesSchema.parse(decodeDagCbor(opened(path, key, sealSalt, box)))
    return new KeyringFile(path, random, key, parameters, new Map(Object.entries(entries)))
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

  /** Adds or replaces an entry and writes the file. */
  async put(name: string, secret: Uint8Array): Promise<void> {
    this.#entries.set(name, Uint8Array.from(secret))
    await this.#save()
  }

  /** Removes an entry, if there, and writes the file. */
  async remove(name: string): Promise<void> {
    if (this.#entries.delete(name)) await this.#save()
  }

  async #save(): Promise<void> {
    const sealSalt = this.#random(32)
    const entries = encodeDagCbor(Object.fromEntries(this.#entries))
    const box = seal(this.#key, LABEL, null, sealSalt, entries)
    const file = { v: 1, kind: "keyring", ...this.#parameters, sealSalt, box }
    await writeFileDurably(this.#path, encodeDagCbor(file))
  }
}

function opened(path: string, key: Uint8Array, salt: Uint8Array, box: Uint8Array): Uint8Array {
  try {
    return open(key, LABEL, null, salt, box)
  } catch (cause) {
    if (!(cause instanceof AccessDeniedError)) throw cause
    throw new AccessDeniedError(`the passphrase is not that of ${path}: type it again`, { cause })
  }
}

/** The passphrase in a file: its text without the line break at its end. */
export function passphraseFrom(file: Uint8Array): string {
  return fromUtf8(file).replace(/\r?\n$/, "")
}
