/**
 * What a patient's list shows of a study: goes into the catalogue's list box, sealed.
 *
 * @module
 */
import { z } from "zod"
import type { Instance } from "./instance.ts"
import type { Series, Study } from "./study.ts"
import { textAt } from "./text.ts"

/** A study as it may be listed. Plain values, as dag-cbor and JSON hold them; absent fields are left out. */
export interface StudySummary {
  readonly studyInstanceUid: string
  readonly description?: string
  /** `YYYYMMDD` as the data say it. */
  readonly studyDate?: string
  readonly modalities: readonly string[]
  readonly bodyParts: readonly string[]
  readonly institution?: string
  readonly instances: number
  readonly series: readonly SeriesSummary[]
}

export interface SeriesSummary {
  readonly seriesInstanceUid: string
  readonly modality?: string
  readonly description?: string
  readonly instances: number
}

const count = z.int().nonnegative()
const seriesShape = z.object({
  seriesInstanceUid: z.string(),
  modality: z.string().exactOptional(),
  description: z.string().exactOptional(),
  instances: count,
})
const studyShape = z.object({
  studyInstanceUid: z.string(),
  description: z.string().exactOptional(),
  studyDate: z.string().exactOptional(),
  modalities: z.array(z.string()),
  bodyParts: z.array(z.string()),
  institution: z.string().exactOptional(),
  instances: count,
  series: z.array(seriesShape),
})

/** Reads what a writer put into a catalogue; undefined where it is no summary of a study. */
export function parseStudySummary(entry: unknown): StudySummary | undefined {
  return studyShape.safeParse(entry).data
}

/** Sums a study up. */
export function summarize({ studyInstanceUid, series }: Study): StudySummary {
  const all = series.flatMap(({ instances }) => instances)
  const first = all[0] as Instance
  const collect = (tag: string) =>
    [...new Set(all.flatMap((one) => textAt(one.header, tag, "CS") ?? []))].toSorted()
  return {
    studyInstanceUid,
    ...present("description", textAt(first.header, "x00081030", "LO")),
    ...present("studyDate", textAt(first.header, "x00080020", "DA")),
    modalities: collect("x00080060"),
    bodyParts: collect("x00180015"),
    ...present("institution", textAt(first.header, "x00080080", "LO")),
    instances: all.length,
    series: series.map(summarizeSeries),
  }
}

function summarizeSeries({ seriesInstanceUid, instances }: Series): SeriesSummary {
  const first = instances[0] as Instance
  return {
    seriesInstanceUid,
    ...present("modality", textAt(first.header, "x00080060", "CS")),
    ...present("description", textAt(first.header, "x0008103e", "LO")),
    instances: instances.length,
  }
}

function present(field: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [field]: value }
}
