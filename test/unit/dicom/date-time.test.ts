import { describe, expect, it } from "vitest"
import { readDataSet } from "../../../src/dicom/data-set.ts"
import { dataTimeOf, parseDate, parseTime } from "../../../src/dicom/date-time.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { type DicomElement, dicomFile, identity } from "../../support/dicom-file.ts"

const ENTRY = Date.UTC(2026, 0, 2, 3, 4, 5)

async function timeOf(elements: readonly DicomElement[], zone = "+00:00") {
  const { dataSet } = await readDataSet(bytesSource(dicomFile([...identity(), ...elements])))
  return dataTimeOf(dataSet, zone, ENTRY)
}

const date = (tag: string, value: string): DicomElement => [tag, "DA", value]
const time = (tag: string, value: string): DicomElement => [tag, "TM", value]

describe("dataTimeOf", () => {
  const all: DicomElement[] = [
    date("00080020", "20250114"),
    time("00080030", "101112.131415"),
    date("00080021", "20250215"),
    time("00080031", "01"),
    date("00080022", "20250316"),
    time("00080032", "02"),
    date("00080023", "20250417"),
    time("00080033", "03"),
  ]

  it("is study date and time, else series, acquisition, content", async () => {
    const times: number[] = []
    for (const from of [0, 2, 4, 6]) times.push((await timeOf(all.slice(from))).at)
    expect(times).toEqual([
      Date.UTC(2025, 0, 14, 10, 11, 12, 131),
      Date.UTC(2025, 1, 15, 1),
      Date.UTC(2025, 2, 16, 2),
      Date.UTC(2025, 3, 17, 3),
    ])
  })

  it("passes over a date that is none, and takes midnight for a time that is none", async () => {
    const elements = [
      date("00080020", "20250230"),
      time("00080030", "10"),
      ...all.slice(2, 3),
      time("00080031", "25"),
    ]
    expect(await timeOf(elements)).toEqual({ at: Date.UTC(2025, 1, 15), undated: false })
  })

  it("counts in the zone of the data, else in the writer's", async () => {
    const study = all.slice(0, 2)
    const offset = (value: string): DicomElement => ["00080201", "SH", value]
    const local = Date.UTC(2025, 0, 14, 10, 11, 12, 131)
    const hour = 3_600_000
    expect((await timeOf([...study, offset("+0200")], "-05:00")).at).toBe(local - 2 * hour)
    expect((await timeOf([...study, offset("-0330")])).at).toBe(local + 3.5 * hour)
    expect((await timeOf(study, "-05:00")).at).toBe(local + 5 * hour)
    expect((await timeOf([...study, offset("CEST")], "+05:30")).at).toBe(local - 5.5 * hour)
    expect((await timeOf([...study, offset("+9900")], "+01:00")).at).toBe(local - hour)
  })

  it("is the time of entry, undated, where no date is usable", async () => {
    expect(await timeOf([])).toEqual({ at: ENTRY, undated: true })
    expect(await timeOf([time("00080030", "10")])).toEqual({ at: ENTRY, undated: true })
    expect(await timeOf([date("00080020", "99991231")])).toEqual({ at: ENTRY, undated: true })
  })

  it("is before 1970 where the data are", async () => {
    expect((await timeOf([date("00080020", "19000101")])).at).toBe(Date.UTC(1900, 0, 1))
  })
})

describe("parseDate", () => {
  it("reads days that exist", () => {
    expect(parseDate("20240229")).toBe(Date.UTC(2024, 1, 29))
    expect(parseDate("1997.04.24")).toBe(Date.UTC(1997, 3, 24))
    expect(parseDate("00010101")).toBe(new Date(0).setUTCFullYear(1, 0, 1))
  })

  it.each(["20230229", "20251301", "20250100", "2025011", "202501141", "2025-01-14", "today", ""])(
    "refuses %s",
    (text) => {
      expect(parseDate(text)).toBeUndefined()
    },
  )
})

describe("parseTime", () => {
  it("reads times, shortened from the right, to the millisecond", () => {
    const cases = {
      "07": 25_200_000,
      "0709": 25_740_000,
      "070907": 25_747_000,
      "070907.0705": 25_747_070,
      "07:09:07": 25_747_000,
      "235960": 86_400_000,
      "000000.029999": 29,
    }
    expect(Object.keys(cases).map(parseTime)).toEqual(Object.values(cases))
  })

  it("loses no fraction to rounding", () => {
    const thousandths = Array.from({ length: 1000 }, (_, i) => i)
    const texts = thousandths.map((i) => `000000.${String(i).padStart(3, "0")}`)
    expect(texts.map(parseTime)).toEqual(thousandths)
  })

  it.each(["24", "2360", "7", "070", "070907.", "070907.1234567", "noon", ""])(
    "refuses %s",
    (text) => {
      expect(parseTime(text)).toBeUndefined()
    },
  )
})
