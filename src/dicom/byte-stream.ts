/**
 * dicom-parser's byte stream, taught the value representations that came after it: OV, SV and UV (PS3.5 §7.1.2, 2019) have
 * a length of 32 bits, which dicom-parser would read as one of 16 bits and lose its place.
 *
 * @module
 */
import dicomParser, { type ByteArrayParser, type Element } from "dicom-parser"
import { refuse } from "./refusal.ts"

/** About two million elements, more than any real header has: each costs many times its bytes. */
const MOST_READS = 5_000_000

/** Unknown to dicom-parser 1.8; each has two reserved bytes and a length of 32 bits. */
const LATER_LONG: readonly string[] = ["OV", "SV", "UV"]

/** The warning's end where a value is too short to be looked into, which is no cut. */
const PEEKING = "in peeking to determine VR"

/**
 * A stream that reads an element of those as `UN`, which has the same shape; {@link valueRepresentation} tells what it was. Reading throws a
 * refusal `too-large` when there is no end of elements.
 */
export function byteStream(parser: ByteArrayParser, bytes: Uint8Array, position: number) {
  const stream = new dicomParser.ByteStream(parser, bytes, position)
  const readFixedString = stream.readFixedString.bind(stream)
  stream.readFixedString = (length) => {
    const text = readFixedString(length)
    return length === 2 && LATER_LONG.includes(text) ? "UN" : text
  }
  const readUint16 = stream.readUint16.bind(stream)
  let reads = 0
  stream.readUint16 = () => {
    if (reads++ > MOST_READS) throw refuse("too-large")
    return readUint16()
  }
  return stream
}

/** What a stream says of a sequence that the end of its bytes cuts: dicom-parser only warns, of that and of values near the end. */
export function cutSequence({
  warnings,
}: {
  readonly warnings: readonly string[]
}): string | undefined {
  return warnings.find((one) => one.startsWith("eof encountered") && !one.endsWith(PEEKING))
}

/** The VR that an element was written with; undefined in implicit VR. */
export function valueRepresentation(bytes: Uint8Array, element: Element): string | undefined {
  if (element.vr !== "UN") return element.vr
  const [first = 0, second = 0] = bytes.subarray(element.dataOffset - 8, element.dataOffset - 6)
  const written = String.fromCharCode(first, second)
  return LATER_LONG.includes(written) ? written : element.vr
}
