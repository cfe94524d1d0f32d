/**
 * Where the frames of an instance lie in its file (PS3.5 §8, Annex A.4), found by reading item headers only.
 *
 * @module
 */
import type { DataSet } from "dicom-parser"
import { type ParsedDataSet, pixelElement } from "./data-set.ts"
import { refuse } from "./refusal.ts"
import type { DicomSource } from "./source.ts"
import { numberAt } from "./text.ts"

/** A range of the file, in bytes. */
export interface FileRange {
  readonly offset: number
  readonly length: number
}

/** A frame: one range, or several where its fragments are apart. */
export type Frame = readonly FileRange[]

const EXTENDED_OFFSETS = "x7fe00001"
const UNDEFINED_LENGTH = 0xffffffff
const ITEM_HEADER = 8
const ITEM = 0xe000
const SEQUENCE_DELIMITER = 0xe0dd
/** More frames than any real object has; a lying count is not believed. */
const MAX_FRAMES = 1_000_000
/** More fragments than any real object has: as many empty ones would fill the memory. */
const MAX_FRAGMENTS = 4_000_000
/** The marker, and a byte that makes the length even. */
const END_OF_IMAGE = /\xff\xd9[\0\xff]?$/
const NATIVE: readonly string[] = [
  "1.2.840.10008.1.2",
  "1.2.840.10008.1.2.1",
  "1.2.840.10008.1.2.2",
]

/**
 * The frames of an instance, in order; none where it has no pixel data, or where they lie in a deflated data set or can't be told apart.
 * @throws a refusal `truncated` when the pixel data run past the end of the file
 */
export async function framesOf(source: DicomSource, parsed: ParsedDataSet): Promise<Frame[]> {
  const { dataSet, isInflated, size } = parsed
  const element = pixelElement(dataSet)
  if (!element) return []
  const { dataOffset: offset, length } = element
  const isEncapsulated = length === UNDEFINED_LENGTH
  if (!isEncapsulated && offset + length > size) throw refuse("truncated")
  if (isInflated) return []
  const count = frameCount(dataSet)
  if (isEncapsulated) return await encapsulatedFrames(source, offset, count, dataSet)
  return NATIVE.includes(parsed.transferSyntaxUid)
    ? nativeFrames(dataSet, offset, length, count)
    : []
}

function frameCount(dataSet: DataSet): number {
  const count = numberAt(dataSet, "x00280008") ?? 1
  return count >= 1 && count <= MAX_FRAMES ? count : 1
}

function nativeFrames(dataSet: DataSet, offset: number, length: number, count: number): Frame[] {
  const rows = numberAt(dataSet, "x00280010") ?? 0
  const columns = numberAt(dataSet, "x00280011") ?? 0
  const samples = numberAt(dataSet, "x00280002") ?? 1
  const bits = numberAt(dataSet, "x00280100") ?? 0
  const frameBits = rows * columns * samples * bits
  const isWhole = frameBits > 0 && frameBits % 8 === 0
  if (!isWhole || (frameBits / 8) * count > length) return count === 1 ? [[{ offset, length }]] : []
  const frameLength = frameBits / 8
  return Array.from({ length: count }, (_, i) => [
    { offset: offset + i * frameLength, length: frameLength },
  ])
}

async function encapsulatedFrames(
  source: DicomSource,
  offset: number,
  count: number,
  dataSet: DataSet,
): Promise<Frame[]> {
  const [table, ...fragments] = await itemsOf(source, offset)
  if (!table) throw refuse("truncated")
  if (fragments.length === count) return fragments.map((fragment) => [fragment])
  if (count === 1) return [fragments]
  const starts = extendedOffsets(dataSet) ?? (await basicOffsets(source, table))
  const frames = framesFrom(starts, fragments)
  const isRight = frames.length === count && frames.every((frame) => frame.length > 0)
  return isRight ? frames : await framesByEndOfImage(source, fragments, count)
}

/** Fragments by the offset table, whose offsets ascend and count from the first fragment's item header. */
function framesFrom(starts: readonly number[], fragments: readonly FileRange[]): Frame[] {
  const frames: FileRange[][] = starts.map(() => [])
  const first = fragments[0]?.offset ?? 0
  let at = -1
  for (const fragment of fragments) {
    while ((starts[at + 1] ?? Number.POSITIVE_INFINITY) <= fragment.offset - first) at++
    frames[at]?.push(fragment)
  }
  return frames
}

/**
 * Frames without an offset table: all JPEG codestreams end in FF D9, and a frame ends with its last fragment (PS3.5 §A.4).
 * None when that does not make `count` frames.
 */
async function framesByEndOfImage(
  source: DicomSource,
  fragments: readonly FileRange[],
  count: number,
): Promise<Frame[]> {
  const frames: FileRange[][] = []
  let frame: FileRange[] = []
  for (const fragment of fragments) {
    frame.push(fragment)
    const end = fragment.offset + fragment.length
    const tail = await source.read(Math.max(fragment.offset, end - 3), end)
    if (END_OF_IMAGE.test(String.fromCharCode(...tail))) {
      frames.push(frame)
      frame = []
    }
  }
  return frames.length === count && frame.length === 0 ? frames : []
}

/** Values of all items up to the sequence delimiter; the first is the basic offset table. */
async function itemsOf(source: DicomSource, from: number): Promise<FileRange[]> {
  const items: FileRange[] = []
  const window = new Window(source)
  for (let at = from; ; ) {
    const header = await window.read(at, ITEM_HEADER)
    const group = header.getUint16(0, true)
    const element = header.getUint16(2, true)
    const length = header.getUint32(4, true)
    if (group === 0xfffe && element === SEQUENCE_DELIMITER) return items
    if (group !== 0xfffe || element !== ITEM || length === UNDEFINED_LENGTH)
      throw refuse("malformed")
    if (at + ITEM_HEADER + length > source.size) throw refuse("truncated")
    if (items.length > MAX_FRAGMENTS) throw refuse("too-large")
    items.push({ offset: at + ITEM_HEADER, length })
    at += ITEM_HEADER + length
  }
}

function extendedOffsets(dataSet: DataSet): number[] | undefined {
  const element = dataSet.elements[EXTENDED_OFFSETS]
  if (!element || element.length === 0) return undefined
  const { buffer, byteOffset } = dataSet.byteArray
  const view = new DataView(buffer, byteOffset + element.dataOffset, element.length)
  return Array.from({ length: element.length / 8 }, (_, i) =>
    Number(view.getBigUint64(8 * i, true)),
  )
}

async function basicOffsets(source: DicomSource, table: FileRange): Promise<number[]> {
  const bytes = await source.read(table.offset, table.offset + table.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getUint32(4 * i, true))
}

/** Small reads near each other out of one larger one. */
class Window {
  static readonly #LENGTH = 1 << 16
  readonly #source: DicomSource
  #start = 0
  #bytes = new Uint8Array()

  constructor(source: DicomSource) {
    this.#source = source
  }

  async read(at: number, length: number): Promise<DataView> {
    const inside = at >= this.#start && at + length <= this.#start + this.#bytes.length
    if (!inside) {
      this.#start = at
      this.#bytes = Uint8Array.from(
        await this.#source.read(at, Math.min(this.#source.size, at + Window.#LENGTH)),
      )
      if (this.#bytes.length < length) throw refuse("truncated")
    }
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at - this.#start, length)
  }
}
