/**
 * Wrong encodings of a right value: for every field of every map in it, and for the encoding as a whole.
 *
 * @module
 */
import { encodeOptions } from "@ipld/dag-cbor"
import { encode } from "cborg"
import { CID } from "multiformats/cid"
import { concat, equal } from "../../src/base/bytes.ts"
import { encodeDagCbor } from "../../src/base/dag-cbor.ts"

/** One wrong encoding, and the class of the error that must come of it. */
export interface Mutant {
  readonly name: string
  readonly bytes: Uint8Array
  readonly error: "InvalidInputError" | "UnsupportedError" | "IntegrityError"
}

/** What distinguishes one layer of a format from another. */
export interface LayerRules {
  /** Fields whose bytes or texts may have any length. */
  readonly anyLength: readonly string[]
  /** Fields that may be absent. */
  readonly optional?: readonly string[]
  /** Zeros may follow. */
  readonly padded?: boolean
}

type Path = readonly (string | number)[]
type Fields = Record<string, unknown>

/** All mutants of a layer's value. */
export function mutantsOf(value: unknown, rules: LayerRules): Mutant[] {
  return [...fieldMutants(value, rules), ...wholeMutants(value, rules)]
}

function* fieldMutants(value: unknown, rules: LayerRules): Generator<Mutant> {
  for (const path of mapsIn(value)) {
    const at = path.length ? ` in ${path.join(".")}` : ""
    yield refused(`unlisted field${at}`, setIn(value, [...path, "unlisted"], 1))
    for (const field of Object.keys(getIn(value, path) as Fields)) {
      if (rules.optional?.includes(field)) continue
      yield refused(`missing ${field}${at}`, removeIn(value, [...path, field]))
    }
  }
  for (const path of leavesIn(value)) {
    const field = String(path.findLast((part) => typeof part === "string"))
    const leaf = getIn(value, path)
    for (const [how, wrong] of wrongLeaves(leaf, rules.anyLength.includes(field))) {
      const error = field === "v" && how === "another number" ? "UnsupportedError" : undefined
      yield {
        ...refused(`${path.join(".")}: ${how}`, setIn(value, path, wrong)),
        ...(error && { error }),
      }
    }
  }
}

function* wholeMutants(value: unknown, { padded }: LayerRules): Generator<Mutant> {
  const right = encodeDagCbor(value)
  const bad = (name: string, bytes: Uint8Array): Mutant => ({
    name,
    bytes,
    error: "InvalidInputError",
  })
  const unsorted = encodeUnsorted(value)
  if (!equal(unsorted, right)) yield bad("unsorted keys", unsorted)
  yield bad(
    "map length in a long form",
    concat(Uint8Array.of(0xb8, (right[0] as number) & 31), right.subarray(1)),
  )
  yield bad("last byte missing", right.subarray(0, -1))
  yield bad("nothing", new Uint8Array())
  yield bad("a list instead", encodeDagCbor([value]))
  yield padded
    ? {
        name: "padding that is not zero",
        bytes: concat(right, Uint8Array.of(1)),
        error: "IntegrityError",
      }
    : bad("trailing byte", concat(right, Uint8Array.of(0)))
}

function wrongLeaves(leaf: unknown, anyLength: boolean): [string, unknown][] {
  if (leaf instanceof Uint8Array && !anyLength)
    return [
      ["one byte short", leaf.slice(1)],
      ["one byte long", concat(leaf, Uint8Array.of(0))],
      ["text instead", "text"],
    ]
  if (leaf instanceof Uint8Array) return [["text instead", "text"]]
  if (CID.asCID(leaf)) {
    const cid = leaf as CID
    return [
      ["bytes instead", cid.bytes],
      ["CID of another codec", CID.createV1(0x71, cid.multihash)],
    ]
  }
  if (typeof leaf === "number")
    return [
      ["another number", leaf === 1 ? 2 : -1],
      ["a float", leaf + 0.5],
      ["beyond 2^53", 2n ** 60n],
    ]
  if (typeof leaf === "string" && !anyLength)
    return [
      ["a number instead", 7],
      ["too long", "x".repeat(300)],
    ]
  return [["a number instead", 7]]
}

function refused(name: string, value: unknown): Mutant {
  return { name, bytes: encodeDagCbor(value), error: "InvalidInputError" }
}

/** Keys from the last to the first. */
function encodeUnsorted(value: unknown): Uint8Array {
  const keyOf = (entry: unknown) => String((entry as [{ value: unknown }])[0].value)
  const canonical = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1)
  return encode(value, {
    ...encodeOptions,
    mapSorter: (a, b) => canonical(keyOf(b), keyOf(a)),
  })
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isLeaf(value)
}

function isLeaf(value: unknown): boolean {
  return typeof value !== "object" || value instanceof Uint8Array || CID.asCID(value) !== null
}

function* mapsIn(value: unknown, path: Path = []): Generator<Path> {
  if (isMap(value)) yield path
  yield* below(value, path, mapsIn)
}

function* leavesIn(value: unknown, path: Path = []): Generator<Path> {
  if (isLeaf(value)) yield path
  else yield* below(value, path, leavesIn)
}

/** Of a list of maps the first stands for all. */
function* below(
  value: unknown,
  path: Path,
  visit: (value: unknown, path: Path) => Generator<Path>,
): Generator<Path> {
  if (isLeaf(value)) return
  const children = Array.isArray(value)
    ? value.slice(0, isMap(value[0]) ? 1 : undefined).entries()
    : Object.entries(value as Fields)
  for (const [name, child] of children) yield* visit(child, [...path, name])
}

function getIn(value: unknown, path: Path): unknown {
  return path.reduce((at, part) => (at as Fields)[part], value)
}

function setIn(value: unknown, path: Path, leaf: unknown): unknown {
  const [part, ...rest] = path
  if (part === undefined) return leaf
  if (Array.isArray(value))
    return value.with(part as number, setIn(value[part as number], rest, leaf))
  return { ...(value as Fields), [part]: setIn((value as Fields)[part], rest, leaf) }
}

function removeIn(value: unknown, path: Path): unknown {
  const parent = path.slice(0, -1)
  const kept = Object.entries(getIn(value, parent) as Fields).filter(
    ([name]) => name !== path.at(-1),
  )
  return setIn(value, parent, Object.fromEntries(kept))
}
