/**
 * What a patient's list shows of a study: goes into the catalogue's list box, sealed.
 *
 * @module
 */
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
