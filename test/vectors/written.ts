/**
 * Vector files as they lie in this folder: see docs/FORMAT.md, Vectors.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs"
import { fromDagJson } from "../../scripts/vectors/dag-json.ts"
import { applyEdits, type Edit } from "../../scripts/vectors/edit.ts"
import type { Given } from "./readers.ts"

/** One case. */
export interface WrittenCase {
  readonly name: string
  readonly read: string
  readonly with?: object
  readonly bytes?: Uint8Array
  readonly of?: number
  readonly edit?: readonly Edit[]
  readonly reads?: unknown
  readonly error?: string
}

/** One file. */
export interface WrittenFile {
  readonly section: string
  readonly with: object
  readonly cases: readonly WrittenCase[]
}

const folder = new URL("./", import.meta.url)

/** Names of the files, without `.json`, ascending. */
export function namesOfFiles(): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"))
  return files.map((name) => name.slice(0, -".json".length)).toSorted()
}

/** A file's text. */
export function textIn(file: string): string {
  return readFileSync(new URL(`${file}.json`, folder), "utf8")
}

/** A file's cases. */
export function readVectors(file: string): WrittenFile {
  return fromDagJson(textIn(file)) as WrittenFile
}

/** Bytes of a case, from those of another where it is written as edits. */
export function bytesOf(file: WrittenFile, one: WrittenCase): Uint8Array {
  if (one.of === undefined) return one.bytes ?? new Uint8Array()
  return applyEdits(bytesOf(file, file.cases[one.of] as WrittenCase), one.edit ?? [])
}

/** What a reader is given; null takes away what the file gives to all. */
export function givenOf(file: WrittenFile, one: WrittenCase): Given {
  const entries = Object.entries({ ...file.with, ...one.with })
  const kept = entries.filter(([name, value]) => value !== null || !(name in file.with))
  return Object.fromEntries(kept) as unknown as Given
}
