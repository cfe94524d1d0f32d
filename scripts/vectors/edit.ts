/**
 * Differences between two byte strings, so that a vector with one wrong field does not repeat the thousand right bytes around it.
 *
 * @module
 */
import { concat, hex } from "../../src/base/bytes.ts"

/** At `at` of the original, `cut` bytes are replaced by others. Ascending and apart. */
export type Edit = readonly [at: number, cut: number, bytes: Uint8Array]

/** Bytes that an edit costs in text beside those it holds. */
const OVERHEAD = 24

/** What makes `to` of `from`: stretches of {@link WINDOW} bytes that both have in one order are kept. */
export function editsBetween(from: Uint8Array, to: Uint8Array): Edit[] {
  const edits: Edit[] = []
  const places = windowsOf(from)
  let [kept, written] = [0, 0]
  for (let at = 0; at < to.length; ) {
    const place = resync(places, to, at, kept, at - written + kept)
    if (place === undefined) {
      at += 1
      continue
    }
    if (place > kept || at > written) edits.push([kept, place - kept, to.slice(written, at)])
    let length = 0
    while (from[place + length] === to[at + length] && at + length < to.length) length++
    kept = place + length
    at += length
    written = at
  }
  if (kept < from.length || written < to.length) {
    edits.push([kept, from.length - kept, to.slice(written)])
  }
  return edits
}

/** Bytes that must be the same before two places count as the same. */
const WINDOW = 16

/** Of each original once: many cases are compared with it. */
const known = new WeakMap<Uint8Array, ReadonlyMap<string, readonly number[]>>()

function windowsOf(bytes: Uint8Array): ReadonlyMap<string, readonly number[]> {
  const kept = known.get(bytes)
  if (kept) return kept
  const places = new Map<string, number[]>()
  for (let at = 0; at + WINDOW <= bytes.length; at++) {
    const window = hex(bytes.subarray(at, at + WINDOW))
    const others = places.get(window)
    if (others) others.push(at)
    else places.set(window, [at])
  }
  known.set(bytes, places)
  return places
}

/** Where in `from` the window of `to` lies: straight on if it can, else at the first place behind what is kept. */
function resync(
  places: ReadonlyMap<string, readonly number[]>,
  to: Uint8Array,
  at: number,
  kept: number,
  straight: number,
): number | undefined {
  const found = places.get(hex(to.subarray(at, at + WINDOW)))
  return found?.find((place) => place === straight) ?? found?.find((place) => place >= kept)
}

/** The edited bytes. */
export function applyEdits(from: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const [start, cut, bytes] of edits) {
    pieces.push(from.subarray(at, start), bytes)
    at = start + cut
  }
  return concat(...pieces, from.subarray(at))
}

/** How long the edits are in text, about. */
export function costOf(edits: readonly Edit[]): number {
  return edits.reduce((sum, [, , bytes]) => sum + OVERHEAD + bytes.length, 0)
}
