/**
 * Sequences that dicom-parser leaves as bytes: written as `UN`, whose value is implicit VR little endian (PS3.5 §6.2.2, Note 3), or private and
 * in implicit VR.
 *
 * @module
 */
import dicomParser, { type DataSet, type Element } from "dicom-parser"
import { byteStream, cutSequence } from "./byte-stream.ts"

/** The items of a value that is one, or `undefined` where its bytes are no items. */
export function hiddenItems(
  { byteArray }: DataSet,
  { tag, dataOffset, length }: Element,
): NonNullable<Element["items"]> | undefined {
  const end = dataOffset + length
  const stream = byteStream(
    dicomParser.littleEndianByteArrayParser,
    byteArray.subarray(0, end),
    dataOffset,
  )
  const sequence: Element = { tag, dataOffset, length }
  try {
    dicomParser.readSequenceItemsImplicit(stream, sequence)
  } catch {
    return undefined
  }
  const isWhole = stream.position === end && cutSequence(stream) === undefined
  return isWhole ? sequence.items : undefined
}
