import { describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import { readDataSet } from "../../../src/dicom/data-set.ts"
import { type DicomJson, toDicomJson } from "../../../src/dicom/dicom-json.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import {
  BIG_ENDIAN,
  type DicomElement,
  dicomFile,
  type FileShape,
  IMPLICIT,
  latin1,
} from "../../support/dicom-file.ts"

async function jsonOf(
  elements: readonly DicomElement[],
  shape: FileShape = {},
): Promise<DicomJson> {
  const { dataSet } = await readDataSet(bytesSource(dicomFile(elements, shape)))
  return toDicomJson(dataSet, shape.syntax === BIG_ENDIAN)
}

/** The attribute of one element. */
async function attribute(tag: string, vr: string, value?: DicomElement[2], shape: FileShape = {}) {
  const element: DicomElement = value === undefined ? [tag, vr] : [tag, vr, value]
  return (await jsonOf([element], shape))[tag]
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64")

describe("toDicomJson", () => {
  it("has the tags in order, without group 2 and group lengths", async () => {
    const json = await jsonOf([
      ["00200013", "IS", "1"],
      ["00080000", "UL", [8]],
      ["00080060", "CS", "CT"],
    ])
    expect(Object.keys(json)).toEqual(["00080060", "00200013"])
  })

  it("leaves out the value of what is empty", async () => {
    for (const vr of ["LO", "PN", "US", "SQ", "OB", "DS", "AT"]) {
      expect(await attribute("00091001", vr)).toEqual({ vr })
    }
    expect(await attribute("00100020", "LO", "  ")).toEqual({ vr: "LO" })
  })

  it("splits several values, trims them, and has null for an empty one among them", async () => {
    expect(await attribute("00080008", "CS", "ORIGINAL \\\\ AXIAL\\")).toEqual({
      vr: "CS",
      Value: ["ORIGINAL", null, "AXIAL", null],
    })
  })

  it("keeps backslashes and leading blanks of long text", async () => {
    for (const vr of ["LT", "ST", "UT"]) {
      expect(await attribute("00091001", vr, " a\\b ")).toEqual({ vr, Value: [" a\\b"] })
    }
  })

  it("splits a person's name into its groups", async () => {
    const name = async (text: string) => (await attribute("00100010", "PN", text))?.Value
    expect(await name("Doe^Jane^^^")).toEqual([{ Alphabetic: "Doe^Jane" }])
    expect(await name("A=B=C")).toEqual([{ Alphabetic: "A", Ideographic: "B", Phonetic: "C" }])
    expect(await name("=B")).toEqual([{ Ideographic: "B" }])
    expect(await name("A==C")).toEqual([{ Alphabetic: "A", Phonetic: "C" }])
    expect(await name("A\\^^\\B")).toEqual([{ Alphabetic: "A" }, null, { Alphabetic: "B" }])
    expect(await name("^^^^")).toBeUndefined()
  })

  it("has numbers for IS and DS, and the text where a number would lose digits or is none", async () => {
    const ds = async (text: string) => (await attribute("00180050", "DS", text))?.Value
    expect(await ds(" 1.50\\-2e3\\+7\\.5 ")).toEqual([1.5, -2000, 7, 0.5])
    expect(await ds("1234567890123456")).toEqual(["1234567890123456"])
    expect(await ds("five\\1e400\\0x10")).toEqual(["five", "1e400", "0x10"])
    expect((await attribute("00200013", "IS", "0012\\-3"))?.Value).toEqual([12, -3])
  })

  it("reads binary numbers in each byte order", async () => {
    const cases: readonly (readonly [
      vr: string,
      values: readonly number[],
      json: readonly unknown[],
    ])[] = [
      ["US", [0, 65_535], [0, 65_535]],
      ["SS", [-1, 32_767], [-1, 32_767]],
      ["UL", [4_294_967_295], [4_294_967_295]],
      ["SL", [-2_147_483_648], [-2_147_483_648]],
      ["FL", [0.5, Number.NaN, Number.POSITIVE_INFINITY], [0.5, null, null]],
      ["FD", [0.1], [0.1]],
      ["UV", [5, 2 ** 60], [5, "1152921504606846976"]],
      ["SV", [-5, -(2 ** 60)], [-5, "-1152921504606846976"]],
    ]
    for (const [vr, values, Value] of cases) {
      expect(await attribute("00091001", vr, values)).toEqual({ vr, Value })
      expect(await attribute("00091001", vr, values, { syntax: BIG_ENDIAN })).toEqual({ vr, Value })
    }
  })

  it("has attribute tags as eight digits", async () => {
    const tags = Uint8Array.of(0x28, 0, 0x10, 0, 0xe0, 0x7f, 0x10, 0)
    const swapped = Uint8Array.of(0, 0x28, 0, 0x10, 0x7f, 0xe0, 0, 0x10)
    const expected = { vr: "AT", Value: ["00280010", "7FE00010"] }
    expect(await attribute("00091001", "AT", tags)).toEqual(expected)
    expect(await attribute("00091001", "AT", swapped, { syntax: BIG_ENDIAN })).toEqual(expected)
  })

  it("has small binary values inline, little endian, and large ones by their path", async () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i)
    for (const [vr, size] of [
      ["OB", 1],
      ["UN", 1],
      ["OW", 2],
      ["OF", 4],
      ["OL", 4],
      ["OD", 8],
      ["OV", 8],
    ] as const) {
      const words = Array.from({ length: 16 / size }, (_, i) =>
        bytes.slice(size * i, size * (i + 1)),
      )
      const swapped = concat(...words.map((word) => word.toReversed()))
      expect(await attribute("00091001", vr, bytes)).toEqual({ vr, InlineBinary: base64(bytes) })
      expect(await attribute("00091001", vr, swapped, { syntax: BIG_ENDIAN })).toEqual({
        vr,
        InlineBinary: base64(bytes),
      })
    }
    const large = { items: [[], [["00091001", "OB", new Uint8Array(4098)]]] } as const
    const json = await jsonOf([
      ["00081140", "SQ", large],
      ["00091001", "OB", new Uint8Array(4096)],
    ])
    expect(json["00081140"]?.Value?.[1]).toEqual({
      "00091001": { vr: "OB", BulkDataURI: "bulkdata/00081140/2/00091001" },
    })
    expect(json["00091001"]?.InlineBinary).toHaveLength(5464)
  })

  it("never holds pixel data, also in an icon", async () => {
    const pixels: DicomElement = ["7FE00010", "OW", Uint8Array.of(1, 2)]
    const json = await jsonOf([["00880200", "SQ", { items: [[pixels]] }], pixels])
    expect(json["7FE00010"]).toEqual({ vr: "OW", BulkDataURI: "bulkdata/7FE00010" })
    expect(json["00880200"]?.Value?.[0]).toEqual({
      "7FE00010": { vr: "OW", BulkDataURI: "bulkdata/00880200/1/7FE00010" },
    })
  })

  it("has items in their order, empty ones and nested ones", async () => {
    const inner: DicomElement = ["00081150", "UI", "1.2"]
    const sequence: DicomElement = [
      "00081140",
      "SQ",
      { items: [[], [["00081140", "SQ", { items: [[inner]] }]]] },
    ]
    for (const shape of [{}, { syntax: IMPLICIT }, { syntax: BIG_ENDIAN }]) {
      expect((await jsonOf([sequence], shape))["00081140"]).toEqual({
        vr: "SQ",
        Value: [
          {},
          { "00081140": { vr: "SQ", Value: [{ "00081150": { vr: "UI", Value: ["1.2"] } }] } },
        ],
      })
    }
  })

  it("finds VRs in implicit VR, also those that depend on Pixel Representation", async () => {
    const pixels = (representation: number): DicomElement[] => [
      ["00080060", "CS", "CT"],
      ["00091001", "LO", "private"],
      ["00090010", "LO", "Maker"],
      ["00280103", "US", [representation]],
      ["00280106", "US", [65_535]],
    ]
    const vrs = async (representation: number) =>
      Object.values(await jsonOf(pixels(representation), { syntax: IMPLICIT })).map(({ vr }) => vr)
    expect(await vrs(0)).toEqual(["CS", "LO", "UN", "US", "US"])
    expect(await vrs(1)).toEqual(["CS", "LO", "UN", "US", "SS"])
  })

  it("does not take an empty value for a sequence where a delimiter follows it, in implicit VR", async () => {
    const item: DicomElement[] = [["300600A6", "PN", ""]]
    const json = await jsonOf([["30060080", "SQ", { items: [item] }]], { syntax: IMPLICIT })
    expect(json["30060080"]?.Value).toEqual([{ "300600A6": { vr: "PN" } }])
  })

  it("takes a VR of later editions for UN", async () => {
    expect(await attribute("00091001", "ZZ", "x ")).toEqual({ vr: "UN", InlineBinary: btoa("x ") })
  })
})

