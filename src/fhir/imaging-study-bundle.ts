/**
 * The minimal FHIR R4 summary behind a link: what was examined, and where the images are. No name, no identifier of the patient.
 *
 *     Bundle (collection) ─▶ ImagingStudy per study ─▶ Endpoint
 *
 * Source: FHIR R4 ImagingStudy, Endpoint, Bundle; SMART Health Links (files of type application/fhir+json).
 *
 * @module
 */
import type { SeriesSummary, StudySummary } from "../dicom/summary.ts"

/** A study and when its data were made, milliseconds since 1970; absent where the data don't say. */
export interface StartedStudy {
  readonly study: StudySummary
  readonly started?: number
}

const DCM = "http://dicom.nema.org/resources/ontology/DCM"
/** Of our own: the address is no DICOMweb root, and a plain reader must not take it for one (the binding is extensible). */
const CONNECTION = "urn:x-medlake:connection-type"
/** FHIR's `id`, which is the type of a series' UID there. */
const ID = /^[A-Za-z0-9.-]{1,64}$/
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
    ...filled("modality", study.modalities.map(modality)),
    subject: { display: "the person who shares this link" },
    ...(started === undefined ? {} : { started: new Date(started).toISOString() }),
    endpoint: [{ reference: ENDPOINT }],
    numberOfSeries: study.series.length,
    numberOfInstances: study.instances,
    ...filled("description", study.description ?? ""),
    ...filled("series", study.series.filter((one) => ID.test(one.seriesInstanceUid)).map(series)),
  }
}

function series({ seriesInstanceUid, modality: code, description, instances }: SeriesSummary) {
  return {
    uid: seriesInstanceUid,
    modality: modality(code || "OT"),
    ...filled("description", description ?? ""),
    numberOfInstances: instances,
  }
}

/** The field, unless its text or list is empty: FHIR has no empty values. */
function filled(field: string, value: string | readonly object[]): object {
  return value.length === 0 ? {} : { [field]: value }
}

function modality(code: string): object {
  return { system: DCM, code }
}

function endpoint(address: string): object {
  return {
    resourceType: "Endpoint",
    status: "active",
    connectionType: { system: CONNECTION, code: "link", display: "medlake link" },
    name: "medlake link: open it with a medlake reader",
    payloadType: [{ coding: [{ system: DCM, code: "113014", display: "Study" }] }],
    payloadMimeType: ["application/dicom"],
    address,
  }
}

/** Names inside one bundle; they need to differ only there. */
function uuidOf(index: number): string {
  return ENDPOINT.slice(0, -12) + index.toString(16).padStart(12, "0")
}
