import { deflateRawSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import { readDataSet } from "../../../src/dicom/data-set.ts"
import { reasonOf } from "../../../src/dicom/refusal.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { textAt } from "../../../src/dicom/text.ts"
import {
  BIG_ENDIAN,
  DEFLATED,
  type DicomElement,
  dicomFile,
  EXPLICIT,
  type FileShape,
  IMPLICIT,
  identity,
  imageOf,
  JPEG_BASELINE,
  latin1,
} from "../../support/dicom-file.ts"
import { countingSource } from "../../support/dicom-source.ts"

const PIXELS = new Uint8Array(16).fill(7)
const ELEMENTS: DicomElement[] = [
  ...identity(),
  ...imageOf(4, 4),
  ["00090010", "LO", "Maker"],
  ["00091001", "UN", Uint8Array.of(1, 2, 3, 4)],
  ["00100010", "PN", "Doe^Jane"],
  ["00081140", "SQ", { items: [[["00081150", "UI", "1.2.3"]], []] }],
  ["00400275", "SQ", { items: [[["00400007", "LO", "head"]]], lengths: "defined" }],
  ["7FE00010", "OW", PIXELS],
]

async function read(elements: readonly DicomElement[], shape: FileShape = {}) {
  return await readDataSet(bytesSource(dicomFile(elements, shape)))
}

async function refusalOf(bytes: Uint8Array) {
  return await readDataSet(bytesSource(bytes)).then(
    () => "read",
    (error: unknown) => reasonOf(error) ?? error,
  )
}

describe("readDataSet", () => {
  const shapes: Record<string, FileShape> = {
    "explicit VR little endian": {},
    "implicit VR little endian": { syntax: IMPLICIT },
    "explicit VR big endian": { syntax: BIG_ENDIAN },
    deflated: { syntax: DEFLATED },
    "no preamble": { preamble: false },
    "a bare explicit data set": { preamble: false, meta: false },
    "a bare implicit data set": { preamble: false, meta: false, syntax: IMPLICIT },
  }

  it.each(Object.entries(shapes))("reads %s", async (_, shape) => {
    const { dataSet, transferSyntaxUid } = await read(ELEMENTS, shape)
    expect(transferSyntaxUid).toBe(shape.syntax ?? EXPLICIT)
    expect(textAt(dataSet, "x00100010", "PN")).toBe("Doe^Jane")
    expect(dataSet.uint16("x00280010")).toBe(4)
    expect(dataSet.elements["x00081140"]?.items).toHaveLength(2)
    expect(dataSet.elements["x00400275"]?.items).toHaveLength(1)
    expect(dataSet.elements["x7fe00010"]?.length).toBe(16)
    const tags = Object.keys(dataSet.elements)
    expect(tags).toHaveLength(ELEMENTS.length)
  })

  it("finds the element's value at its offset in the file", async () => {
    const file = dicomFile(ELEMENTS)
    const { dataSet, start } = await readDataSet(bytesSource(file))
    const { dataOffset = 0, length = 0 } = dataSet.elements["x7fe00010"] ?? {}
    expect(Buffer.compare(file.subarray(dataOffset, dataOffset + length), PIXELS)).toBe(0)
    expect(file.subarray(start, start + 4)).toEqual(Uint8Array.of(0x08, 0, 0x16, 0))
  })

  it("takes a bare data set that has the letters DICM where a file has its prefix", async () => {
    const file = dicomFile([["00080008", "CS", `${"X".repeat(120)}DICM`], ...identity()], {
      preamble: false,
      meta: false,
    })
    expect(Buffer.from(file).indexOf("DICM")).toBe(128)
    const { dataSet, start } = await readDataSet(bytesSource(file))
    expect(start).toBe(0)
    expect(textAt(dataSet, "x00080018", "UI")).toBe("2.25.3")
  })

  it("reads group 2 without a group length, and with a wrong one", async () => {
    const meta: DicomElement[] = [["00020010", "UI", BIG_ENDIAN]]
    const file = dicomFile(identity(), { syntax: BIG_ENDIAN, metaElements: meta })
    const without = concat(file.subarray(0, 132), file.subarray(144))
    const wrong = Uint8Array.from(file)
    wrong[140] = 99
    for (const bytes of [without, wrong]) {
      const { dataSet, transferSyntaxUid } = await readDataSet(bytesSource(bytes))
      expect(transferSyntaxUid).toBe(BIG_ENDIAN)
      expect(Object.keys(dataSet.elements)).toHaveLength(4)
    }
  })

  it("takes a deflated data set with padding behind it", async () => {
    const file = dicomFile(ELEMENTS, { syntax: DEFLATED })
    const { dataSet, isInflated } = await readDataSet(bytesSource(concat(file, new Uint8Array(1))))
    expect(isInflated).toBe(true)
    expect(Object.keys(dataSet.elements)).toHaveLength(ELEMENTS.length)
  })

  it("widens its window until the pixel data, and no further", async () => {
    const size = 300_000
    const elements: DicomElement[] = [
      ...identity(),
      ["00091001", "OB", new Uint8Array(size)],
      ["7FE00010", "OW", new Uint8Array(8 << 20)],
    ]
    const source = countingSource(dicomFile(elements))
    const { dataSet } = await readDataSet(source)
    expect(dataSet.elements["x7fe00010"]?.length).toBe(8 << 20)
    expect(source.longestRead).toBeGreaterThan(size)
    expect(source.longestRead).toBeLessThan(8 << 20)
  })

  it("keeps the header alone: no window with pixel data, also of items", async () => {
    const elements: DicomElement[] = [
      ...ELEMENTS.slice(0, -1),
      ["7FE00010", "OW", new Uint8Array(200_000)],
    ]
    const { dataSet } = await read(elements)
    const item = dataSet.elements["x00081140"]?.items?.[0]?.dataSet
    expect(dataSet.byteArray.length).toBeLessThan(1000)
    expect(dataSet.byteArray.buffer.byteLength).toBe(dataSet.byteArray.length)
    expect(item?.byteArray).toBe(dataSet.byteArray)
    expect(item && textAt(item, "x00081150", "UI")).toBe("1.2.3")
  })

  it("takes a short value at the end of implicit VR, which is too short to be looked into", async () => {
    const ends: readonly (readonly [vr: string, value: string | readonly number[]])[] = [
      ["LO", ""],
      ["LO", "ab"],
      ["US", [7]],
    ]
    const lengths: (number | undefined)[] = []
    for (const [vr, value] of ends) {
      const { dataSet } = await read([...identity(), ["00400275", vr, value]], { syntax: IMPLICIT })
      lengths.push(dataSet.elements["x00400275"]?.length)
    }
    expect(lengths).toEqual([0, 2, 2])
  })

  it("inflates no more than the header, and knows the length of the rest", async () => {
    const pixels = new Uint8Array(30 << 20)
    const elements: DicomElement[] = [...identity(), ["7FE00010", "OW", pixels]]
    const { dataSet, size } = await read(elements, { syntax: DEFLATED })
    expect(size).toBeGreaterThan(pixels.length)
    expect(dataSet.byteArray.buffer.byteLength).toBeLessThan(1000)
    expect(dataSet.elements["x7fe00010"]?.length).toBe(pixels.length)
  })

  it("does not take the end of its window for the end of the data set", async () => {
    const before = dicomFile(identity()).length + 12
    const elements: DicomElement[] = [
      ...identity(),
      ["00091001", "OB", new Uint8Array((1 << 18) - before)],
      ["00400275", "SQ", { items: [[["00400007", "LO", "behind"]]] }],
    ]
    const { dataSet } = await read(elements)
    expect(dataSet.elements["x00400275"]?.items).toHaveLength(1)
  })
})

describe("readDataSet refuses", () => {
  it("an empty file", async () => {
    expect(await refusalOf(new Uint8Array())).toBe("empty")
  })

  it("what is no DICOM", async () => {
    const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)
    const others = [png, latin1("not DICOM"), new Uint8Array(4096), Uint8Array.of(8), latin1("PK")]
    expect(await Promise.all(others.map(refusalOf))).toEqual(others.map(() => "not-dicom"))
  })

  it("a prefix with nothing behind it", async () => {
    expect(await refusalOf(dicomFile([]).subarray(0, 132))).toBe("truncated")
  })

  it("group 2 without a transfer syntax, and a prefix without group 2", async () => {
    const metaElements: DicomElement[] = [["00020002", "UI", "1.2.3"]]
    expect(await refusalOf(dicomFile(ELEMENTS, { metaElements }))).toBe("no-transfer-syntax")
    expect(await refusalOf(dicomFile(ELEMENTS, { meta: false }))).toBe("no-transfer-syntax")
  })

  it("a header cut anywhere inside an element", async () => {
    const elements = ELEMENTS.slice(0, -1)
    for (const shape of [{}, { syntax: IMPLICIT }, { syntax: BIG_ENDIAN }]) {
      const whole = dicomFile(elements, shape)
      const { dataSet, start } = await readDataSet(bytesSource(whole))
      const ends = Object.values(dataSet.elements).map((one) => one.dataOffset + one.length)
      const edges = new Set([start, ...ends, ...ends.map((end) => end + 8)])
      const cuts = Array.from({ length: whole.length - 133 }, (_, i) => i + 133)
      const inside = cuts.filter((cut) => !edges.has(cut))
      const reasons = await Promise.all(inside.map((cut) => refusalOf(whole.subarray(0, cut))))
      expect(inside.length).toBeGreaterThan(300)
      expect(new Set(reasons)).toEqual(new Set(["truncated"]))
    }
  })

  it("a sequence of undefined length that the end of the file cuts", async () => {
    const sequence: DicomElement = ["FFFA0000", "SQ", { items: [[["00081150", "UI", "1.2"]]] }]
    for (const syntax of [EXPLICIT, IMPLICIT]) {
      const whole = dicomFile([...identity(), sequence], { syntax })
      expect(await refusalOf(whole)).toBe("read")
      expect(await refusalOf(whole.subarray(0, -8))).toBe("truncated")
      expect(await refusalOf(whole.subarray(0, -16))).toBe("truncated")
    }
  })

  it("a deflated data set that is no DEFLATE, or is cut", async () => {
    const whole = dicomFile(ELEMENTS, { syntax: DEFLATED })
    const meta = dicomFile([], { syntax: DEFLATED }).length - 2
    const noise = concat(whole.subarray(0, meta), new Uint8Array(40).fill(0xff))
    expect(await refusalOf(noise)).toBe("malformed")
    expect(await refusalOf(whole.subarray(0, meta + 20))).toBe("truncated")
  })

  it("a deflated data set that inflates without end", async () => {
    const meta = dicomFile([], { syntax: DEFLATED }).slice(0, -2)
    const zeros = deflateRawSync(new Uint8Array(520 << 20))
    expect(zeros.length).toBeLessThan(1 << 20)
    expect(await refusalOf(concat(meta, Uint8Array.from(zeros)))).toBe("too-large")
  })

  it("elements without end", async () => {
    const element = dicomFile([["00091001", "LO"]], { preamble: false, meta: false })
    const many = new Uint8Array(element.length * 2_000_000)
    for (let at = 0; at < many.length; at += element.length) many.set(element, at)
    expect(await refusalOf(concat(dicomFile(identity()), many))).toBe("too-large")
  })

  it("a value of undefined length that nothing ends", async () => {
    const value = latin1("no delimiter")
    const open = dicomFile([["00091001", "UT", value]], { preamble: false, meta: false })
    open.fill(0xff, 8, 12)
    expect(await refusalOf(concat(dicomFile(identity()), open))).toBe("truncated")
  })

  it("a sequence whose items are none", async () => {
    const file = dicomFile([...identity(), ["00400275", "SQ", latin1("no item here")]])
    expect(await refusalOf(file)).toBe("malformed")
  })

  it("sequences nested beyond any stack", async () => {
    const depth = 20_000
    const open = dicomFile([["00400275", "SQ", { items: [[]] }]], { preamble: false, meta: false })
    const level = open.subarray(0, 20)
    const prefix = dicomFile(identity(), { syntax: JPEG_BASELINE })
    const hostile = concat(prefix, ...Array.from({ length: depth }, () => level))
    expect(["malformed", "truncated"]).toContain(await refusalOf(hostile))
  })
})