describe("sequences that hide as bytes", () => {
  const item: readonly DicomElement[] = [
    ["00081150", "UI", "1.2"],
    ["00081155", "UI", "3.4"],
  ]
  const shown = {
    "00081150": { vr: "UI", Value: ["1.2"] },
    "00081155": { vr: "UI", Value: ["3.4"] },
  }

  /** The items as bytes in implicit VR. */
  const hidden = (lengths?: "defined") => {
    const shape = { syntax: IMPLICIT, preamble: false, meta: false }
    const sequence = lengths ? { items: [item], lengths } : { items: [item] }
    const file = dicomFile([["00081140", "SQ", sequence]], shape).subarray(8)
    return lengths ? file : file.subarray(0, -8)
  }

  it("are read where a known sequence was written as UN", async () => {
    for (const bytes of [hidden(), hidden("defined")]) {
      expect(await attribute("00081140", "UN", bytes)).toEqual({ vr: "SQ", Value: [shown] })
      expect(await attribute("00081140", "UN", bytes, { syntax: BIG_ENDIAN })).toEqual({
        vr: "SQ",
        Value: [shown],
      })
    }
  })

  it("are read where a private one has no length, in implicit VR", async () => {
    const nested: DicomElement = ["00091002", "SQ", { items: [item] }]
    const json = await jsonOf([["00091001", "SQ", { items: [[nested], []] }]], { syntax: IMPLICIT })
    expect(json["00091001"]).toEqual({
      vr: "SQ",
      Value: [{ "00091002": { vr: "SQ", Value: [shown] } }, {}],
    })
  })

  it("stay bytes where they are no items", async () => {
    for (const bytes of [latin1("no items"), hidden("defined").slice(0, -2), new Uint8Array(6)]) {
      expect(await attribute("00081140", "UN", bytes)).toEqual({
        vr: "UN",
        InlineBinary: base64(bytes),
      })
    }
  })
})
