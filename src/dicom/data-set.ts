/**
 * The data set of a file up to its pixel data (PS3.10 §7, PS3.5 §7), read through a window that grows only as far as needed.
 *
 *     preamble │ DICM │ group 2 │ data set … │ (7FE0,0010) │ pixel data and what is behind, never read
 *
 * Also taken, as dcmtk takes them: group 2 without preamble, and a bare little-endian data set without group 2.
 *
 * @module
 */
import dicomParser, { type DataSet, type Element } from "dicom-parser"
import { MedlakeError } from "../base/errors.ts"
import { byteStream, cutSequence } from "./byte-stream.ts"
import { inflate } from "./deflated.ts"
import { metaOf, PREFIX_LENGTH } from "./file-meta.ts"
import { refuse } from "./refusal.ts"
import type { DicomSource } from "./source.ts"

/** A parsed header. */
export interface ParsedDataSet {
  /** Offsets of its elements are those in the file; in the inflated bytes where {@link isInflated}. */
  readonly dataSet: DataSet
  readonly transferSyntaxUid: string
  /** Where the data set begins in the file: behind group 2. */
  readonly start: number
  readonly isInflated: boolean
  /** Length of the bytes that the offsets count in: the file, or what was inflated. */
  readonly size: number
}

const IMPLICIT_LE = "1.2.840.10008.1.2"
const EXPLICIT_LE = "1.2.840.10008.1.2.1"
const DEFLATED = "1.2.840.10008.1.2.1.99"
const BIG_ENDIAN = "1.2.840.10008.1.2.2"
/** Pixel Data: the parser stops there. */
const PIXEL_DATA = "x7fe00010"
/** Pixel Data, Float and Double Float Pixel Data; of which an instance has one (PS3.3 §C.7.6.3, §C.7.6.24, §C.7.6.25). */
export const PIXEL_TAGS: readonly string[] = [PIXEL_DATA, "x7fe00008", "x7fe00009"]
/** Holds the header of most images. */
const FIRST_WINDOW = 1 << 14
/** A header larger than this is not read: objects without pixel data may hold documents. */
const MAX_WINDOW = 512 << 20

/** What one record can name with its leaf hashes (docs/FORMAT.md §3), and more than any real file has. */
const MAX_FILE = 24 * 2 ** 30

/** How a file begins. */
interface Form {
  /** Where group 2 begins, or the data set where there is no group 2. */
  readonly start: number
  /** Given where there is no group 2. */
  readonly transferSyntaxUid?: string
}

/** dicom-parser has this class, but leaves it out of its types. */
const ParserDataSet = (
  dicomParser as unknown as {
    DataSet: new (parser: object, bytes: Uint8Array, elements: object) => DataSet
  }
).DataSet

/**
 * Reads the header.
 * @throws a refusal (see refusal.ts)
 */
export async function readDataSet(source: DicomSource): Promise<ParsedDataSet> {
  if (source.size === 0) throw refuse("empty")
  if (source.size > MAX_FILE) throw refuse("too-large")
  let head = await source.read(0, Math.min(source.size, FIRST_WINDOW))
  const form = formOf(head)
  for (let window = FIRST_WINDOW; ; ) {
    const parsed = await parse(source, head, window, form)
    if (parsed) return parsed
    if (window === MAX_WINDOW) throw refuse("too-large")
    window = Math.min(window * 8, MAX_WINDOW)
    head = await source.read(0, Math.min(source.size, window))
  }
}

/** `undefined` when the window is too small. */
async function parse(
  source: DicomSource,
  head: Uint8Array,
  window: number,
  form: Form,
): Promise<ParsedDataSet | undefined> {
  let isWhole = window >= source.size
  try {
    const { transferSyntaxUid, start } = form.transferSyntaxUid
      ? { transferSyntaxUid: form.transferSyntaxUid, start: form.start }
      : metaOf(head, form.start)
    const isInflated = transferSyntaxUid === DEFLATED
    const { bytes, size } = isInflated
      ? await inflate(source, start, window)
      : { bytes: head, size: source.size }
    isWhole = bytes.length === size
    const dataSet = elementsOf(bytes, isInflated ? 0 : start, transferSyntaxUid)
    if (!isWhole && !(PIXEL_DATA in dataSet.elements)) return undefined
    return { dataSet: withoutPixels(dataSet), transferSyntaxUid, start, isInflated, size }
  } catch (error) {
    if (error instanceof MedlakeError) throw error
    if (!isWhole) return undefined
    throw refuse(isOverrun(error) ? "truncated" : "malformed", errorOf(error))
  }
}

