/**
 * Wrong encodings of a right value: for every field of every map in it, and for the encoding as a whole.
 *
 * @module
 */
import { encodeOptions } from "@ipld/dag-cbor"
import { encode } from "cborg"
import { CID } from "multiformats/cid"
import { concat, equal, utf8 } from "../../src/base/bytes.ts"
import { encodeDagCbor } from "../../src/base/dag-cbor.ts"
import type { ErrorName } from "./case.ts"

/** One wrong encoding, and the class of the error that must come of it. */
export interface Mutant {
  readonly name: string
  readonly bytes: Uint8Array
  readonly error: ErrorName
}

/** What distinguishes one layer of a format from another. */
export interface LayerRules {
  /** Fields whose bytes or texts may have any length. */
  readonly anyLength?: readonly string[]
  /** Fields that may be absent. */
  readonly optional?: readonly string[]
  /** Fields that hold what this layer does not know. */
  readonly free?: readonly string[]
  /** It lies in a box or a ciphertext, where a shifted byte changes all that follow: one wrong length a field is enough. */
  readonly sealed?: boolean
  /** Zeros may follow. */
  readonly padded?: boolean
}

type Path = readonly (string | number)[]
type Fields = Record<string, unknown>

/** Bytes above which a field stands for itself whether it is short or long. */
const LONG = 64

/** All mutants of a layer's value. */
export function mutantsOf(value: unknown, rules: LayerRules): Mutant[] {
  return [...fieldMutants(value, rules), ...wholeMutants(value, rules)]
}

function* fieldMutants(value: unknown, rules: LayerRules): Generator<Mutant> {
  for (const path of placesIn(value, rules)) {
    const here = getIn(value, path)
    const name = path.join(".")
    if (rules.free?.includes(fieldOf(path))) {
      yield refused(`${name}: a number instead`, setIn(value, path, 7))
    } else if (isMap(here)) {
      const at = name && ` in ${name}`
      yield refused(`unlisted field${at}`, setIn(value, [...path, lastName(here)], 1))
      for (const field of Object.keys(here)) {
        if (rules.optional?.includes(field)) continue
        const without = rules.sealed ? renameIn : removeIn
        yield refused(`missing ${field}${at}`, without(value, [...path, field]))
      }
    } else if (Array.isArray(here)) {
      if (name) yield refused(`${name}: text instead`, setIn(value, path, textLike(here)))
    } else {
      for (const [how, wrong] of wrongLeaves(here, fieldOf(path), rules)) {
        const error = errorOf(path, wrong)
        yield { ...refused(`${name}: ${how}`, setIn(value, path, wrong)), error }
      }
    }
  }
}

/** Of an unknown version or kind of slot the reader says so; everything else is malformed. */
function errorOf(path: Path, wrong: unknown): ErrorName {
  const field = fieldOf(path)
  const isVersion = field === "v" && Number.isInteger(wrong)
  const isSlotKind = field === "kind" && path.includes("slots") && typeof wrong === "string"
  return isVersion || isSlotKind ? "UnsupportedError" : "InvalidInputError"
}

function* wholeMutants(value: unknown, { padded, sealed }: LayerRules): Generator<Mutant> {
  const right = encodeDagCbor(value)
  const bad = (name: string, bytes: Uint8Array): Mutant => ({
    name,
    bytes,
    error: "InvalidInputError",
  })
  const unsorted = encodeUnsorted(value)
  if (!equal(unsorted, right)) yield bad("unsorted keys", unsorted)
  yield padded
    ? {
        ...bad("padding that is not zero", concat(right, Uint8Array.of(1))),
        error: "IntegrityError",
      }
    : bad("trailing byte", concat(right, Uint8Array.of(0)))
  if (sealed) return
  const [head = 0] = right
  yield bad("head in a long form", concat(longHead(head), right.subarray(1)))
  yield bad("indefinite length", concat(Uint8Array.of(head | 31), right.subarray(1), BREAK))
  if (!padded) yield bad("last byte missing", right.subarray(0, -1))
  yield bad("nothing", new Uint8Array())
  yield bad("a list instead", encodeDagCbor([value]))
  if (!isMap(value)) return
  const again = encodeDagCbor({ [Object.keys(value)[0] as string]: 0 }).subarray(1)
  yield bad("a key twice", concat(Uint8Array.of(head + 1), right.subarray(1), again))
  const proto = concat(encodeDagCbor("__proto__"), encodeDagCbor({}))
  yield bad("a field named __proto__", concat(Uint8Array.of(head + 1), right.subarray(1), proto))
}

