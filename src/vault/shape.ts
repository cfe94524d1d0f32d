/**
 * Shapes of what others send: exactly the listed fields, each of its length.
 *
 *     bytes ──decodeDagCbor──▶ unknown ──parseShape──▶ typed value | InvalidInputError | UnsupportedError
 *
 * Guarantees: an unlisted or missing field, a wrong length, a float or a number beyond 2^53 − 1 is refused; `v` of another
 * version is refused as unsupported before anything else is looked at. Source: docs/FORMAT.md, Notation.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import { z } from "zod"
import { encodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError, UnsupportedError } from "../base/errors.ts"

/** Multicodec codes of the CIDs in use: raw leaf, dag-pb root; and of sha2-256. */
const CODECS: readonly number[] = [0x55, 0x70]
const SHA2_256 = 0x12
/** Longest URL (characters) in a card, a body or a message. */
export const URL_LIMIT = 256

/** Exactly `length` bytes. */
export const bytes = (length: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === length,
    `expected ${length} bytes`,
  )

/** Bytes of any length up to `limit`. */
export const bytesUpTo = (limit: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= limit,
    `expected at most ${limit} bytes`,
  )

/** Bytes inside an object, which is at most 1 MiB itself. */
export const objectBytes = bytesUpTo(1_048_576)

/** A whole number from 0 to 2^53 − 1; times are such milliseconds. */
export const whole = z.int().nonnegative()

/** An epoch, counted from 1, as it fits a u32. */
export const epochNumber = z.int().min(1).max(0xffffffff)

/** Index of an embedded transaction. */
export const transactionIndex = z.int().min(0).max(0xffffffff)

/** Text of at most `limit` UTF-16 units. */
export const text = (limit: number) => z.string().max(limit)

/** CIDv1 of a raw leaf or a dag-pb root with sha2-256: 36 bytes. */
export const cid = z.custom<CID>(isOurCid, "expected a CIDv1 with sha2-256, raw or dag-pb")

/** An absolute http or https URL in printable ASCII, without user, password, fragment or backslash. */
export const url = z.string().max(URL_LIMIT).refine(isPlainUrl, "expected an http or https URL")

/** Whether each number is greater than the one before it. */
export function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number))
}

/** At most 16 URLs. */
export const urls = z.array(url).max(16)

function isOurCid(value: unknown): boolean {
  const found = CID.asCID(value)
  return (
    found !== null &&
    found.version === 1 &&
    CODECS.includes(found.code) &&
    found.multihash.code === SHA2_256 &&
    found.multihash.digest.length === 32
  )
}

/** What `URL` mends (blanks, backslashes, missing slashes) is refused: readers mend in different ways. */
const PLAIN_URL = /^https?:\/\/[!-~]+$/i

function isPlainUrl(value: string): boolean {
  if (!PLAIN_URL.test(value) || /[#\\]/.test(value) || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username === "" && password === ""
}

/**
 * The typed value, when it has exactly this shape.
 * @param name what it is, for the message: "intake object"
 * @throws {UnsupportedError} when it has a whole number `v` that is not 1
 * @throws {InvalidInputError} naming the field that is wrong, never its value
 */
export function parseShape<T extends z.ZodType>(
  name: string,
  shape: T,
  value: unknown,
): z.output<T> {
  refuseOtherVersion(name, value)
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw new InvalidInputError(`the ${name} is malformed at "${fieldOf(parsed.error)}"`)
}

/**
 * Canonical dag-cbor of a value that has this shape: what is written can be read.
 * @throws {InvalidInputError} naming the field that is wrong
 */
export function encodeShape<T extends z.ZodType>(
  name: string,
  shape: T,
  value: z.input<T>,
): Uint8Array {
  return encodeDagCbor(parseShape(name, shape, value))
}

function refuseOtherVersion(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || !("v" in value)) return
  if (Number.isSafeInteger(value.v) && value.v !== 1) {
    throw new UnsupportedError(
      `the ${name} has version ${String(value.v)}, this program knows version 1: update medlake`,
    )
  }
}

function fieldOf(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue?.code === "unrecognized_keys") return [...issue.path, "unlisted field"].join(".")
  return issue?.path.join(".") || "top"
}
