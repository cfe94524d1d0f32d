/**
 * When the data of an instance were made (docs/FORMAT.md §3 `time`; PS3.5 §6.2 DA, TM; PS3.3 §C.12.1.1.8 Timezone Offset From UTC).
 *
 *     study date and time, else series, acquisition, content ── in (0008,0201), else the writer's zone ──▶ UTC
 *
 * @module
 */
import type { DataSet } from "dicom-parser"
import { textAt } from "./text.ts"

/** A moment, and what is doubtful about it. */
export interface DataTime {
  /** Milliseconds since 1970-01-01 UTC; negative before. */
  readonly at: number
  /** No date was in the data: `at` is the time of entry. */
  readonly undated: boolean
}

/** Date and time tags, by precedence. */
const SOURCES = [
  ["x00080020", "x00080030"],
  ["x00080021", "x00080031"],
  ["x00080022", "x00080032"],
  ["x00080023", "x00080033"],
] as const
const OFFSET = "x00080201"
/** No later time has a slot (docs/FORMAT.md §1.3): data that say so are wrong. */
const CALENDAR_END = Date.UTC(6066, 0, 1)

/**
 * The time of an instance's data.
 * @param zone offset for data that name none, such as `+02:00`
 * @param entry time to take where no date is usable, milliseconds
 */
export function dataTimeOf(dataSet: DataSet, zone: string, entry: number): DataTime {
  const offset = offsetMinutes(textAt(dataSet, OFFSET, "SH")) ?? offsetMinutes(zone) ?? 0
  for (const [dateTag, timeTag] of SOURCES) {
    const day = parseDate(textAt(dataSet, dateTag, "DA"))
    if (day === undefined) continue
    const time = parseTime(textAt(dataSet, timeTag, "TM")) ?? 0
    const at = day + time - offset * 60_000
    if (at < CALENDAR_END) return { at, undated: false }
  }
  return { at: entry, undated: true }
}

/** Milliseconds of a day's beginning in UTC; `YYYYMMDD`, or `YYYY.MM.DD` of old files. */
export function parseDate(text: string | undefined): number | undefined {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? "")
  if (!match) return undefined
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists ? date.getTime() : undefined
}

/** Milliseconds since midnight; `HHMMSS.FFFFFF`, shortened from the right, or `HH:MM:SS` of old files. */
export function parseTime(text: string | undefined): number | undefined {
  const match = /^(\d{2}):?(?:(\d{2}):?(?:(\d{2})(?:\.(\d{1,6}))?)?)?$/.exec(text ?? "")
  if (!match) return undefined
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1, 4).map((part) => Number(part ?? 0))
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const fraction = Number((match[4] ?? "").padEnd(3, "0").slice(0, 3))
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction
}

/** Minutes east of UTC; `+HHMM` or `+HH:MM`, at most 14 hours. */
function offsetMinutes(text: string | undefined): number | undefined {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(text ?? "")
  if (!match) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return minutes > 14 * 60 ? undefined : minutes * (match[1] === "-" ? -1 : 1)
}
