import { deflateRawSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import { readDataSet } from "../../../src/dicom/data-set.ts"
import { toDicomJson } from "../../../src/dicom/dicom-json.ts"
import { framesOf } from "../../../src/dicom/pixel-data.ts"
import { reasonOf } from "../../../src/dicom/refusal.ts"
import { bytesSource, type DicomSource } from "../../../src/dicom/source.ts"
import {
  BIG_ENDIAN,
  DEFLATED,
  type DicomElement,
  dicomFile,
  IMPLICIT,
  identity,
  imageOf,
  JPEG_BASELINE,
} from "../../support/dicom-file.ts"
import { sparseSource } from "../../support/dicom-source.ts"

/** Frames of a source, each as its bytes joined. */
async function framesIn(source: DicomSource): Promise<Uint8Array[]> {
  const frames = await framesOf(source, await readDataSet(source))
  const bytesOf = async (frame: (typeof frames)[number]) => {
    const ranges = frame.map(({ offset, length }) => source.read(offset, offset + length))
    return concat(...(await Promise.all(ranges)))
  }
  return await Promise.all(frames.map(bytesOf))
}

async function refusalOf(bytes: Uint8Array) {
  return await framesIn(bytesSource(bytes)).then(
    () => "read",
    (error: unknown) => reasonOf(error) ?? error,
  )
}

/** Eight bytes of one value; the last two may mark the end of a JPEG image. */
function fragment(value: number, isLast = false): Uint8Array {
  const bytes = new Uint8Array(8).fill(value)
  if (isLast) bytes.set([0xff, 0xd9], 6)
  return bytes
}

function encapsulated(
  frames: number,
  table: readonly number[],
  fragments: readonly Uint8Array[],
  more: readonly DicomElement[] = [],
): Uint8Array {
  const pixels: DicomElement = ["7FE00010", "OB", { table, fragments }]
  const elements = [...identity(), ...imageOf(4, 4, frames), ...more, pixels]
  return dicomFile(elements, { syntax: JPEG_BASELINE })
}

describe("frames of native pixel data", () => {
  it.each([undefined, IMPLICIT, BIG_ENDIAN])("are cut by the image's size (%s)", async (syntax) => {
    const pixels = Uint8Array.from({ length: 96 }, (_, i) => Math.floor(i / 32))
    const elements: DicomElement[] = [
      ...identity(),
      ...imageOf(4, 4, 3, 16),
      ["7FE00010", "OW", pixels],
    ]
    const shape = syntax === undefined ? {} : { syntax }
    const frames = await framesIn(bytesSource(dicomFile(elements, shape)))
    expect(frames.map((frame) => [frame.length, frame[0], frame.at(-1)])).toEqual([
      [32, 0, 0],
      [32, 1, 1],
      [32, 2, 2],
    ])
  })

  it("leave out the padding behind them", async () => {
    const elements: DicomElement[] = [
      ...identity(),
      ...imageOf(3, 3),
      ["7FE00010", "OB", new Uint8Array(9)],
    ]
    expect((await framesIn(bytesSource(dicomFile(elements)))).map(({ length }) => length)).toEqual([
      9,
    ])
  })

  it("are the whole value where the size is unknown and there is one", async () => {
    const elements: DicomElement[] = [...identity(), ["7FE00010", "OB", new Uint8Array(10)]]
    expect((await framesIn(bytesSource(dicomFile(elements)))).map(({ length }) => length)).toEqual([
      10,
    ])
  })

  it.each([
    ["7FE00008", "OF", 32],
    ["7FE00009", "OD", 64],
  ])("are found in floating point pixel data (%s)", async (tag, vr, bits) => {
    const pixels = new Uint8Array((4 * bits) / 8).fill(1)
    const elements: DicomElement[] = [...identity(), ...imageOf(2, 1, 2, bits), [tag, vr, pixels]]
    const source = bytesSource(dicomFile(elements))
    expect((await framesIn(source)).map(({ length }) => length)).toEqual([bits / 4, bits / 4])
    const { dataSet } = await readDataSet(source)
    expect(toDicomJson(dataSet, false)[tag]).toEqual({ vr, BulkDataURI: `bulkdata/${tag}` })
    expect(dataSet.byteArray.at(-1)).not.toBe(1)
  })

  it("are none where several don't fit, where the frame count lies, and in a deflated data set", async () => {
    const few: DicomElement[] = [
      ...identity(),
      ...imageOf(4, 4, 2_000_000_000),
      ["7FE00010", "OB", new Uint8Array(16)],
    ]
    const two: DicomElement[] = [
      ...identity(),
      ...imageOf(4, 4, 2),
      ["7FE00010", "OB", new Uint8Array(16)],
    ]
    expect(await framesIn(bytesSource(dicomFile(few)))).toHaveLength(1)
    expect(await framesIn(bytesSource(dicomFile(two)))).toEqual([])
    expect(await framesIn(bytesSource(dicomFile(few, { syntax: DEFLATED })))).toEqual([])
    expect(await framesIn(bytesSource(dicomFile(identity())))).toEqual([])
  })

  it("are found in 500 MB by reading the header only", async () => {
    const frames = 1000
    const size = 512 * 512 * 2
    const elements: DicomElement[] = [
      ...identity(),
      ...imageOf(512, 512, frames, 16),
      ["7FE00010", "OW", new Uint8Array(2)],
    ]
    const header = dicomFile(elements).subarray(0, -2)
    new DataView(header.buffer).setUint32(header.length - 4, frames * size, true)
    const source = sparseSource(header.length + frames * size, [{ at: 0, bytes: header }])
    const found = await framesOf(source, await readDataSet(source))
    expect(source.size).toBeGreaterThan(500_000_000)
    expect(found).toHaveLength(frames)
    expect(found.at(-1)).toEqual([{ offset: source.size - size, length: size }])
    expect(source.bytesRead).toBeLessThanOrEqual(2 << 18)
  })
})

describe("frames of encapsulated pixel data", () => {
  it("are the fragments where there are as many", async () => {
    const frames = await framesIn(bytesSource(encapsulated(2, [], [fragment(1), fragment(2)])))
    expect(frames).toEqual([fragment(1), fragment(2)])
  })

  it("are all fragments joined where there is one frame", async () => {
    const frames = await framesIn(bytesSource(encapsulated(1, [0], [fragment(1), fragment(2)])))
    expect(frames).toEqual([concat(fragment(1), fragment(2))])
  })

  const three = [fragment(1), fragment(2), fragment(3)]

  it("follow the basic offset table", async () => {
    const frames = await framesIn(bytesSource(encapsulated(2, [0, 32], three)))
    expect(frames).toEqual([concat(fragment(1), fragment(2)), fragment(3)])
  })

  it("follow the extended offset table before the basic one", async () => {
    const more: DicomElement[] = [
      ["7FE00001", "OV", [0, 16]],
      ["7FE00002", "OV", [8, 24]],
    ]
    const frames = await framesIn(bytesSource(encapsulated(2, [], three, more)))
    expect(frames).toEqual([fragment(1), concat(fragment(2), fragment(3))])
  })

  it("end where a JPEG image ends when there is no table, or one that lies", async () => {
    const images = [fragment(1), fragment(2, true), fragment(3, true)]
    const expected = [concat(fragment(1), fragment(2, true)), fragment(3, true)]
    for (const table of [[], [0], [0, 400], [32, 0]]) {
      expect(await framesIn(bytesSource(encapsulated(2, table, images)))).toEqual(expected)
    }
  })

  it("are none where nothing tells them apart", async () => {
    expect(await framesIn(bytesSource(encapsulated(2, [], three)))).toEqual([])
    const oneEnd = [fragment(1, true), fragment(2), fragment(3)]
    expect(await framesIn(bytesSource(encapsulated(2, [], oneEnd)))).toEqual([])
  })

  it("are found in 500 MB by reading the items' headers only", async () => {
    const count = 500
    const length = 1 << 20
    const whole = encapsulated(count, [], [new Uint8Array()])
    const header = whole.subarray(0, whole.length - 16)
    const items = Array.from({ length: count }, (_, i) => ({
      at: header.length + i * (length + 8),
      bytes: Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0, 0, 0x10, 0),
    }))
    const end = header.length + count * (length + 8)
    const delimiter = { at: end, bytes: whole.subarray(-8) }
    const source = sparseSource(end + 8, [{ at: 0, bytes: header }, ...items, delimiter])
    const frames = await framesOf(source, await readDataSet(source))
    expect(source.size).toBeGreaterThan(500_000_000)
    expect(frames).toHaveLength(count)
    expect(frames.every(([range]) => range?.length === length)).toBe(true)
    expect(source.longestRead).toBeLessThanOrEqual(1 << 18)
    expect(source.bytesRead).toBeLessThan(source.size / 10)
  })
})