const BREAK = Uint8Array.of(0xff)

/** RFC 8949 §3: the count in a byte of its own, though it fits the head. */
function longHead(head: number): Uint8Array {
  return Uint8Array.of((head & 0xe0) | 24, head & 31)
}

function wrongLeaves(leaf: unknown, field: string, rules: LayerRules): [string, unknown][] {
  const isFixed = !rules.anyLength?.includes(field)
  if (leaf instanceof Uint8Array) {
    const text: [string, unknown] = ["text instead", "x".repeat(leaf.length)]
    if (!isFixed) return [text]
    const short: [string, unknown] = ["one byte short", leaf.slice(1)]
    if (rules.sealed) return [leaf.length > LONG ? text : short]
    if (leaf.length > LONG) return [short, text]
    return [short, ["one byte long", concat(leaf, Uint8Array.of(0))], text]
  }
  const cid = CID.asCID(leaf)
  if (cid) {
    const bytes: [string, unknown] = ["bytes instead", cid.bytes]
    const codec: [string, unknown] = ["another codec", CID.createV1(0x71, cid.multihash)]
    return rules.sealed ? [codec] : [bytes, codec]
  }
  if (typeof leaf === "number") {
    const other: [string, unknown] = ["another number", field === "v" ? 2 : -leaf - 1]
    const float: [string, unknown] = ["a float", leaf + 0.5]
    if (rules.sealed) return leaf > 0xffffffff ? [other, float] : [other]
    return [other, float, ["beyond 2^53", 2n ** 60n]]
  }
  if (typeof leaf === "string") {
    const bytes: [string, unknown] = ["bytes instead", utf8(leaf)]
    return isFixed && !rules.sealed ? [bytes, ["too long", "x".repeat(300)]] : [bytes]
  }
  return [["a number instead", Number(leaf)]]
}

/** A name that canonical order puts behind all others: what stands before it does not move. */
function lastName(map: Fields): string {
  return "unlisted".padEnd(Math.max(...Object.keys(map).map((one) => one.length)) + 1, "x")
}

/** A text that is encoded in as many bytes as the list. */
function textLike(list: readonly unknown[]): string {
  const { length } = encodeDagCbor(list)
  const texts = [1, 2, 3].map((head) => "x".repeat(Math.max(0, length - head)))
  return texts.find((one) => encodeDagCbor(one).length === length) ?? ""
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

function fieldOf(path: Path): string {
  return String(path.findLast((part) => typeof part === "string"))
}

/** Every map, list and leaf; of a list of maps the first map stands for all. */
function* placesIn(value: unknown, rules: LayerRules, path: Path = []): Generator<Path> {
  yield path
  if (isLeaf(value) || rules.free?.includes(fieldOf(path))) return
  const children = Array.isArray(value)
    ? value.slice(0, isMap(value[0]) ? 1 : undefined).entries()
    : Object.entries(value as Fields)
  for (const [name, child] of children) yield* placesIn(child, rules, [...path, name])
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

/** The field under a name of the same length. */
function renameIn(value: unknown, path: Path): unknown {
  const field = String(path.at(-1))
  const other = `${field.slice(0, -1)}${field.endsWith("z") ? "y" : "z"}`
  return setIn(removeIn(value, path), [...path.slice(0, -1), other], getIn(value, path))
}
