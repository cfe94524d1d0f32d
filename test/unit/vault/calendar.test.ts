import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { hex } from "../../../src/base/bytes.ts"
import { AccessDeniedError, InvalidInputError } from "../../../src/base/errors.ts"
import {
  cover,
  coverNodes,
  deriveNode,
  encodeNode,
  encodeNodes,
  findNode,
  parseNode,
  parseNodes,
  rangeOf,
  SLOT_END,
  slotKey,
  slotOf,
  type TreeNode,
} from "../../../src/vault/calendar.ts"
import { contextOf } from "../../../src/vault/context.ts"
import { isSlot, nextSlot } from "../../../src/vault/slot.ts"
import { EPOCH, epochKeys, secretOf, vaultId } from "./samples.ts"

const context = contextOf(vaultId, EPOCH)
const { listRoot, readRoot } = epochKeys

/** Any slot of the years that data come from but the first, by its time. */
const slots = fc
  .integer({ min: 600_000, max: Date.UTC(2200, 0, 1) })
  .map((time) => slotOf(time).slot)
/** A range that is not empty. */
const ranges = fc
  .tuple(slots, slots)
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }))

/** The last slot before a code. */
function slotBefore(code: number): number {
  let at = code - 1
  while (!isSlot(at)) at--
  return at
}

/** The read key of a slot in text, or the name of the refusal. */
function keyFrom(tree: Uint8Array | readonly TreeNode[], slot: number): string {
  try {
    return hex(slotKey(tree, slot, "read", context))
  } catch (error) {
    return (error as Error).name
  }
}

const isHeld = (nodes: readonly TreeNode[], slot: number) => findNode(nodes, slot) !== undefined

describe("coverNodes", () => {
  it("holds every slot of its range and none outside", () => {
    fc.assert(
      fc.property(ranges, slots, (range, slot) => {
        const nodes = coverNodes(listRoot, range)
        expect(isHeld(nodes, slot)).toBe(slot >= range.from && slot < range.to)
        expect(isHeld(nodes, range.from)).toBe(true)
        expect(isHeld(nodes, range.to - 1)).toBe(true)
        expect(isHeld(nodes, nextSlot(range.to))).toBe(false)
        expect(isHeld(nodes, slotBefore(range.from))).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it("gives the keys that the root gives, and no other opens", () => {
    fc.assert(
      fc.property(ranges, slots, (range, slot) => {
        const nodes = coverNodes(readRoot, range)
        const isInside = slot >= range.from && slot < range.to
        const expected = isInside ? keyFrom(readRoot, slot) : "AccessDeniedError"
        expect(keyFrom(nodes, slot)).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })

  it("is ascending and without overlap, as its encoding requires", () => {
    fc.assert(
      fc.property(ranges, (range) => {
        const nodes = coverNodes(readRoot, range)
        expect(parseNodes(encodeNodes(nodes))).toEqual(nodes)
      }),
      { numRuns: 100 },
    )
  })

  it.each(["2026", "2026-12", "2026-02", "2026-07-03"])("names %s by one node", (text) => {
    expect(coverNodes(listRoot, rangeOf(text))).toHaveLength(1)
  })

  it("needs few nodes for any range: at most a node a side of each level", () => {
    fc.assert(
      fc.property(ranges, ({ from, to }) => {
        expect(cover(from, to).length).toBeLessThanOrEqual(2 * 29)
      }),
    )
  })

  it("gives nothing that leads past its end, not even by derivation", () => {
    const until = slotOf(Date.UTC(2026, 6, 15)).slot
    const nodes = coverNodes(readRoot, { from: rangeOf("2026-07").from, to: until })
    for (const node of nodes) {
      expect(() => deriveNode(node, { depth: 29, prefix: until })).toThrow(AccessDeniedError)
      expect(() => deriveNode(node, { depth: node.depth - 1, prefix: 0 })).toThrow(
        AccessDeniedError,
      )
    }
    expect(() => slotKey(nodes, until, "read", context)).toThrow(AccessDeniedError)
    expect(slotKey(nodes, slotBefore(until), "read", context)).toHaveLength(32)
  })

  it.each([
    [-1, 5],
    [0, SLOT_END + 1],
    [0.5, 8],
    [9, 8],
  ])("refuses the range %d to %d", (from, to) => {
    expect(() => cover(from, to)).toThrow(InvalidInputError)
  })
})

describe("slotKey", () => {
  const { slot } = slotOf(Date.UTC(2026, 6, 3))

  it("differs by tree, purpose, vault and epoch: a list node opens nothing that is read", () => {
    const listNodes = coverNodes(listRoot, rangeOf("2026-07"))
    const keys = [
      slotKey(readRoot, slot, "read", context),
      slotKey(listNodes, slot, "list", context),
      slotKey(listNodes, slot, "read", context),
      slotKey(readRoot, slot, "list", context),
      slotKey(readRoot, slot, "read", contextOf(vaultId, EPOCH + 1)),
      slotKey(readRoot, slot, "read", contextOf({ ...vaultId, vault: vaultId.register }, EPOCH)),
      slotKey(readRoot, nextSlot(slot + 1), "read", context),
    ]
    expect(new Set(keys.map(String)).size).toBe(keys.length)
  })

  it("is no node of the tree: what opens a box derives nothing", () => {
    const leaf = deriveNode(readRoot, { depth: 29, prefix: slot })
    expect(slotKey(readRoot, slot, "read", context)).not.toEqual(leaf.key)
  })

  it("takes a node by its place, not by its key alone", () => {
    const keysAt = (bytes: () => Uint8Array) =>
      [0, 12, 16, 21, 25, 29].map((depth) => {
        const prefix = slot - (slot % 2 ** (29 - depth))
        return hex(slotKey([{ depth, prefix, key: bytes() }], slot, "read", context))
      })
    const one = secretOf("one key")
    const shared = keysAt(() => one)
    expect(new Set(shared).size).toBe(6)
    expect(shared).toEqual(keysAt(() => one.slice()))
  })

  it("refuses a code that names no slot", () => {
    expect(() => slotKey(readRoot, slot | 7, "read", context)).toThrow(InvalidInputError)
  })
})

describe("parseNodes", () => {
  const july = coverNodes(listRoot, rangeOf("2026-07"))[0] as TreeNode
  const day = deriveNode(july, { depth: 21, prefix: july.prefix + 256 * 3 })
  const august = coverNodes(listRoot, rangeOf("2026-08"))[0] as TreeNode

  it("takes what encodeNodes gives", () => {
    expect(parseNodes(encodeNodes([july, august]))).toEqual([july, august])
    expect(parseNode(encodeNode(day))).toEqual(day)
  })

  it.each([
    ["falling", [august, july]],
    ["twice the same", [july, july]],
    ["one inside the other", [july, day]],
  ])("refuses nodes that are %s, and so does who writes them", (_what, nodes) => {
    expect(() => parseNodes(nodes.map(encodeNode))).toThrow(InvalidInputError)
    expect(() => encodeNodes(nodes)).toThrow(InvalidInputError)
  })

  it("refuses to encode a node that is none", () => {
    expect(() => encodeNode({ ...july, prefix: july.prefix + 1 })).toThrow(InvalidInputError)
    expect(() => encodeNode({ ...july, key: secretOf("x").slice(1) })).toThrow(InvalidInputError)
  })
})
