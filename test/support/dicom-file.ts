/**
 * DICOM files made in code, byte by byte (PS3.5 §7, PS3.10 §7), right or wrong on purpose.
 *
 *     dicomFile([["00100010", "PN", "Doe^Jane"], …])                       whole, explicit VR little endian
 *     dicomFile([...identity(), …], { syntax: BIG_ENDIAN, preamble: false })
 *
 * @module
 */
import { deflateRawSync } from "node:zlib"
import { concat } from "../../src/base/bytes.ts"

/** One element: tag of eight hex digits, VR, value. Text is written as Latin-1; numbers as the VR has them. */
export type DicomElement = readonly [tag: string, vr: string, value?: DicomValue]

export type DicomValue = string | Uint8Array | readonly number[] | Items | Encapsulated

/** Items of a sequence; lengths undefined unless `lengths` says otherwise. */
export interface Items {
  readonly items: readonly (readonly DicomElement[])[]
  readonly lengths?: "defined"
}

/** Encapsulated pixel data: basic offset table, then fragments. */
export interface Encapsulated {
  readonly table: readonly number[]
  readonly fragments: readonly Uint8Array[]
}

export const IMPLICIT = "1.2.840.10008.1.2"
export const EXPLICIT = "1.2.840.10008.1.2.1"
export const DEFLATED = "1.2.840.10008.1.2.1.99"
export const BIG_ENDIAN = "1.2.840.10008.1.2.2"
export const JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
export const CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"

export interface FileShape {
  readonly syntax?: string
  /** 128 zero bytes and DICM; there unless false. */
  readonly preamble?: boolean
  /** Group 2; there unless false. */
  readonly meta?: boolean
  /** Elements of group 2 in place of the usual ones. */
  readonly metaElements?: readonly DicomElement[]
}

interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

const UNDEFINED_LENGTH = 0xffffffff
const LONG: readonly string[] = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ")
const META: Encoding = { explicit: true, littleEndian: true }

/** Writers of one number by VR: how many bytes, and how. */
const NUMBERS: Readonly<
  Record<string, readonly [number, (view: DataView, value: number, le: boolean) => void]>
> = {
  US: [2, (view, value, le) => view.setUint16(0, value, le)],
  OW: [2, (view, value, le) => view.setUint16(0, value, le)],
  SS: [2, (view, value, le) => view.setInt16(0, value, le)],
  UL: [4, (view, value, le) => view.setUint32(0, value, le)],
  SL: [4, (view, value, le) => view.setInt32(0, value, le)],
  FL: [4, (view, value, le) => view.setFloat32(0, value, le)],
  FD: [8, (view, value, le) => view.setFloat64(0, value, le)],
  UV: [8, (view, value, le) => view.setBigUint64(0, BigInt(value), le)],
  OV: [8, (view, value, le) => view.setBigUint64(0, BigInt(value), le)],
  SV: [8, (view, value, le) => view.setBigInt64(0, BigInt(value), le)],
}

/** The elements that make a data set an instance; a UID may be replaced. */
export function identity(
  uids: { study?: string; series?: string; instance?: string; sopClass?: string } = {},
): DicomElement[] {
  return [
    ["00080016", "UI", uids.sopClass ?? CT_IMAGE],
    ["00080018", "UI", uids.instance ?? "2.25.3"],
    ["0020000D", "UI", uids.study ?? "2.25.1"],
    ["0020000E", "UI", uids.series ?? "2.25.2"],
  ]
}

/** Group, rows, columns, bits of an image of `columns` × `rows`, 8 or 16 bit, without its pixel data. */
export function imageOf(columns: number, rows: number, frames = 1, bits = 8): DicomElement[] {
  return [
    ["00280002", "US", [1]],
    ["00280004", "CS", "MONOCHROME2"],
    ["00280008", "IS", String(frames)],
    ["00280010", "US", [rows]],
    ["00280011", "US", [columns]],
    ["00280100", "US", [bits]],
    ["00280101", "US", [bits]],
    ["00280102", "US", [bits - 1]],
    ["00280103", "US", [0]],
  ]
}

/** A file; elements are put in the order of their tags, of two with one tag the later one counts. */
export function dicomFile(elements: readonly DicomElement[], shape: FileShape = {}): Uint8Array {
  const { syntax = EXPLICIT, preamble = true, meta = true } = shape
  const encoding = { explicit: syntax !== IMPLICIT, littleEndian: syntax !== BIG_ENDIAN }
  const body = dataSetBytes(elements, encoding)
  return concat(
    preamble ? concat(new Uint8Array(128), latin1("DICM")) : new Uint8Array(),
    meta ? metaBytes(shape.metaElements ?? usualMeta(syntax)) : new Uint8Array(),
    syntax === DEFLATED ? Uint8Array.from(deflateRawSync(body)) : body,
  )
}

