/**
 * Calendar trees: vectors of docs/FORMAT.md §1.3.
 *
 * @module
 */
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { hkdfExpand } from "../../../src/crypto/hkdf.ts"
import { hmacSha256 } from "../../../src/crypto/sha256.ts"
import { secretOf } from "../../../test/unit/vault/samples.ts"
import { type Case, refusalsOf, type VectorFile } from "../case.ts"
import { ctx } from "../sealed.ts"

const root = secretOf("tree")
const BITS = 29

/** year · month · day · hour · part, in bits 12, 4, 5, 5, 3. */
const leaf = (year: number, month: number, day: number, hour = 0, part = 0) =>
  ((((year - 1970) * 16 + month) * 32 + day) * 32 + hour) * 8 + part

/** Key of the node above a leaf. */
function keyAt(prefix: number, depth: number): Uint8Array {
  let key = root
  for (let i = 0; i < depth; i++)
    key = hmacSha256(key, Uint8Array.of((prefix >> (BITS - 1 - i)) & 1))
  return key
}

function nodeAt(depth: number, prefix: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(5))
  head.setUint8(0, depth)
  head.setUint32(1, prefix)
  return concat(new Uint8Array(head.buffer), keyAt(prefix, depth))
}

/** Texts of ranges, and the nodes that cover them: depth and first leaf. */
const COVERS: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
  ["2026", [[12, leaf(2026, 0, 0)]]],
  ["2026-07", [[16, leaf(2026, 7, 0)]]],
  ["2026-12", [[16, leaf(2026, 12, 0)]]],
  ["2026-07-03", [[21, leaf(2026, 7, 3)]]],
  ["2026-07-31", [[21, leaf(2026, 7, 31)]]],
  ["1970..1971", [[11, 0]]],
  [
    "2026-02..2026-04",
    [
      [15, leaf(2026, 2, 0)],
      [16, leaf(2026, 4, 0)],
    ],
  ],
  [
    "2026-07-31..2026-08-01",
    [
      [21, leaf(2026, 7, 31)],
      [21, leaf(2026, 8, 1)],
    ],
  ],
]

function slotCases(): Case[] {
  const of = (name: string, time: number, slot: number, before1970 = false): Case => ({
    name,
    read: "slot",
    with: { time },
    reads: { slot, before1970 },
  })
  return [
    of("the first moment", 0, leaf(1970, 1, 1)),
    of("before 1970", -1, leaf(1970, 1, 1), true),
    of("the last of ten minutes", Date.UTC(2026, 6, 3, 14, 29, 59, 999), leaf(2026, 7, 3, 14, 2)),
    of("29 February", Date.UTC(2028, 1, 29, 23, 59), leaf(2028, 2, 29, 23, 5)),
    of("the last slot", Date.UTC(6065, 11, 31, 23, 59), leaf(6065, 12, 31, 23, 5)),
    {
      name: "after 6065",
      read: "slot",
      with: { time: Date.UTC(6066, 0, 1) },
      error: "InvalidInputError",
    },
    { name: "half a millisecond", read: "slot", with: { time: 0.5 }, error: "InvalidInputError" },
  ]
}

function keyCases(): Case[] {
  const slot = leaf(2026, 7, 3, 14, 2)
  const context = ctx(2)
  const keyOf = (purpose: string) =>
    hkdfExpand(keyAt(slot, BITS), encodeDagCbor([`medlake/v1/${purpose}-slot`, context]), 32)
  const day = nodeAt(21, leaf(2026, 7, 3))
  const from = (name: string, given: object, purpose: string): Case => ({
    name,
    read: "slot key",
    with: { slot, purpose, ctx: context, ...given },
    reads: keyOf(purpose),
  })
  const refused = (name: string, given: object, error: Case["error"] & string): Case => ({
    name,
    read: "slot key",
    with: { slot, purpose: "read", ctx: context, nodes: [day], ...given },
    error,
  })
  return [
    from("list, from the root", { root }, "list"),
    from("read, from the root", { root }, "read"),
    from("read, from a day", { nodes: [day] }, "read"),
    from(
      "read, from the second of two nodes",
      { nodes: [nodeAt(21, leaf(2026, 7, 2)), day] },
      "read",
    ),
    from("read, from the leaf itself", { nodes: [nodeAt(BITS, slot)] }, "read"),
    refused("the day after", { slot: leaf(2026, 7, 4) }, "AccessDeniedError"),
    refused("the day before", { slot: leaf(2026, 7, 2, 23, 5) }, "AccessDeniedError"),
    refused("no node", { nodes: [] }, "AccessDeniedError"),
    refused("month 0", { slot: leaf(2026, 0, 3) }, "InvalidInputError"),
    refused("31 June", { slot: leaf(2026, 6, 31) }, "InvalidInputError"),
    refused("hour 24", { slot: leaf(2026, 7, 3, 24) }, "InvalidInputError"),
    refused("part 6", { slot: leaf(2026, 7, 3, 14, 6) }, "InvalidInputError"),
  ]
}

function nodeCases(): Case[] {
  const read = "node"
  const accepted = (name: string, depth: number, prefix: number): Case => ({
    name,
    read,
    bytes: nodeAt(depth, prefix),
    reads: { depth, prefix, key: keyAt(prefix, depth) },
  })
  const year = nodeAt(12, leaf(2026, 0, 0))
  const changed = (at: number, value: number) => Uint8Array.from(year.with(at, value))
  const refused = refusalsOf(read)
  return [
    accepted("the root", 0, 0),
    accepted("a year", 12, leaf(2026, 0, 0)),
    accepted("a slot", BITS, leaf(2026, 7, 3, 14, 2)),
    refused("depth 30", changed(0, 30)),
    refused("a prefix with low bits", changed(4, 1)),
    refused("a prefix of its depth's parent", changed(0, 8)),
    refused("a prefix beyond 2^29", changed(1, 0x20)),
    refused("36 bytes", year.slice(0, 36)),
    refused("38 bytes", concat(year, Uint8Array.of(0))),
  ]
}

function coverCases(): Case[] {
  const covers = COVERS.map(
    ([text, nodes]): Case => ({
      name: text,
      read: "cover",
      with: { root, range: text },
      reads: nodes.map(([depth, prefix]) => nodeAt(depth, prefix)),
    }),
  )
  const refused = ["2026-13", "2026-02-29", "1969", "6066", "2026-08..2026-07", "2026-7", ""].map(
    (range): Case => ({
      name: `no range: "${range}"`,
      read: "cover",
      with: { root, range },
      error: "InvalidInputError",
    }),
  )
  return [...covers, ...refused]
}

/** calendar. */
export function calendarFiles(): VectorFile[] {
  const cases = [...slotCases(), ...nodeCases(), ...keyCases(), ...coverCases()]
  return [{ file: "calendar", section: "1.3", with: {}, cases }]
}
