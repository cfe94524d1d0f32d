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

/** Specific Character Set of a data set as it stands, several joined by a backslash; an item inherits its parent's. */
export function characterSetOf(dataSet: DataSet, inherited = DEFAULT_REPERTOIRE): string {
  const element = dataSet.elements[CHARACTER_SET]
  if (!element || element.length === 0) return inherited
  return withoutPadding(latin1(bytesOf(dataSet, element)))
}

/** The bytes of an element's value. */
export function bytesOf(dataSet: DataSet, { dataOffset, length }: Element): Uint8Array {
  return dataSet.byteArray.subarray(dataOffset, dataOffset + length)
}

/** All text of an element without the padding at its end; Latin-1 where its character set is unknown or not kept to. */
export function textOf(
  dataSet: DataSet,
  element: Element,
  vr: string,
  characterSet: string,
): string {
  const bytes = bytesOf(dataSet, element)
  const sets = DECODED.includes(vr) ? [characterSet, `${characterSet}\\${ASCII}`] : []
  for (const set of sets) {
    const text = decode(set, bytes, vr)
    if (text !== undefined) return withoutPadding(text)
  }
  return withoutPadding(latin1(bytes))
}

/** `undefined` for a set that nobody knows, or an escape to one that is not declared. */
function decode(set: string, bytes: Uint8Array, vr: string): string | undefined {
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