/** Bytes of text, a character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function usualMeta(syntax: string): DicomElement[] {
  return [
    ["00020001", "OB", Uint8Array.of(0, 1)],
    ["00020002", "UI", CT_IMAGE],
    ["00020003", "UI", "2.25.3"],
    ["00020010", "UI", syntax],
    ["00020012", "UI", "2.25.9"],
  ]
}

function metaBytes(elements: readonly DicomElement[]): Uint8Array {
  const rest = dataSetBytes(elements, META)
  return concat(elementBytes(["00020000", "UL", [rest.length]], META), rest)
}

function dataSetBytes(elements: readonly DicomElement[], encoding: Encoding): Uint8Array {
  const byTag = new Map(elements.map((element) => [element[0].toUpperCase(), element]))
  const sorted = [...byTag.keys()].toSorted().map((tag) => byTag.get(tag) as DicomElement)
  return concat(...sorted.map((element) => elementBytes(element, encoding)))
}

function elementBytes([tag, vr, value = ""]: DicomElement, encoding: Encoding): Uint8Array {
  const bytes = padded(valueBytes(vr, value, encoding), vr)
  const undefinedLength =
    isObject(value) && ("fragments" in value || ("items" in value && value.lengths !== "defined"))
  const length = undefinedLength ? UNDEFINED_LENGTH : bytes.length
  return concat(headerBytes(tag, vr, length, encoding), bytes)
}

function headerBytes(tag: string, vr: string, length: number, encoding: Encoding): Uint8Array {
  const isLong = encoding.explicit && LONG.includes(vr)
  const header = new Uint8Array(isLong ? 12 : 8)
  const view = new DataView(header.buffer)
  const { explicit, littleEndian } = encoding
  view.setUint16(0, Number.parseInt(tag.slice(0, 4), 16), littleEndian)
  view.setUint16(2, Number.parseInt(tag.slice(4), 16), littleEndian)
  if (explicit) header.set(latin1(vr), 4)
  if (explicit && !isLong) view.setUint16(6, length, littleEndian)
  else view.setUint32(isLong ? 8 : 4, length, littleEndian)
  return header
}

function valueBytes(vr: string, value: DicomValue, encoding: Encoding): Uint8Array {
  if (typeof value === "string") return latin1(value)
  if (value instanceof Uint8Array) return value
  if (isObject(value)) {
    return "items" in value ? sequenceBytes(value, encoding) : fragmentBytes(value, encoding)
  }
  return concat(...value.map((one) => numberBytes(vr, one, encoding)))
}

function numberBytes(vr: string, value: number, { littleEndian }: Encoding): Uint8Array {
  const [size, write] = NUMBERS[vr] ?? [1, (view: DataView) => view.setUint8(0, value)]
  const bytes = new Uint8Array(size)
  write(new DataView(bytes.buffer), value, littleEndian)
  return bytes
}

function sequenceBytes({ items, lengths }: Items, encoding: Encoding): Uint8Array {
  const isDefined = lengths === "defined"
  const parts = items.flatMap((elements) => {
    const bytes = dataSetBytes(elements, encoding)
    return isDefined
      ? [delimiter("FFFEE000", bytes.length, encoding), bytes]
      : [
          delimiter("FFFEE000", UNDEFINED_LENGTH, encoding),
          bytes,
          delimiter("FFFEE00D", 0, encoding),
        ]
  })
  return concat(...parts, ...(isDefined ? [] : [delimiter("FFFEE0DD", 0, encoding)]))
}

function fragmentBytes({ table, fragments }: Encapsulated, encoding: Encoding): Uint8Array {
  const values = [concat(...table.map((one) => numberBytes("UL", one, encoding))), ...fragments]
  const items = values.flatMap((one) => [delimiter("FFFEE000", one.length, encoding), one])
  return concat(...items, delimiter("FFFEE0DD", 0, encoding))
}

function delimiter(tag: string, length: number, { littleEndian }: Encoding): Uint8Array {
  return headerBytes(tag, "", length, { explicit: false, littleEndian })
}

function padded(bytes: Uint8Array, vr: string): Uint8Array {
  if (bytes.length % 2 === 0) return bytes
  return concat(bytes, Uint8Array.of(vr === "UI" || vr.startsWith("O") ? 0 : 0x20))
}

function isObject(value: DicomValue): value is Items | Encapsulated {
  return typeof value === "object" && ("items" in value || "fragments" in value)
}
