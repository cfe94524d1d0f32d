/**
 * A map of a format as a layer: a right value, and how any bytes in its place become a whole message.
 *
 * @module
 */
import { equal } from "../../src/base/bytes.ts"
import { encodeDagCbor } from "../../src/base/dag-cbor.ts"
import type { Case } from "./case.ts"
import { type LayerRules, mutantsOf } from "./mutants.ts"

/** One map of one format. */
export interface Layer {
  readonly name: string
  /** Of `test/vectors/readers.ts`. */
  readonly read: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly value: unknown
  readonly rules?: LayerRules
  /** What the reader makes of the right value. */
  readonly reads: unknown
  /** The layer is the message itself when there is none. */
  readonly wrap?: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array
}

const asIs = (bytes: Uint8Array) => bytes

/** The right case of every layer, then its wrong ones. */
export async function casesOf(layers: readonly Layer[]): Promise<Case[]> {
  const cases: Case[] = []
  for (const { name, read, value, reads, with: given, rules = {}, wrap = asIs } of layers) {
    const common = { read, ...(given && { with: given }) }
    const bytes = await wrap(encodeDagCbor(value))
    const isThere = cases.some((one) => one.read === read && one.bytes && equal(one.bytes, bytes))
    if (!isThere) cases.push({ ...common, name, bytes, reads })
    for (const mutant of mutantsOf(value, rules)) {
      const wrong = await wrap(mutant.bytes)
      cases.push({ ...common, name: `${name}: ${mutant.name}`, bytes: wrong, error: mutant.error })
    }
  }
  return cases
}
