/**
 * A study cut into as many as the records that it takes: what opens a record, its manifest, is one object of at most 1 MiB (docs/FORMAT.md §3).
 *
 * @module
 */
import type { Instance } from "./instance.ts"
import type { Series, Study } from "./study.ts"

/** Bytes of a manifest: of an instance with the longest UID; of a series with its blob and derived parts; of a MiB of content. */
const PER_INSTANCE = 280
const PER_SERIES = 800
const PER_MIB = 36
const MIB = 1 << 20
/** What is left of 1 MiB behind padding, signature and box. */
const LIMIT = 960_000

/** The study itself, unless it is too large for one record; then several, in the same order, the last series of one going on in the next. */
export function studyParts({ studyInstanceUid, series }: Study): Study[] {
  const parts: Series[][] = []
  let left = 0
  for (const { seriesInstanceUid, instances } of series) {
    let open: Instance[] | undefined
    for (const instance of instances) {
      const cost = PER_INSTANCE + Math.ceil((instance.source.size * PER_MIB) / MIB)
      if (left < cost + (open ? 0 : PER_SERIES)) {
        parts.push([])
        left = LIMIT
        open = undefined
      }
      if (!open) {
        open = []
        parts.at(-1)?.push({ seriesInstanceUid, instances: open })
        left -= PER_SERIES
      }
      open.push(instance)
      left -= cost
    }
  }
  return parts.map((some) => ({ studyInstanceUid, series: some }))
}
