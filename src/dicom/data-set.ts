/**
 * The data set of a file up to its pixel data (PS3.10 §7, PS3.5 §7), read through a window that grows only as far as needed.
 *
 *     preamble │ DICM │ group 2 │ data set … │ (7FE0,0010) │ pixel data, never read
 *
 * Also taken, as dcmtk takes them: group 2 without preamble, and a bare little-endian data set without group 2.
 *
 * @module
 */
import dicomParser, { type DataSet } from "dicom-parser"
import { refuse } from "./refusal.ts"
import type { DicomSource } from "./source.ts"

/** A parsed header. */
export interface ParsedDataSet {
  readonly dataSet: DataSet
  readonly transferSyntaxUid: string
  /** Where the data set begins in the file: behind group 2. */
  readonly start: number
  /** Added to dicom-parser's offsets to get those in the file; undefined for a deflated data set, whose bytes are elsewhere. */
  readonly shift: number | undefined
  /** Length of the bytes that were parsed as if they were the file's; the file's own size but for deflated data sets. */
  readonly size: number
}

const IMPLICIT_LE = "1.2.840.10008.1.2"
const EXPLICIT_LE = "1.2.840.10008.1.2.1"
const DEFLATED = "1.2.840.10008.1.2.1.99"
/** Pixel Data; Float and Double Float Pixel Data come before it and are small in number. */
const PIXEL_DATA = "x7fe00010"
const PREFIX_LENGTH = 132
const FIRST_WINDOW = 1 << 18
/** A header larger than this is not read: objects without pixel data may hold documents. */
const MAX_WINDOW = 512 << 20
const INFLATED_LIMIT = 512 << 20

/** How a file begins. */
interface Form {
  /** Zero bytes and DICM to put in front, so that dicom-parser finds what it expects. */
  readonly missingPrefix: boolean
  /** Given where there is no group 2. */
  readonly transferSyntaxUid?: string
}

/**
 * Reads the header.
 * @throws a refusal (see refusal.ts)
 */
export async function readDataSet(source: DicomSource): Promise<ParsedDataSet> {
  if (source.size === 0) throw refuse("empty")
  const form = formOf(await source.read(0, Math.min(source.size, FIRST_WINDOW)))
  for (let window = FIRST_WINDOW; ; window *= 8) {
    const end = Math.min(source.size, window)
    const parsed = await parse(source, end, form)
    if (parsed) return parsed
    if (end === source.size) throw refuse("truncated")
    if (window > MAX_WINDOW) throw refuse("malformed")
  }
}

/** `undefined` when the window is too small. */
async function parse(
  source: DicomSource,
  end: number,
  form: Form,
): Promise<ParsedDataSet | undefined> {
  const head = await source.read(0, end)
  const shift = form.missingPrefix ? -PREFIX_LENGTH : 0
  const bytes = form.missingPrefix ? withPrefix(head) : head
  const meta = metaOf(bytes, form)
  if (meta === undefined) return undefined
  const { transferSyntaxUid, start } = meta
  if (transferSyntaxUid === DEFLATED) return await parseDeflated(source, bytes, start, shift)
  try {
    const options = {
      untilTag: PIXEL_DATA,
      ...(form.transferSyntaxUid && { TransferSyntaxUID: form.transferSyntaxUid }),
    }
    const dataSet = dicomParser.parseDicom(bytes, options)
    return { dataSet, transferSyntaxUid, start: start + shift, shift, size: source.size }
  } catch (error) {
    if (end < source.size) return undefined
    throw refuse(isOverrun(error) ? "truncated" : "malformed", errorOf(error))
  }
}

/** Transfer syntax and end of group 2; `undefined` when the window is too small. */
function metaOf(
  bytes: Uint8Array,
  form: Form,
): { readonly transferSyntaxUid: string; readonly start: number } | undefined {
  if (form.transferSyntaxUid) return { transferSyntaxUid: form.transferSyntaxUid, start: 0 }
  let meta: DataSet & { position?: number }
  try {
    meta = dicomParser.readPart10Header(bytes)
  } catch (error) {
    if (isOverrun(error)) return undefined
    throw refuse("malformed", errorOf(error))
  }
  const transferSyntaxUid = meta.string("x00020010")
  if (!transferSyntaxUid) throw refuse("no-transfer-syntax")
  return { transferSyntaxUid, start: meta.position ?? 0 }
}

async function parseDeflated(
  source: DicomSource,
  head: Uint8Array,
  start: number,
  shift: number,
): Promise<ParsedDataSet> {
  const deflated = await source.read(start + shift, source.size)
  const inflated = await inflate(deflated)
  const whole = new Uint8Array(start + inflated.length)
  whole.set(head.subarray(0, start))
  whole.set(inflated, start)
  try {
    const dataSet = dicomParser.parseDicom(whole, { untilTag: PIXEL_DATA, inflater: () => whole })
    const size = whole.length
    return { dataSet, transferSyntaxUid: DEFLATED, start: start + shift, shift: undefined, size }
  } catch (error) {
    throw refuse("malformed", errorOf(error))
  }
}

/** Raw DEFLATE (RFC 1951), bounded. */
async function inflate(deflated: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(deflated)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"))
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of stream as unknown as AsyncIterable<Uint8Array>) {
      length += piece.length
      if (length > INFLATED_LIMIT) throw new Error("more than a data set may hold")
      pieces.push(piece)
    }
  } catch (error) {
    if (length === 0 || length > INFLATED_LIMIT) throw refuse("malformed", errorOf(error))
  }
  const inflated = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    inflated.set(piece, at)
    at += piece.length
  }
  return inflated
}

function formOf(head: Uint8Array): Form {
  if (ascii(head, 128, 132) === "DICM") return { missingPrefix: false }
  const group = (head[0] ?? 0) | ((head[1] ?? 0) << 8)
  const element = (head[2] ?? 0) | ((head[3] ?? 0) << 8)
  if (group === 0x0002) return { missingPrefix: true }
  if (group !== 0x0008 || element > 0x0070 || head.length < 8) throw refuse("not-dicom")
  const isExplicit = /^[A-Z]{2}$/.test(ascii(head, 4, 6))
  return { missingPrefix: false, transferSyntaxUid: isExplicit ? EXPLICIT_LE : IMPLICIT_LE }
}

function withPrefix(head: Uint8Array): Uint8Array {
  const whole = new Uint8Array(PREFIX_LENGTH + head.length)
  whole.set([0x44, 0x49, 0x43, 0x4d], PREFIX_LENGTH - 4)
  whole.set(head, PREFIX_LENGTH)
  return whole
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}

/** dicom-parser throws texts, errors, and objects that hold one of them as `exception`. */
function messageOf(thrown: unknown): string {
  if (typeof thrown === "string") return thrown
  if (thrown instanceof Error) return thrown.message
  if (typeof thrown === "object" && thrown !== null && "exception" in thrown) {
    return messageOf(thrown.exception)
  }
  return "dicom-parser refused the bytes"
}

/** Whether the bytes ended too early, rather than being wrong. */
function isOverrun(thrown: unknown): boolean {
  return /past end|over(?:run|read)|greater than or equal to 'byteArray' length/.test(
    messageOf(thrown),
  )
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown))
}
