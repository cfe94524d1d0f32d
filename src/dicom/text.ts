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

/** Specific Character Set of a data set as it stands, several joined by a backslash; an item inherits its parent's. */
export function characterSetOf(dataSet: DataSet, inherited = DEFAULT_REPERTOIRE): string {
  const element = dataSet.elements[CHARACTER_SET]
  if (!element || element.length === 0) return inherited
  return latin1(bytesOf(dataSet, element)).replace(/[\s\0]+$/, "")
}

/** The bytes of an element's value. */
export function bytesOf(dataSet: DataSet, { dataOffset, length }: Element): Uint8Array {
  return dataSet.byteArray.subarray(dataOffset, dataOffset + length)
}

/** All text of an element, padding at its end removed; control characters that an unknown set leaves are kept. */
export function textOf(
  dataSet: DataSet,
  element: Element,
  vr: string,
  characterSet: string,
): string {
  const bytes = bytesOf(dataSet, element)
  if (!DECODED.includes(vr)) return latin1(bytes).replace(/[\s\0]+$/, "")
  try {
    return convertBytes(characterSet, bytes, { vr }).replace(/[\s\0]+$/, "")
  } catch {
    return latin1(bytes).replace(/[\s\0]+$/, "")
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
  if (element.vr === "IS" || (element.vr === undefined && IS_TAGS.includes(tag))) {
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

function latin1(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  }
  return text
}
