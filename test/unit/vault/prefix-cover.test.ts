import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CodeSpace, prefixCover } from "../../../src/vault/prefix-cover.ts"

const BITS = 5
const CODES = 2 ** BITS

/** A tree of 32 leaves of which only some are used. */
function spaceOf(used: ReadonlySet<number>): CodeSpace {
  return {
    bits: BITS,
    next: (code) => {
      let at = code
      while (at < CODES && !used.has(at)) at++
      return at
    },
  }
}

/** Fewest subtrees that hold exactly the used codes of a range, by trying every subtree at every level. */
function fewest(
  used: ReadonlySet<number>,
  from: number,
  to: number,
  depth = 0,
  prefix = 0,
): number {
  const codes = Array.from({ length: 2 ** (BITS - depth) }, (_, i) => prefix + i).filter((code) =>
    used.has(code),
  )
  const wanted = codes.filter((code) => code >= from && code < to)
  if (wanted.length === 0) return 0
  if (wanted.length === codes.length) return 1
  const half = 2 ** (BITS - depth - 1)
  return (
    fewest(used, from, to, depth + 1, prefix) + fewest(used, from, to, depth + 1, prefix + half)
  )
}

describe("prefixCover", () => {
  it("holds exactly the used codes of any range, ascending, with as few subtrees as possible", () => {
    const codes = fc.integer({ min: 0, max: CODES })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: CODES - 1 })),
        codes,
        codes,
        (list, a, b) => {
          const used = new Set(list)
          const [from, to] = [Math.min(a, b), Math.max(a, b)]
          const nodes = prefixCover(spaceOf(used), from, to)
          const held = nodes.flatMap(({ depth, prefix }) =>
            Array.from({ length: 2 ** (BITS - depth) }, (_, i) => prefix + i),
          )
          expect(held.filter((code) => used.has(code))).toEqual(
            [...used].filter((code) => code >= from && code < to).toSorted((x, y) => x - y),
          )
          expect(nodes.length).toBe(fewest(used, from, to))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it("takes the deepest subtree where unused codes leave a choice", () => {
    expect(prefixCover(spaceOf(new Set([12])), 0, CODES)).toEqual([{ depth: 5, prefix: 12 }])
    expect(prefixCover(spaceOf(new Set([8, 9])), 0, CODES)).toEqual([{ depth: 4, prefix: 8 }])
  })

  it("finds nothing in an empty range", () => {
    expect(prefixCover(spaceOf(new Set([1, 2, 3])), 2, 2)).toEqual([])
  })
})
