import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { z } from "zod"
import type { StudySummary } from "../../../src/dicom/summary.ts"
import { imagingStudyBundle } from "../../../src/fhir/imaging-study-bundle.ts"
import { missingShared, sharedPath } from "../../support/shared-data.ts"
import { describeIfPresent } from "../../support/skipped.ts"

// FHIR R4 (4.0.1): elements, cardinalities and types of those resources, as far as a link or HL7's own example uses them.
const text = z.string().regex(/\S/)
const uri = z.string().regex(/^\S+$/)
const code = z.string().regex(/^\S+(\s\S+)*$/)
const id = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/)
const dateTime = z.iso.datetime({ offset: true })
const count = z.int().min(0).max(0x7fffffff)
const some = <T extends z.ZodType>(one: T) => z.array(one).min(1)
const coding = z.strictObject({ system: uri, code, display: text.optional() })
const concept = z.strictObject({ coding: some(coding), text: text.optional() })
const identifier = z.strictObject({ system: uri, value: text })
const reference = z
  .strictObject({ reference: text.optional(), display: text.optional() })
  .refine((one) => one.reference !== undefined || one.display !== undefined)

const imagingStudy = z.strictObject({
  resourceType: z.literal("ImagingStudy"),
  id: id.optional(),
  text: z.strictObject({ status: code, div: text }).optional(),
  identifier: some(identifier).optional(),
  status: z.enum(["registered", "available", "cancelled", "entered-in-error", "unknown"]),
  modality: some(coding).optional(),
  subject: reference,
  started: dateTime.optional(),
  endpoint: some(reference).optional(),
  numberOfSeries: count.optional(),
  numberOfInstances: count.optional(),
  description: text.optional(),
  series: some(
    z.strictObject({
      uid: id,
      number: count.optional(),
      modality: coding,
      description: text.optional(),
      numberOfInstances: count.optional(),
      bodySite: coding.optional(),
      instance: some(
        z.strictObject({ uid: id, sopClass: coding, number: count.optional() }),
      ).optional(),
    }),
  ).optional(),
})

const endpoint = z.strictObject({
  resourceType: z.literal("Endpoint"),
  status: z.enum(["active", "suspended", "error", "off", "entered-in-error", "test"]),
  connectionType: coding,
  name: text.optional(),
  payloadType: some(concept),
  payloadMimeType: some(code).optional(),
  address: z.url(),
})

const bundle = z.strictObject({
  resourceType: z.literal("Bundle"),
  type: z.literal("collection"),
  entry: some(
    z.strictObject({
      fullUrl: z
        .string()
        .regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
      resource: z.discriminatedUnion("resourceType", [imagingStudy, endpoint]),
    }),
  ),
})

const study: StudySummary = {
  studyInstanceUid: "1.2.840.99999.1",
  description: "CT Schädel",
  studyDate: "20260703",
  modalities: ["CT", "SR"],
  bodyParts: ["HEAD"],
  institution: "Städtisches Klinikum",
  instances: 61,
  series: [
    { seriesInstanceUid: "1.2.840.99999.1.1", modality: "CT", description: "axial", instances: 60 },
    { seriesInstanceUid: "1.2.840.99999.1.2", modality: "SR", instances: 1 },
  ],
}
const bare: StudySummary = {
  studyInstanceUid: "1.2.3",
  description: "",
  modalities: [],
  bodyParts: [],
  instances: 0,
  series: [],
}
const ADDRESS = "https://links.example/links/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
const made = (...studies: Parameters<typeof imagingStudyBundle>[0]) =>
  bundle.parse(JSON.parse(JSON.stringify(imagingStudyBundle(studies, ADDRESS))))

describe("imagingStudyBundle", () => {
  it("holds each study and the endpoint, valid in FHIR R4", () => {
    const { entry } = made({ study, started: Date.UTC(2026, 6, 3, 12) }, { study: bare })
    expect(entry.map(({ resource }) => resource.resourceType)).toEqual([
      "ImagingStudy",
      "ImagingStudy",
      "Endpoint",
    ])
    expect(entry[0]?.resource).toMatchObject({
      identifier: [{ system: "urn:dicom:uid", value: "urn:oid:1.2.840.99999.1" }],
      started: "2026-07-03T12:00:00.000Z",
      numberOfSeries: 2,
      numberOfInstances: 61,
      series: [{ modality: { code: "CT" } }, { modality: { code: "SR" } }],
    })
    expect(entry[2]?.resource).toMatchObject({ address: ADDRESS })
  })

  it("refers to nothing outside itself, and to each entry by one name", () => {
    const { entry } = made({ study }, { study })
    const names = entry.map(({ fullUrl }) => fullUrl)
    expect(new Set(names).size).toBe(names.length)
    const references = entry.flatMap(({ resource }) =>
      resource.resourceType === "ImagingStudy" ? (resource.endpoint ?? []) : [],
    )
    expect(references).toHaveLength(2)
    for (const one of references) expect(names).toContain(one.reference)
  })

  it("says nothing of the patient, the institution or the body", () => {
    const said = JSON.stringify(imagingStudyBundle([{ study }], ADDRESS))
    expect(said).toContain("CT Schädel")
    for (const word of ["Klinikum", "HEAD", "Patient"]) expect(said).not.toContain(word)
  })

  it("gives no start where the data say none", () => {
    expect(made({ study }).entry[0]?.resource).not.toHaveProperty("started")
  })

  it("leaves out a series whose UID FHIR has no place for, and still counts it", () => {
    const odd = { seriesInstanceUid: "a_b", instances: 1 }
    const { entry } = made({ study: { ...study, series: [...study.series, odd] } })
    expect(entry[0]?.resource).toMatchObject({ numberOfSeries: 3, series: [{}, {}] })
  })

  it("does not call its address a DICOMweb root", () => {
    expect(JSON.stringify(imagingStudyBundle([], ADDRESS))).not.toContain("wado")
  })
})

const EXAMPLE = "fhir/hl7-r4/ImagingStudy-example.json"
describeIfPresent("HL7's example of an ImagingStudy", missingShared(EXAMPLE), () => {
  it("is valid by the same description", () => {
    const example: unknown = JSON.parse(readFileSync(sharedPath(EXAMPLE), "utf8"))
    expect(imagingStudy.parse(example).numberOfSeries).toBe(1)
  })
})
