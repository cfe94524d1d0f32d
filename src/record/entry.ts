/**
 * What several objects of a record share: the entry that may be listed, and names with sizes (docs/FORMAT.md §4, §10).
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { cid, text, whole } from "../vault/shape.ts"

/** What an entry may hold: dag-cbor without floats, big integers and CIDs, at most 8 levels deep. */
export type EntryValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly EntryValue[]
  | { readonly [key: string]: EntryValue }

/** What may be listed of a record; this layer does not know what it means. */
export type Entry = Readonly<Record<string, EntryValue>>

/** An object or blob by name, with its size in bytes. */
export interface Pinned {
  readonly cid: CID
  readonly size: number
}

const MAX_DEPTH = 8

/** Shape of an {@link Entry}. */
export const entryShape = z.custom<Entry>(
  (value) => isMap(value) && isEntryValue(value, MAX_DEPTH),
  "expected a map of listable values",
)

/** Shape of a kind of record: "dicom-study". */
export const kindShape = text(64).min(1)

/** `[CID, size]`, as it is written. */
export const pinnedShape = z.tuple([cid, whole])

/** `[CID, size]` of a name. */
export function writePinned({ cid: name, size }: Pinned): [CID, number] {
  return [name, size]
}

/** The name that `[CID, size]` writes. */
export function readPinned([name, size]: z.output<typeof pinnedShape>): Pinned {
  return { cid: name, size }
}

function isMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
}

function isEntryValue(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true
  if (typeof value === "number") return Number.isSafeInteger(value)
  if (value instanceof Uint8Array) return true
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every((item) => isEntryValue(item, depth - 1))
  return isMap(value) && Object.values(value).every((item) => isEntryValue(item, depth - 1))
}
