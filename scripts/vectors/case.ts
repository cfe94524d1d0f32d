/**
 * What a vector file is made of, and how it is written: one case a line.
 *
 * Bytes are written as edits of an accepted case of the same file, whichever is nearest; docs/FORMAT.md, Vectors, says how to read them.
 *
 * @module
 */
import { toDagJson } from "./dag-json.ts"
import { costOf, type Edit, editsBetween } from "./edit.ts"

/** Class of the error that a reader must raise. */
export type ErrorName =
  | "InvalidInputError"
  | "UnsupportedError"
  | "IntegrityError"
  | "AccessDeniedError"
  | "ClockSkewError"
  | "StaleEpochError"

/** One reading, and what must come of it: a value or an error. */
export interface Case {
  readonly name: string
  /** Of `test/vectors/readers.ts`. */
  readonly read: string
  /** Keys and names that the reader is given, beside those of the file. */
  readonly with?: Readonly<Record<string, unknown>>
  /** Absent where only inputs are read. */
  readonly bytes?: Uint8Array
  readonly reads?: unknown
  readonly error?: ErrorName
}

/** One file of `test/vectors`. */
export interface VectorFile {
  /** Name without `.json`. */
  readonly file: string
  /** Of docs/FORMAT.md. */
  readonly section: string
  readonly with: Readonly<Record<string, unknown>>
  readonly cases: readonly Case[]
}

/** Makes cases that one reader must refuse. */
export function refusalsOf(read: string) {
  return (
    name: string,
    bytes: Uint8Array,
    error: ErrorName = "InvalidInputError",
    given?: Case["with"],
  ): Case => ({ name, read, ...(given && { with: given }), bytes, error })
}

/** The same bytes with one bit turned. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] as number) ^ 1
  return copy
}

/** The file's text. */
export function textOf({ section, with: shared, cases }: VectorFile): string {
  requireDistinct(cases)
  const lines = cases.map((one, index) => toDagJson(compact(one, index, cases)))
  const head = `{"section":${JSON.stringify(section)},\n"with":${toDagJson(shared)},\n"cases":[\n`
  return `${head}${lines.join(",\n")}\n]}\n`
}

/** Bytes as edits of an accepted case, and no value where it is that case's. */
function compact(one: Case, index: number, cases: readonly Case[]): object {
  const { name, read, with: given, bytes, reads, error } = one
  const head = { name, read, ...(given && { with: given }) }
  const outcome = error ? { error } : { reads }
  if (!bytes) return { ...head, ...outcome }
  const nearest = nearestOf(bytes, error ? cases : cases.slice(0, index))
  if (!nearest) return { ...head, bytes, ...outcome }
  const { of, edit } = nearest
  const isSame = !error && toDagJson(reads) === toDagJson(cases[of]?.reads)
  return { ...head, of, edit, ...(isSame ? {} : outcome) }
}

/** The accepted case from which the bytes differ least. */
function nearestOf(bytes: Uint8Array, cases: readonly Case[]) {
  let best: { of: number; edit: Edit[] } | undefined
  for (const [of, one] of cases.entries()) {
    if (one.error || !one.bytes) continue
    const edit = editsBetween(one.bytes, bytes)
    if (!best || costOf(edit) < costOf(best.edit)) best = { of, edit }
  }
  return best && costOf(best.edit) < bytes.length ? best : undefined
}

function requireDistinct(cases: readonly Case[]): void {
  const seen = new Set<string>()
  for (const { read, name } of cases) {
    const whole = `${read}: ${name}`
    if (seen.has(whole)) throw new Error(`two cases of one file have the name "${whole}"`)
    seen.add(whole)
  }
}
