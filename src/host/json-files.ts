/**
 * Small JSON values as files, one each, named by id. Nothing that opens anything is kept this way.
 *
 * @module
 */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { fromUtf8, utf8 } from "../base/bytes.ts"
import { fileError, readFileIfPresent, syncFolder, writeFileDurably } from "./files.ts"

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
    return bytes && this.#parse(JSON.parse(fromUtf8(bytes)))
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

  async put(id: string, value: T): Promise<void> {
    await writeFileDurably(this.#path(id), utf8(JSON.stringify(value)))
  }

  async delete(id: string): Promise<void> {
    await rm(this.#path(id), { force: true })
    await syncFolder(this.#folder)
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`)
  }
}
