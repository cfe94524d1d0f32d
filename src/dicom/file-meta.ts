/**
 * The file meta information (PS3.10 §7.1): group 2, always explicit VR little endian.
 *
 * Its end is where another group begins: the group length (0002,0000) is missing or wrong in files of old.
 *
 * @module
 */
import dicomParser, { type Element } from "dicom-parser"
import { refuse } from "./refusal.ts"

/** Preamble and the letters DICM, bytes. */
export const PREFIX_LENGTH = 132

const TRANSFER_SYNTAX_UID = "x00020010"

/** What reading the data set needs. */
export interface FileMeta {
  readonly transferSyntaxUid: string
  /** Where group 2 ends and the data set begins. */
  readonly start: number
}

/**
 * Reads group 2.
 * @param at where it begins
 * @throws a refusal `no-transfer-syntax`; an error of dicom-parser when `bytes` end too early
 */
export function metaOf(bytes: Uint8Array, at: number): FileMeta {
  const stream = new dicomParser.ByteStream(dicomParser.littleEndianByteArrayParser, bytes, at)
  let transferSyntaxUid = ""
  while (bytes[stream.position] === 0x02 && bytes[stream.position + 1] === 0x00) {
    const element = dicomParser.readDicomElementExplicit(stream, stream.warnings)
    if (element.tag === TRANSFER_SYNTAX_UID) transferSyntaxUid = textOf(bytes, element)
  }
  if (stream.position + 2 > bytes.length) throw new Error("group 2: buffer overrun")
  if (transferSyntaxUid === "") throw refuse("no-transfer-syntax")
  return { transferSyntaxUid, start: stream.position }
}

function textOf(bytes: Uint8Array, { dataOffset, length }: Element): string {
  const text = String.fromCharCode(...bytes.subarray(dataOffset, dataOffset + length))
  return text.replace(/[\s\0]+$/, "")
}
