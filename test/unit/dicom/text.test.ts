import { readFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { readDataSet } from "../../../src/dicom/data-set.ts"
import { toDicomJson } from "../../../src/dicom/dicom-json.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { numberAt, textAt } from "../../../src/dicom/text.ts"
import {
  type DicomElement,
  dicomFile,
  IMPLICIT,
  identity,
  latin1,
} from "../../support/dicom-file.ts"
import { missingShared, sharedPath } from "../../support/shared-data.ts"
import { describeIfPresent } from "../../support/skipped.ts"

const NAME = "x00100010"

async function read(elements: readonly DicomElement[], shape = {}) {
  const file = dicomFile([...identity(), ...elements], shape)
  return (await readDataSet(bytesSource(file))).dataSet
}

/** A name as bytes of Latin-1 text, in a character set. */
async function nameIn(characterSet: string | undefined, bytes: string, vr = "PN") {
  const sets: DicomElement[] = characterSet === undefined ? [] : [["00080005", "CS", characterSet]]
  return textAt(await read([...sets, ["00100010", vr, latin1(bytes)]]), NAME, vr)
}

describe("text", () => {
  it.each([
    ["ISO_IR 100", "Buc^J\xe9r\xf4me", "Buc^Jérôme"],
    ["ISO_IR 101", "Wa\xb3\xeasa", "Wałęsa"],
    ["ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"],
    ["ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"],
    ["ISO_IR 138", "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"],
    ["ISO_IR 144", "\xbb\xee\xda\xe1^\xb0", "Люкс^А"],
    ["ISO_IR 148", "\xddstanbul", "İstanbul"],
    ["ISO_IR 166", "\xca\xc1\xaa\xd2\xc2", "สมชาย"],
    ["ISO_IR 203", "S\xe6vra\xbd \xa4", "Sævraœ €"],
    ["ISO_IR 13", "\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"],
    ["ISO_IR 192", "Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1", "Wang^XiaoDong=王^小東"],
    ["GB18030", "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"],
    ["GBK", "\xcd\xf5^\xd0\xa1\xb6\xab", "王^小东"],
  ])("is read in %s", async (set, bytes, text) => {
    expect(await nameIn(set, bytes)).toBe(text)
  })

  it.each([
    [
      "\\ISO 2022 IR 87",
      "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
      "Yamada^Tarou=山田^太郎",
    ],
    [
      "ISO 2022 IR 13\\ISO 2022 IR 87",
      "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
      "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
    ],
    [
      "\\ISO 2022 IR 149",
      "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
      "Hong^Gildong=洪^吉洞",
    ],
    ["\\ISO 2022 IR 58", "Zhang=\x1b$)A\xd5\xc5", "Zhang=张"],
    ["ISO 2022 IR 100\\ISO 2022 IR 126", "\xe9=\x1b-F\xe1", "é=α"],
  ])("follows the escapes of %s", async (set, bytes, text) => {
    expect(await nameIn(set, bytes)).toBe(text)
  })

  it("follows an escape back to ASCII that is not declared", async () => {
    const set = "ISO 2022 IR 13\\ISO 2022 IR 87"
    expect(await nameIn(set, "\x1b$B;3ED\x1b(BT^\xc0")).toBe("山田T^ﾀ")
  })

  it.each(["ISO-IR 144", "ISO IR 144", "iso_ir 144", " ISO_IR_144 "])(
    "takes %s for ISO_IR 144",
    async (set) => {
      expect(await nameIn(set, "\xbb")).toBe("Л")
    },
  )

  it("is Latin-1 in a character set that nobody knows", async () => {
    expect(await nameIn("KLINGON", "J\xe9r\xf4me")).toBe("Jérôme")
    expect(await nameIn("ISO 2022 IR 100\\KLINGON", "J\xe9r\xf4me")).toBe("Jérôme")
  })

  it("without a character set is UTF-8 where it is that, else Latin-1", async () => {
    for (const set of [undefined, "", "ISO_IR 6"]) {
      expect(await nameIn(set, "J\xc3\xa9r\xc3\xb4me")).toBe("Jérôme")
      expect(await nameIn(set, "J\xe9r\xf4me")).toBe("Jérôme")
    }
  })

  it("of codes, UIDs and dates knows no character set", async () => {
    expect(await nameIn("ISO_IR 144", "\xbb", "CS")).toBe("»")
  })

  it("loses its padding, and is absent when nothing is left", async () => {
    expect(await nameIn(undefined, "Doe \0")).toBe("Doe")
    expect(await nameIn(undefined, "   ")).toBeUndefined()
    expect(await nameIn(undefined, "")).toBeUndefined()
    expect(textAt(await read([]), NAME, "PN")).toBeUndefined()
  })

  it("longer than the arguments of a function can be is read whole", async () => {
    const long = "x".repeat(300_000)
    expect(textAt(await read([["00321000", "UT", long]]), "x00321000", "UT")).toBe(long)
    const sets: DicomElement = ["00080005", "CS", "KLINGON"]
    expect(textAt(await read([sets, ["00321000", "UT", long]]), "x00321000", "UT")).toBe(long)
  })
})

describe("numberAt", () => {
  it("reads US, UL and IS, also in implicit VR and as UN", async () => {
    const elements: DicomElement[] = [
      ["00280010", "US", [512]],
      ["00200013", "IS", " 7 "],
      ["00280008", "IS", "12"],
      ["00660001", "UL", [70_000]],
    ]
    for (const shape of [{}, { syntax: IMPLICIT }]) {
      const dataSet = await read(elements, shape)
      const tags = ["x00280010", "x00200013", "x00280008", "x00660001"]
      expect(tags.map((tag) => numberAt(dataSet, tag))).toEqual([512, 7, 12, 70_000])
    }
    expect(numberAt(await read([["00280008", "UN", latin1("12")]]), "x00280008")).toBe(12)
  })

  it("is undefined where there is no number", async () => {
    const dataSet = await read([
      ["00200013", "IS", "one"],
      ["00280010", "US", []],
    ])
    expect(["x00200013", "x00280010", "x00280011"].map((tag) => numberAt(dataSet, tag))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describeIfPresent("real character sets", missingShared("dicom/charset"), () => {
  const names: readonly (readonly [file: string, ...groups: string[]])[] = [
    ["chrArab", "قباني^لنزار"],
    ["chrFren", "Buc^Jérôme"],
    ["chrGerm", "Äneas^Rüdiger"],
    ["chrGreek", "Διονυσιος"],
    ["chrH31", "Yamada^Tarou", "山田^太郎", "やまだ^たろう"],
    ["chrH32", "ﾔﾏﾀﾞ^ﾀﾛｳ", "山田^太郎", "やまだ^たろう"],
    ["chrI2", "Hong^Gildong", "洪^吉洞", "홍^길동"],
    ["chrX1", "Wang^XiaoDong", "王^小東"],
    ["chrX2", "Wang^XiaoDong", "王^小东"],
  ]

  it.each(names)("%s", async (file, ...groups) => {
    const bytes = Uint8Array.from(await readFile(sharedPath(`dicom/charset/${file}.dcm`)))
    const { dataSet } = await readDataSet(bytesSource(bytes))
    expect(textAt(dataSet, NAME, "PN")?.replace(/=$/, "")).toBe(groups.join("="))
    const keys = ["Alphabetic", "Ideographic", "Phonetic"]
    const value = Object.fromEntries(groups.map((group, i) => [keys[i], group]))
    expect(toDicomJson(dataSet, false)["00100010"]).toEqual({ vr: "PN", Value: [value] })
  })

  it("chrSQEncoding: an item with a character set of its own", async () => {
    const bytes = Uint8Array.from(await readFile(sharedPath("dicom/charset/chrSQEncoding.dcm")))
    const { dataSet } = await readDataSet(bytesSource(bytes))
    const item = toDicomJson(dataSet, false)["00321064"]?.Value?.[0]
    expect(item).toMatchObject({
      "00080005": { Value: ["ISO 2022 IR 13", "ISO 2022 IR 87"] },
      "00100010": {
        Value: [{ Alphabetic: "ﾔﾏﾀﾞ^ﾀﾛｳ", Ideographic: "山田^太郎", Phonetic: "やまだ^たろう" }],
      },
    })
  })
})