describe("framesOf refuses", () => {
  it("native pixel data cut short, in each transfer syntax", async () => {
    const elements: DicomElement[] = [
      ...identity(),
      ...imageOf(4, 4),
      ["7FE00010", "OB", new Uint8Array(16)],
    ]
    for (const shape of [{}, { syntax: IMPLICIT }, { syntax: BIG_ENDIAN }]) {
      const whole = dicomFile(elements, shape)
      expect(await refusalOf(whole)).toBe("read")
      expect(await refusalOf(whole.subarray(0, -1))).toBe("truncated")
      expect(await refusalOf(whole.subarray(0, -16))).toBe("truncated")
    }
  })

  it("encapsulated pixel data cut anywhere", async () => {
    const whole = encapsulated(2, [0, 32], [fragment(1), fragment(2), fragment(3)])
    const start = whole.length - 68
    const cuts = Array.from({ length: whole.length - start }, (_, i) => start + i)
    const reasons = await Promise.all(cuts.map((cut) => refusalOf(whole.subarray(0, cut))))
    expect(cuts).toHaveLength(68)
    expect(new Set(reasons)).toEqual(new Set(["truncated"]))
  })

  it("encapsulated pixel data without items", async () => {
    const whole = encapsulated(1, [], [])
    const noItem = concat(whole.subarray(0, -16), new Uint8Array(16).fill(9))
    const noTable = concat(whole.subarray(0, -16), whole.subarray(-8))
    expect(await refusalOf(noItem)).toBe("malformed")
    expect(await refusalOf(noTable)).toBe("truncated")
  })

  it("deflated pixel data that claim more than there is", async () => {
    const elements: DicomElement[] = [...identity(), ["7FE00010", "OB", new Uint8Array(16)]]
    const body = dicomFile(elements, { preamble: false, meta: false }).subarray(0, -8)
    const meta = dicomFile([], { syntax: DEFLATED }).slice(0, -2)
    expect(await refusalOf(concat(meta, Uint8Array.from(deflateRawSync(body))))).toBe("truncated")
  })
})
