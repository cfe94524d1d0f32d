/**
 * Small JSON values as files, one each, named by id. Nothing that opens anything is kept this way.
 *
 * @module
 */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { fromUtf8, utf8 } from "../base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../base/errors.ts"
import {
  createFileDurably,
  fileError,
  readFileIfPresent,
  syncFolder,
  writeFileDurably,
} from "./files.ts"

const ID = /^[A-Za-z0-9_-]{1,100}$/

/** Values of any JSON shape by id (43 base64url characters). */
export class JsonFiles<T> {
  readonly #folder: string
  readonly #parse: (value: unknown) => T

  constructor(folder: string, parse: (value: unknown) => T) {
    this.#folder = folder
    this.#parse = parse
  }

  async get(id: string): Promise<T | undefined> {
    const bytes = await readFileIfPresent(this.#path(id))
    if (bytes === undefined) return undefined
    try {
      return this.#parse(JSON.parse(fromUtf8(bytes)))
    } catch (cause) {
      throw new IntegrityError(`${this.#path(id)} is damaged: restore it, or remove it`, { cause })
    }
  }

  /** All ids, in the order of their text. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.#folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return []
      throw fileError(this.#folder, cause)
    })
    return names
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .toSorted()
  }

  /** @throws {AlreadyExistsError} when there is a value under that id */
  async add(id: string, value: T): Promise<void> {
    await createFileDurably(this.#path(id), utf8(JSON.stringify(value)))
  }

  async put(id: string, value: T): Promise<void> {
    await writeFileDurably(this.#path(id), utf8(JSON.stringify(value)))
  }

  async delete(id: string): Promise<void> {
    try {
      await rm(this.#path(id))
      await syncFolder(this.#folder)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw fileError(this.#path(id), cause)
    }
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new InvalidInputError("that is not the id of a file here")
    return join(this.#folder, `${id}.json`)
  }
}
