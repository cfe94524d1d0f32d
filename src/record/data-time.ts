/**
 * When the data of a record was taken, as manifest, catalogue and deposit say it (docs/FORMAT.md §3).
 *
 * @module
 */
import { z } from "zod"
import { whole } from "../vault/shape.ts"

/** One past the last millisecond that has a slot: the calendar ends with the year 6065. */
const TIME_END = Date.UTC(6066, 0, 1)

/** Time of the data; decides the slot, so who may read it. */
export interface DataTime {
  /** Milliseconds since 1970-01-01 UTC; 0 when the data is older. */
  readonly time: number
  /** The data carries no time; `time` is that of its entry. */
  readonly undated: boolean
  /** The data is older than 1970, so it lies in the first slot. */
  readonly before1970: boolean
}

/** The fields of a {@link DataTime}, to be spread into a shape. */
export const dataTimeFields = {
  time: whole.refine((time) => time < TIME_END),
  undated: z.boolean(),
  before1970: z.boolean(),
}

/** Whether the flags agree with the time. */
export function isDataTime({ time, undated, before1970 }: DataTime): boolean {
  return !before1970 || (time === 0 && !undated)
}
