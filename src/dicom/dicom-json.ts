/**
 * The DICOM JSON model (PS3.18 Annex F) of a header: group 2 left out, large and pixel values by `BulkDataURI`.
 *
 *     {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "…"}]}, …}
 *
 * A `BulkDataURI` is relative to the instance and names the element by its path of tags and item numbers, from 1.
 *
 * @module
 */
import type { DataSet, Element } from "dicom-parser"
import { valueRepresentation } from "./byte-stream.ts"
import { PIXEL_TAGS } from "./data-set.ts"
import { vrOf } from "./dictionary.ts"
import { hiddenItems } from "./hidden-items.ts"
import { bytesOf, characterSetOf, textOf } from "./text.ts"

/** One attribute. */
export interface JsonAttribute {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly InlineBinary?: string
  readonly BulkDataURI?: string
}

/** A data set, by tag of eight hex digits. */
export type DicomJson = Readonly<Record<string, JsonAttribute>>

/** Binary values up to this many bytes stand inline. */
const INLINE_LIMIT = 4096
const MAX_DEPTH = 64
const PIXEL_REPRESENTATION = "x00280103"
const BINARY: readonly string[] = ["OB", "OD", "OF", "OL", "OV", "OW", "UN"]
/** Bytes of a word of those that have words. */
const WORD_SIZES: Readonly<Record<string, number>> = { OD: 8, OF: 4, OL: 4, OV: 8, OW: 2 }
const TEXT: readonly string[] = "AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split(" ")
const SINGLE_TEXT: readonly string[] = ["LT", "ST", "UT", "UR"]
const PIXEL_VRS: readonly string[] = ["OB", "OD", "OF", "OW"]
const PERSON_NAME_GROUPS = ["Alphabetic", "Ideographic", "Phonetic"] as const

/** What PS3.5 §6.2 allows in DS and IS. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Readers of numbers by VR: bytes of one, and how to read it. */
const NUMBERS: Readonly<
  Record<string, readonly [number, (view: DataView, at: number, le: boolean) => unknown]>
> = {
  US: [2, (view, at, le) => view.getUint16(at, le)],
  SS: [2, (view, at, le) => view.getInt16(at, le)],
  UL: [4, (view, at, le) => view.getUint32(at, le)],
  SL: [4, (view, at, le) => view.getInt32(at, le)],
  UV: [8, (view, at, le) => exact(view.getBigUint64(at, le))],
  SV: [8, (view, at, le) => exact(view.getBigInt64(at, le))],
  FL: [4, (view, at, le) => finite(view.getFloat32(at, le))],
  FD: [8, (view, at, le) => finite(view.getFloat64(at, le))],
  AT: [4, (view, at, le) => attributeTag(view.getUint16(at, le), view.getUint16(at + 2, le))],
}

/**
 * The JSON of a header.
 * @param bigEndian whether binary numbers are (transfer syntax 1.2.840.10008.1.2.2)
 */
export function toDicomJson(dataSet: DataSet, bigEndian: boolean): DicomJson {
  const place = { bigEndian, path: "", characterSet: undefined, signed: false, depth: 0 }
  return convert(dataSet, place)
}

interface Place {
  readonly bigEndian: boolean
  readonly path: string
  readonly characterSet: string | undefined
  /** Pixel Representation (0028,0103) of the nearest data set that has it. */
  readonly signed: boolean
  readonly depth: number
}

function convert(dataSet: DataSet, place: Place): DicomJson {
  const characterSet = characterSetOf(dataSet, place.characterSet)
  const pixels = dataSet.uint16(PIXEL_REPRESENTATION)
  const signed = pixels === undefined ? place.signed : pixels === 1
  const json: Record<string, JsonAttribute> = {}
  for (const tag of Object.keys(dataSet.elements).toSorted()) {
    const name = tag.slice(1).toUpperCase()
    const element = dataSet.elements[tag]
    if (!element || name.startsWith("0002") || name.startsWith("FFFE") || name.endsWith("0000"))
      continue
    const inside = { ...place, path: `${place.path}/${name}`, characterSet, signed }
    json[name] = attribute(dataSet, tag, element, inside)
  }
  return json
}

