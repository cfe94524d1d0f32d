import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { padmeLength } from "../../../src/crypto/padme.ts"

/** The paper's algorithm 1, in its own words: the low E − S bits become zero, rounded up. */
function paper(length: number): number {
  const l = BigInt(length)
  if (l < 2n) return length
  const floorLog2 = (n: bigint) => BigInt(n.toString(2).length - 1)
  const e = floorLog2(l)
  const s = e === 0n ? 0n : floorLog2(e) + 1n
  const mask = (1n << (e - s)) - 1n
  return Number((l + mask) & ~mask)
}

describe("padmeLength", () => {
  it.each([
    [0, 0],
    [1, 1],
    [2, 2],
    [8, 8],
    [9, 10],
    [100, 104],
    [1000, 1024],
    [1025, 1088],
    [1_048_521, 1_048_576],
    [1_000_000_000, 1_006_632_960],
  ])("pads %i to %i", (length, padded) => {
    expect(padmeLength(length)).toBe(padded)
  })

  it("is the paper's algorithm for every length to 100 000 and any other to 2^50", () => {
    const lengths = Array.from({ length: 100_001 }, (_, length) => length)
    expect(lengths.filter((length) => padmeLength(length) !== paper(length))).toEqual([])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (length) => {
        expect(padmeLength(length)).toBe(paper(length))
      }),
      { numRuns: 2000 },
    )
  })

  it("never shortens, costs at most 12 %, and leaves a padded length as it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (length) => {
        const padded = padmeLength(length)
        expect(padded).toBeGreaterThanOrEqual(length)
        expect(padded / length).toBeLessThan(1.12)
        expect(padmeLength(padded)).toBe(padded)
      }),
      { numRuns: 2000 },
    )
  })

  it("tells few lengths apart: 33 lengths between a gigabyte and two", () => {
    const seen = new Set<number>()
    for (let length = 2 ** 30; length < 2 ** 31; length += 2 ** 18) seen.add(padmeLength(length))
    expect(seen.size).toBe(33)
  })

  it("refuses what is no length", () => {
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => padmeLength(wrong)).toThrow("a length is a whole number")
    }
  })
})
