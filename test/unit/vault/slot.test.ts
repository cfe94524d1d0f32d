import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { InvalidInputError } from "../../../src/base/errors.ts"
import { isSlot, nextSlot, rangeOf, SLOT_END, slotOf, slotStart } from "../../../src/vault/slot.ts"

const TEN_MINUTES = 600_000
const LAST_SLOT_START = Date.UTC(6065, 11, 31, 23, 50)

/** A code of the year 2026 with any fields. */
const code = (month: number, day: number, hour: number, part: number) =>
  56 * 2 ** 17 + month * 2 ** 13 + day * 2 ** 8 + hour * 8 + part
const slot = (...date: [number, number, number]) => slotOf(Date.UTC(...date)).slot

describe("slotOf", () => {
  it("packs year, month, day, hour and ten-minute part in UTC", () => {
    const { slot: found, before1970 } = slotOf(Date.UTC(2026, 6, 3, 14, 29, 59, 999))
    expect(found).toBe((56 << 17) | (7 << 13) | (3 << 8) | (14 << 3) | 2)
    expect(before1970).toBe(false)
  })

  it("gives the first slot, flagged, for a time before 1970", () => {
    expect(slotOf(-1)).toEqual({ slot: (1 << 13) | (1 << 8), before1970: true })
    expect(slotOf(0)).toEqual({ slot: (1 << 13) | (1 << 8), before1970: false })
  })

  it("is the inverse of slotStart at every ten minutes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST_SLOT_START / TEN_MINUTES }), (n) => {
        expect(slotStart(slotOf(n * TEN_MINUTES).slot)).toBe(n * TEN_MINUTES)
      }),
    )
  })

  it.each([Number.NaN, 0.5, Number.POSITIVE_INFINITY, Date.UTC(6066, 0, 1), 8.64e15 + 1])(
    "refuses the time %d",
    (time) => {
      expect(() => slotOf(time)).toThrow(InvalidInputError)
    },
  )
})

describe("slotStart", () => {
  it.each([
    ["month 0", code(0, 1, 0, 0)],
    ["month 13", code(13, 1, 0, 0)],
    ["day 0", code(1, 0, 0, 0)],
    ["30 February", code(2, 30, 0, 0)],
    ["29 February of a common year", code(2, 29, 0, 0)],
    ["31 April", code(4, 31, 0, 0)],
    ["hour 24", code(1, 1, 24, 0)],
    ["ten-minute part 6", code(1, 1, 0, 6)],
    ["a code of 30 bits", SLOT_END],
    ["a negative code", -1],
    ["half a code", 8448.5],
  ])("refuses %s", (_name, given) => {
    expect(() => slotStart(given)).toThrow(InvalidInputError)
  })

  it("takes 29 February of a leap year", () => {
    expect(slotStart(slotOf(Date.UTC(2028, 1, 29)).slot)).toBe(Date.UTC(2028, 1, 29))
  })
})

describe("nextSlot", () => {
  it("finds the first date at or after any code", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: SLOT_END - 1 }),
        fc.integer({ min: 0, max: 600 }),
        (start, step) => {
          const next = nextSlot(start)
          expect(next).toBeGreaterThanOrEqual(start)
          expect(next === SLOT_END || isSlot(next)).toBe(true)
          const between = Math.min(start + step, next - 1)
          expect(between >= start && isSlot(between)).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  it("counts every slot of a leap year and of a common year", () => {
    for (const [year, days] of [
      [2028, 366],
      [2100, 365],
    ] as const) {
      let count = 0
      const end = slotOf(Date.UTC(year + 1, 0, 1)).slot
      for (let at = slotOf(Date.UTC(year, 0, 1)).slot; at < end; at = nextSlot(at + 1)) count++
      expect(count).toBe(days * 144)
    }
  })
})

describe("rangeOf", () => {
  it.each([
    ["2026", slot(2026, 0, 1), slot(2027, 0, 1)],
    ["2026-12", slot(2026, 11, 1), slot(2027, 0, 1)],
    ["2028-02-29", slot(2028, 1, 29), slot(2028, 2, 1)],
    ["2026-07-03..2026-08-01", slot(2026, 6, 3), slot(2026, 7, 2)],
    ["2025..2026", slot(2025, 0, 1), slot(2027, 0, 1)],
    ["6065", slot(6065, 0, 1), SLOT_END],
  ])("reads %s with its last day included", (text, from, to) => {
    expect(rangeOf(text)).toEqual({ from, to })
  })

  it.each([
    "",
    "..",
    "2026..",
    "..2026",
    "2026-7",
    "2026-13",
    "2026-02-29",
    "2026-00-01",
    "1969",
    "6066",
    "2026-08..2026-07",
    "2026..2027..2028",
    "2026-07-03T00:00",
    "２０２６",
  ])("refuses %j", (text) => {
    expect(() => rangeOf(text)).toThrow(InvalidInputError)
  })
})
