/**
 * Slots: ten-minute leaves of the calendar, as 29-bit codes (docs/FORMAT.md §1.3).
 *
 *     year − 1970 (12 bits) · month (4) · day (5) · hour (5) · ten-minute part (3), UTC, most significant first
 *
 * @module
 */
import { InvalidInputError } from "../base/errors.ts"

/** Bits of a slot code. */
export const SLOT_BITS = 29
/** One past the last code: the open end of a range. */
export const SLOT_END = 2 ** SLOT_BITS
const FIRST_YEAR = 1970
const LAST_YEAR = FIRST_YEAR + 4095
const TEN_MINUTES = 600_000

interface Fields {
  year: number
  month: number
  day: number
  hour: number
  part: number
}

/** From `from` (a slot, inclusive) to `to` (exclusive; `SLOT_END` is possible). */
export interface SlotRange {
  readonly from: number
  readonly to: number
}

/**
 * The slot of a time.
 * @param timeMs milliseconds since 1970-01-01 UTC; before it the first slot is given, and flagged
 * @throws {InvalidInputError} when the time is no whole number or lies after the year 6065
 */
export function slotOf(timeMs: number): { readonly slot: number; readonly before1970: boolean } {
  if (!Number.isSafeInteger(timeMs)) throw new InvalidInputError("a time is whole milliseconds")
  if (timeMs < 0) return { slot: slotOf(0).slot, before1970: true }
  const date = new Date(timeMs)
  const year = date.getUTCFullYear()
  if (Number.isNaN(year) || year > LAST_YEAR) {
    throw new InvalidInputError(`times after the year ${LAST_YEAR} have no slot`)
  }
  const fields = {
    year: year - FIRST_YEAR,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    part: Math.floor(date.getUTCMinutes() / 10),
  }
  return { slot: pack(fields), before1970: false }
}

/**
 * The time (ms since 1970) at which a slot begins.
 * @throws {InvalidInputError} when the code names no date that exists
 */
export function slotStart(slot: number): number {
  requireSlot(slot)
  const { year, month, day, hour, part } = unpack(slot)
  return (
    new Date(0).setUTCFullYear(year + FIRST_YEAR, month - 1, day) +
    hour * 3_600_000 +
    part * TEN_MINUTES
  )
}

/** Whether a code names a ten-minute slot of a date that exists. */
export function isSlot(code: number): boolean {
  return Number.isInteger(code) && code >= 0 && code < SLOT_END && nextSlot(code) === code
}

/**
 * The same code, when it names a slot.
 * @throws {InvalidInputError} when it does not
 */
export function requireSlot(code: number): number {
  if (!isSlot(code)) throw new InvalidInputError("the number names no slot of the calendar")
  return code
}

/** The first slot at or after a code in 0 … 2^29; `SLOT_END` when there is none. */
export function nextSlot(code: number): number {
  if (code >= SLOT_END) return SLOT_END
  let { year, month, day, hour, part } = unpack(code)
  const restart = (level: "month" | "day" | "hour") => {
    if (level === "month") month = 1
    if (level !== "hour") day = 1
    hour = 0
    part = 0
  }
  if (month === 0) restart("month")
  else if (day === 0 && month <= 12) restart("day")
  if (part > 5) {
    hour += 1
    part = 0
  }
  if (hour > 23) {
    day += 1
    restart("hour")
  }
  if (month <= 12 && day > daysIn(year, month)) {
    month += 1
    restart("day")
  }
  if (month > 12) {
    year += 1
    restart("month")
  }
  return year > 4095 ? SLOT_END : pack({ year, month, day, hour, part })
}

/**
 * The range that a text names: a year, month or day, or `FIRST..LAST` with both ends wholly inside, as a FHIR Period and a DICOM date range
 * count them.
 *
 *     "2026" · "2026-07" · "2026-07-03" · "2026-07-03..2026-08-01" (1 August included)
 *
 * @throws {InvalidInputError} when it is none of these, a date does not exist, or it ends before it begins
 */
export function rangeOf(text: string): SlotRange {
  const [first, last = first, ...more] = text.split("..")
  if (first === undefined || last === undefined || more.length > 0) throw notARange()
  const range = { from: periodOf(first).from, to: periodOf(last).to }
  if (range.from >= range.to) throw new InvalidInputError("the range ends before it begins")
  return range
}

function periodOf(text: string): SlotRange {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text)
  if (!match) throw notARange()
  const [year = 0, month, day] = match.slice(1).map((part) => (part ? Number(part) : undefined))
  if (year < FIRST_YEAR || year > LAST_YEAR) throw notARange()
  const from = pack({ year: year - FIRST_YEAR, month: month ?? 1, day: day ?? 1, hour: 0, part: 0 })
  if (!isSlot(from)) throw new InvalidInputError(`there is no date ${text}`)
  return { from, to: nextSlot(from + 2 ** unusedBits(month, day)) }
}

function unusedBits(month: number | undefined, day: number | undefined): number {
  if (month === undefined) return 17
  return day === undefined ? 13 : 8
}

function notARange(): InvalidInputError {
  return new InvalidInputError(
    `a range is a year, month or day from 1970 to ${LAST_YEAR}, such as 2026, 2026-07, 2026-07-03 or 2026-07-03..2026-08-01`,
  )
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year + FIRST_YEAR, month, 0)).getUTCDate()
}

function pack({ year, month, day, hour, part }: Fields): number {
  return year * 2 ** 17 + month * 2 ** 13 + day * 2 ** 8 + hour * 2 ** 3 + part
}

function unpack(code: number): Fields {
  return {
    year: Math.floor(code / 2 ** 17),
    month: (code >> 13) & 15,
    day: (code >> 8) & 31,
    hour: (code >> 3) & 31,
    part: code & 7,
  }
}
