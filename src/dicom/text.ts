/**
 * Text of a data set in its own character set (PS3.5 §6.1, PS3.3 §C.12.1.1.2).
 *
 * dicom-parser's own `string()` is Latin-1 only; bytes are taken from the element and decoded by dicom-character-set. Trailing padding goes.
 *
 * @module
 */
import { convertBytes } from "dicom-character-set"
import type { DataSet, Element } from "dicom-parser"

const CHARACTER_SET = "x00080005"
const DEFAULT_REPERTOIRE = "ISO_IR 6"
/** Many writers escape back to ASCII without declaring it. */
const ASCII = "ISO 2022 IR 6"
/** Latin alphabet No. 9 (2021), which dicom-character-set does not know. */
const LATIN_9 = "ISO_IR 203"

/** Specific Character Set of a data set, several joined by a backslash; an item inherits its parent's. */
export function characterSetOf(dataSet: DataSet, inherited = DEFAULT_REPERTOIRE): string {
  const element = dataSet.elements[CHARACTER_SET]
  if (!element || element.length === 0) return inherited
  return latin1(bytesOf(dataSet, element)).split("\\").map(setName).join("\\")
}

/** A defined term; also as some write it, such as `ISO-IR 100`. */
function setName(text: string): string {
  const name = text.replace(/^[ \0]+|[ \0]+$/g, "")
  const [, isExtended, number] = /^ISO[ _-](2022[ _-])?IR[ _-](\d+)$/i.exec(name) ?? []
  if (number === undefined) return name
  return isExtended === undefined ? `ISO_IR ${number}` : `ISO 2022 IR ${number}`
}

/** The bytes of an element's value. */
export function bytesOf(dataSet: DataSet, { dataOffset, length }: Element): Uint8Array {
  return dataSet.byteArray.subarray(dataOffset, dataOffset + length)
}

/**
 * All text of an element without the padding at its end. Where its character set is unknown it is Latin-1; where none is declared and the bytes
 * are not ASCII, UTF-8 if they are that, else Latin-1.
 */
export function textOf(
  dataSet: DataSet,
  element: Element,
  vr: string,
  characterSet: string,
): string {
  const bytes = bytesOf(dataSet, element)
  if (characterSet === DEFAULT_REPERTOIRE || characterSet === "") return undeclared(bytes)
  const sets = DECODED.includes(vr) ? [characterSet, `${characterSet}\\${ASCII}`] : []
  for (const set of sets) {
    const text = decode(set, bytes, vr)
    if (text !== undefined) return withoutPadding(text)
  }
  return withoutPadding(latin1(bytes))
}

function undeclared(bytes: Uint8Array): string {
  try {
    return withoutPadding(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return withoutPadding(latin1(bytes))
  }
}

/** `undefined` for a set that nobody knows, or an escape to one that is not declared. */
function decode(set: string, bytes: Uint8Array, vr: string): string | undefined {
  if (set === LATIN_9) return new TextDecoder("iso-8859-15").decode(bytes)
  try {
    return convertBytes(set, bytes, { vr })
  } catch {
    return undefined
  }
}

/** One text value by tag, such as `x00100020`, in the data set's character set; undefined when absent or empty. */
export function textAt(dataSet: DataSet, tag: string, vr: string): string | undefined {
  const element = dataSet.elements[tag]
  if (!element || element.length === 0 || element.items) return undefined
  const text = textOf(dataSet, element, vr, characterSetOf(dataSet)).trim()
  return text === "" ? undefined : text
}

/** A whole number by tag (VR US, UL or IS); undefined when absent or not one. */
export function numberAt(dataSet: DataSet, tag: string): number | undefined {
  const element = dataSet.elements[tag]
  if (!element || element.length === 0) return undefined
  const isUnknown = element.vr === undefined || element.vr === "UN"
  if (element.vr === "IS" || (isUnknown && IS_TAGS.includes(tag))) {
    const parsed = dataSet.intString(tag)
    return parsed === undefined || Number.isNaN(parsed) ? undefined : parsed
  }
  if (element.length === 2) return dataSet.uint16(tag)
  return element.length === 4 ? dataSet.uint32(tag) : dataSet.intString(tag)
}

/** VRs that Specific Character Set touches (PS3.5 §6.1.2.3). */
const DECODED: readonly string[] = ["SH", "LO", "ST", "LT", "PN", "UC", "UT"]
/** Integer strings that are read here: series, instance number, number of frames. */
const IS_TAGS: readonly string[] = ["x00200011", "x00200013", "x00280008"]

function withoutPadding(text: string): string {
  return text.replace(/[ \0]+$/, "")
}

function latin1(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  return text
}
