/**
 * Links of a link server as files: one JSON file a link, named by its id. Holds nothing that opens anything.
 *
 * @module
 */
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { fromUtf8, utf8 } from "../base/bytes.ts"
import { readFileIfPresent, syncFolder, writeFileDurably } from "./files.ts"

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
