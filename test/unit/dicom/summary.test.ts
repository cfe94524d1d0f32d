import { describe, expect, it } from "vitest"
import { readInstance } from "../../../src/dicom/instance.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { groupStudies } from "../../../src/dicom/study.ts"
import { parseStudySummary, summarize } from "../../../src/dicom/summary.ts"
import { dicomFile, identity } from "../../support/dicom-file.ts"

describe("the summary of a study", () => {
  it("comes out of a catalogue as it went in", async () => {
    const file = dicomFile([
      ...identity(),
      ["00080060", "CS", "CT"],
      ["00081030", "LO", "Head without contrast"],
    ])
    const { studies } = groupStudies([await readInstance(bytesSource(file))])
    const [summary, ...more] = studies.map(summarize)
    expect(more).toEqual([])
    expect(summary).toMatchObject({ modalities: ["CT"], description: "Head without contrast" })
    expect(parseStudySummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary)
  })

  const right = {
    studyInstanceUid: "2.25.1",
    modalities: ["CT"],
    bodyParts: [],
    instances: 1,
    series: [{ seriesInstanceUid: "2.25.2", instances: 1 }],
  }
  it.each<[string, unknown]>([
    ["nothing", null],
    ["a text", "CT"],
    ["no list of modalities", { ...right, modalities: "CT" }],
    ["a modality that is no text", { ...right, modalities: [1] }],
    ["a negative count", { ...right, instances: -1 }],
    ["a series without UID", { ...right, series: [{ instances: 1 }] }],
    ["no series", { ...right, series: undefined }],
  ])("is none where a writer put %s in its place", (_, entry) => {
    expect(parseStudySummary(right)).toEqual(right)
    expect(parseStudySummary(entry)).toBeUndefined()
  })
})
