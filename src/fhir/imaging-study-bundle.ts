/**
 * The minimal FHIR R4 summary behind a link: what was examined, and where the images are. No name, no identifier of the patient.
 *
 *     Bundle (collection) ─▶ ImagingStudy per study ─▶ Endpoint
 *
 * Source: FHIR R4 ImagingStudy, Endpoint, Bundle; SMART Health Links (files of type application/fhir+json).
 *
 * @module
 */
import type { StudySummary } from "../dicom/summary.ts"

/** A study and when its data were made, milliseconds since 1970. */
export interface StartedStudy {
  readonly study: StudySummary
  readonly started: number
}

const DCM = "http://dicom.nema.org/resources/ontology/DCM"
const CONNECTION = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
const ENDPOINT = "urn:uuid:6d6c616b-6500-4000-8000-000000000000"

/**
 * The bundle of a link.
 * @param address URL of the link, where a medlake reader opens the images
 */
export function imagingStudyBundle(studies: readonly StartedStudy[], address: string): object {
  return {
    resourceType: "Bundle",
    type: "collection",
    entry: [
      ...studies.map((one, i) => ({ fullUrl: uuidOf(i + 1), resource: imagingStudy(one) })),
      { fullUrl: ENDPOINT, resource: endpoint(address) },
    ],
  }
}

function imagingStudy({ study, started }: StartedStudy): object {
  return {
    resourceType: "ImagingStudy",
    identifier: [{ system: "urn:dicom:uid", value: `urn:oid:${study.studyInstanceUid}` }],
    status: "available",
    modality: study.modalities.map(modality),
    subject: { display: "the person who shares this link" },
    started: new Date(started).toISOString(),
    endpoint: [{ reference: ENDPOINT }],
    numberOfSeries: study.series.length,
    numberOfInstances: study.instances,
    ...(study.description === undefined ? {} : { description: study.description }),
    series: study.series.map((one) => ({
      uid: one.seriesInstanceUid,
      modality: modality(one.modality ?? "OT"),
      ...(one.description === undefined ? {} : { description: one.description }),
      numberOfInstances: one.instances,
    })),
  }
}

function modality(code: string): object {
  return { system: DCM, code }
}

function endpoint(address: string): object {
  return {
    resourceType: "Endpoint",
    status: "active",
    connectionType: { system: CONNECTION, code: "dicom-wado-rs" },
    name: "medlake link: open it with a medlake reader",
    payloadType: [{ coding: [{ system: DCM, code: "113014", display: "DICOM Study Page" }] }],
    payloadMimeType: ["application/dicom"],
    address,
  }
}

/** Names inside one bundle; they need to differ only there. */
function uuidOf(index: number): string {
  return ENDPOINT.slice(0, -12) + index.toString(16).padStart(12, "0")
}