function attribute(dataSet: DataSet, tag: string, element: Element, place: Place): JsonAttribute {
  const written = valueRepresentation(dataSet.byteArray, element)
  // In implicit VR dicom-parser takes an empty value for a sequence where a delimiter follows.
  const isEmpty = element.length === 0 && written === undefined
  if (element.items && !isEmpty) return { vr: "SQ", ...values(itemsOf(element.items, place)) }
  const vr = representationOf(tag, written, place)
  if (PIXEL_TAGS.includes(tag)) {
    return { vr: PIXEL_VRS.includes(vr) ? vr : "OB", BulkDataURI: bulkUri(place) }
  }
  if (element.length === 0) return { vr }
  if (vr === "SQ" || (vr === "UN" && element.hadUndefinedLength)) {
    const hidden = hiddenItems(dataSet, element)
    if (hidden) return { vr: "SQ", ...values(itemsOf(hidden, { ...place, bigEndian: false })) }
  }
  const bytes = bytesOf(dataSet, element)
  const number = NUMBERS[vr]
  if (number) return { vr, ...values(numbers(bytes, number, !place.bigEndian)) }
  if (vr === "SQ" || BINARY.includes(vr)) {
    const binary = vr === "SQ" ? "UN" : vr
    const isSmall = bytes.length <= INLINE_LIMIT
    return isSmall
      ? { vr: binary, InlineBinary: base64(toLittleEndian(bytes, binary, place)) }
      : { vr: binary, BulkDataURI: bulkUri(place) }
  }
  const text = textOf(dataSet, element, vr, place.characterSet ?? "ISO_IR 6")
  return { vr, ...values(textValues(vr, text)) }
}

/** An unknown VR, of blanks or of a later edition, is `UN`. */
function representationOf(tag: string, vr: string | undefined, place: Place): string {
  if (vr === undefined || vr === "UN") return vrOf(tag, place.signed)
  return vr in NUMBERS || BINARY.includes(vr) || TEXT.includes(vr) || vr === "SQ" ? vr : "UN"
}

/** Items; none where sequences lie deeper in each other than any real object has them. */
function itemsOf(items: NonNullable<Element["items"]>, place: Place): DicomJson[] {
  if (place.depth >= MAX_DEPTH) return []
  return items.map(({ dataSet }, i) => {
    const path = `${place.path}/${i + 1}`
    return dataSet ? convert(dataSet, { ...place, path, depth: place.depth + 1 }) : {}
  })
}

function values(list: readonly unknown[]): { Value?: readonly unknown[] } {
  return list.length === 0 ? {} : { Value: list }
}

function numbers(
  bytes: Uint8Array,
  [size, read]: (typeof NUMBERS)[string],
  littleEndian: boolean,
): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = Math.floor(bytes.length / size)
  return Array.from({ length: count }, (_, i) => read(view, i * size, littleEndian))
}

/** An empty value among several is null; trailing empty ones stay, as they are values (PS3.18 §F.2.5). */
function textValues(vr: string, text: string): unknown[] {
  if (SINGLE_TEXT.includes(vr)) return text === "" ? [] : [text]
  const parts = text.split("\\").map((part) => textValue(vr, part))
  return parts.length === 1 && parts[0] === null ? [] : parts
}

function textValue(vr: string, part: string): unknown {
  const trimmed = part.replace(vr === "UC" ? /[ \0]+$/ : /^ +|[ \0]+$/g, "")
  if (vr === "PN") return personName(trimmed)
  if (trimmed === "") return null
  return vr === "DS" || vr === "IS" ? numberOrText(trimmed) : trimmed
}

/** Null for a name that has nothing but delimiters. */
function personName(text: string): object | null {
  const groups = text.split("=", PERSON_NAME_GROUPS.length)
  const named = groups.flatMap((group, i) => {
    const value = group.replace(/[\^ ]+$/, "")
    return value === "" ? [] : [[PERSON_NAME_GROUPS[i] as string, value] as const]
  })
  return named.length === 0 ? null : Object.fromEntries(named)
}

/** A number, where it keeps every digit; else the text (PS3.18 §F.2.3.1 allows both). */
function numberOrText(text: string): number | string {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  const digits = text.replace(/^[+-]?0*/, "").replace(/[.eE].*$/, "")
  return Number.isFinite(value) && digits.length <= 15 && text.length <= 16 ? value : text
}

function exact(value: bigint): number | string {
  const isSafe =
    value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return isSafe ? Number(value) : value.toString()
}

/** JSON has no NaN and no infinity: such a value is null. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function attributeTag(group: number, element: number): string {
  return [group, element].map((one) => one.toString(16).toUpperCase().padStart(4, "0")).join("")
}

function bulkUri({ path }: Place): string {
  return `bulkdata${path}`
}

/** Binary values are little endian in JSON, whatever the file is (PS3.18 §F.2.7). */
function toLittleEndian(bytes: Uint8Array, vr: string, { bigEndian }: Place): Uint8Array {
  const size = WORD_SIZES[vr]
  if (!bigEndian || size === undefined || bytes.length % size !== 0) return bytes
  return bytes.map((_, i) => bytes[i - (i % size) + (size - 1 - (i % size))] ?? 0)
}

function base64(bytes: Uint8Array): string {
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
