/**
 * Values of vectors in text: JSON with bytes and CIDs as DAG-JSON writes them.
 *
 *     bytes ⇄ {"/": {"bytes": "<base64 without padding>"}}        CID ⇄ {"/": "bafy…"}
 *
 * Source: IPLD dag-json specification. Keys stay in the order given, so that a file reads well.
 *
 * @module
 */
import { base64nopad } from "@scure/base"
import { CID } from "multiformats/cid"

/** One value as one line of JSON. */
export function toDagJson(value: unknown): string {
  return JSON.stringify(written(value))
}

/** The value that a text holds. */
export function fromDagJson(text: string): unknown {
  return read(JSON.parse(text))
}

function written(value: unknown): unknown {
  if (value instanceof Uint8Array) return { "/": { bytes: base64nopad.encode(value) } }
  const cid = CID.asCID(value)
  if (cid) return { "/": cid.toString() }
  if (Array.isArray(value)) return value.map(written)
  if (typeof value === "bigint") throw new Error("vectors hold no big integers")
  if (typeof value !== "object" || value === null) return value
  return mapEntries(value, written)
}

function read(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(read)
  if (typeof value !== "object" || value === null) return value
  const special = (value as Record<string, unknown>)["/"]
  if (typeof special === "string") return CID.parse(special)
  if (special) return base64nopad.decode((special as { bytes: string }).bytes)
  return mapEntries(value, read)
}

function mapEntries(map: object, of: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, of(value)]))
}