/** The element that holds an instance's pixels, if any does. */
export function pixelElement({ elements }: DataSet): Element | undefined {
  return PIXEL_TAGS.map((tag) => elements[tag]).find((one) => one !== undefined)
}

/** The data set over a copy of its bytes up to the pixels: the window with them may go, however many headers are kept. */
function withoutPixels(dataSet: DataSet): DataSet {
  const pixels = pixelElement(dataSet)
  if (pixels) moveTo(dataSet, dataSet.byteArray.slice(0, pixels.dataOffset))
  return dataSet
}

function moveTo(dataSet: DataSet, bytes: Uint8Array): void {
  dataSet.byteArray = bytes
  for (const { items } of Object.values(dataSet.elements)) {
    for (const item of items ?? []) if (item.dataSet) moveTo(item.dataSet, bytes)
  }
}

/** The elements from `start` to the pixel data or the end. */
function elementsOf(bytes: Uint8Array, start: number, transferSyntaxUid: string): DataSet {
  const { bigEndianByteArrayParser, littleEndianByteArrayParser } = dicomParser
  const parser =
    transferSyntaxUid === BIG_ENDIAN ? bigEndianByteArrayParser : littleEndianByteArrayParser
  const stream = byteStream(parser, bytes, start)
  const dataSet = new ParserDataSet(parser, bytes, {})
  dataSet.warnings = stream.warnings
  const parseElements =
    transferSyntaxUid === IMPLICIT_LE
      ? dicomParser.parseDicomDataSetImplicit
      : dicomParser.parseDicomDataSetExplicit
  parseElements(dataSet, stream, bytes.length, { untilTag: PIXEL_DATA })
  const cut = cutSequence(stream)
  if (cut !== undefined) throw new Error(cut)
  const isPast = !(PIXEL_DATA in dataSet.elements) && stream.position > bytes.length
  if (isPast || Object.values(dataSet.elements).some((one) => isOpenEnded(one, bytes.length))) {
    throw new Error("buffer overrun")
  }
  return dataSet
}

/** Whether the delimiter of an undefined length is missing. */
function isOpenEnded({ tag, hadUndefinedLength, dataOffset, length }: Element, end: number) {
  return hadUndefinedLength === true && tag !== PIXEL_DATA && dataOffset + length >= end
}

/** A bare data set may hold the letters DICM where the prefix would have them: what follows them decides. */
function formOf(head: Uint8Array): Form {
  const hasPrefix = ascii(head, PREFIX_LENGTH - 4, PREFIX_LENGTH) === "DICM"
  if (hasPrefix && groupAt(head, PREFIX_LENGTH) === 0x0002) return { start: PREFIX_LENGTH }
  const group = groupAt(head, 0)
  if (group === 0x0002) return { start: 0 }
  const element = groupAt(head, 2) ?? 0
  if (group === 0x0008 && element <= 0x0070 && head.length >= 8) {
    const isExplicit = /^[A-Z]{2}$/.test(ascii(head, 4, 6))
    return { start: 0, transferSyntaxUid: isExplicit ? EXPLICIT_LE : IMPLICIT_LE }
  }
  if (!hasPrefix) throw refuse("not-dicom")
  throw refuse(head.length < PREFIX_LENGTH + 2 ? "truncated" : "no-transfer-syntax")
}

function groupAt(head: Uint8Array, at: number): number | undefined {
  const [low, high] = head.subarray(at, at + 2)
  return low === undefined || high === undefined ? undefined : low | (high << 8)
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}

/** Whether the bytes ended too early, rather than being wrong. dicom-parser throws texts and errors. */
function isOverrun(thrown: unknown): boolean {
  return /past end|over(?:run|read)|eof encountered|maxP ?osition|'byteArray' length/.test(
    errorOf(thrown).message,
  )
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
