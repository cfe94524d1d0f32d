/** Dates as people type them. @module */
import { InvalidInputError } from "../base/errors.ts"

const DAY_MS = 86_400_000

/**
 * The end of a period of validity in milliseconds since 1970: a day counts whole (UTC), `never` is 0.
 * @throws {InvalidInputError} when the text is no date, or it has passed
 */
export function parseUntil(text: string, nowMs: number): number {
  if (text === "never") return 0
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text)
  const parsed = Date.parse(text)
  const isReal = isDay && new Date(parsed || 0).toISOString().startsWith(text)
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text)
  if (Number.isNaN(parsed) || !(isReal || isTime)) {
    throw new InvalidInputError(
      `"${text}" is no date: write 2026-12-31, 2026-12-31T18:00Z, or never`,
    )
  }
  const until = isDay ? parsed + DAY_MS : parsed
  if (until <= nowMs) throw new InvalidInputError(`${text} has passed already`)
  return until
}
