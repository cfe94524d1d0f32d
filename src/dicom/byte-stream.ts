/**
 * dicom-parser's byte stream, taught the value representations that came after it: OV, SV and UV (PS3.5 §7.1.2, 2019) have
 * a length of 32 bits, which dicom-parser would read as one of 16 bits and lose its place.
 *
 * @module
 */
import dicomParser, { type ByteArrayParser, type Element } from "dicom-parser"

/** Unknown to dicom-parser 1.8; each has two reserved bytes and a length of 32 bits. */
const LATER_LONG: readonly string[] = ["OV", "SV", "UV"]

/** A stream that reads an element of those as `UN`, which has the same shape; {@link valueRepresentation} tells what it was. */
export function byteStream(parser: ByteArrayParser, bytes: Uint8Array, position: number) {
  const stream = new dicomParser.ByteStream(parser, bytes, position)
  const readFixedString = stream.readFixedString.bind(stream)
  stream.readFixedString = (length) => {
    const text = readFixedString(length)
    return length === 2 && LATER_LONG.includes(text) ? "UN" : text
  }
  return stream
}

/** The VR that an element was written with; undefined in implicit VR. */
export function valueRepresentation(bytes: Uint8Array, element: Element): string | undefined {
  if (element.vr !== "UN") return element.vr
  const [first = 0, second = 0] = bytes.subarray(element.dataOffset - 8, element.dataOffset - 6)
  const written = String.fromCharCode(first, second)
  return LATER_LONG.includes(written) ? written : element.vr
}
