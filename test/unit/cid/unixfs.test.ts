import { importer } from "ipfs-unixfs-importer"
import { fixedSize } from "ipfs-unixfs-importer/chunker"
import { balanced } from "ipfs-unixfs-importer/layout"
import type { CID } from "multiformats/cid"
import { beforeAll, describe, expect, it } from "vitest"
import { dagOfLeaves, fileSizeOf, leafCount } from "../../../src/cid/unixfs.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { patterned } from "../../conformance/segment-cipher.suite.ts"

const LEAF = 1 << 20
const base = patterned(LEAF, 42)

/** Leaf `index` of an endless value: leaves repeat after 16, so that a gigabyte costs 16 hashes. */
function leafAt(index: number, length = LEAF): Uint8Array {
  const leaf = base.slice(0, length)
  if (length > 0) leaf[0] = index % 16
  return leaf
}

async function* valueOf(size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index * LEAF < size; index++)
    yield leafAt(index, Math.min(LEAF, size - index * LEAF))
}

/** The same value's leaf hashes. */
function digestsOf(size: number): Uint8Array[] {
  const whole = Array.from({ length: 16 }, (_, i) => sha256(leafAt(i)))
  return Array.from({ length: leafCount(size) }, (_, index) => {
    const length = Math.min(LEAF, size - index * LEAF)
    return length === LEAF ? (whole[index % 16] as Uint8Array) : sha256(leafAt(index, length))
  })
}

/** Root and blocks by ipfs-unixfs-importer with the parameters of unixfs-v1-2025 (IPIP-499); leaves are not kept. */
async function imported(size: number): Promise<{ root: CID; nodes: Map<string, Uint8Array> }> {
  const nodes = new Map<string, Uint8Array>()
  const store = {
    put: async (cid: CID, bytes: Uint8Array) => {
      if (cid.code === 0x70) nodes.set(cid.toString(), Uint8Array.from(bytes))
      return cid
    },
  }
  const options = {
    cidVersion: 1 as const,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: LEAF }),
    layout: balanced({ maxChildrenPerNode: 1024 }),
  }
  let root: CID | undefined
  for await (const entry of importer([{ content: valueOf(size) }], store, options)) root = entry.cid
  if (!root) throw new Error("the importer made no root")
  return { root, nodes }
}

describe("dagOfLeaves", () => {
  const SIZES = [0, 1, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF, 10 * LEAF + 77, 1026 * LEAF + 5]

  it("has the root and every node of ipfs-unixfs-importer, below and above 1024 leaves", async () => {
    let [seen, nodes, deepest] = [0, 0, 0]
    for (const size of SIZES) {
      const theirs = await imported(size)
      const ours = dagOfLeaves(digestsOf(size), size)
      expect(ours.root.toString()).toBe(theirs.root.toString())
      const made = new Map(ours.nodes.map(({ cid, bytes }) => [cid.toString(), bytes]))
      expect([...made.keys()].toSorted()).toEqual([...theirs.nodes.keys()].toSorted())
      for (const [cid, bytes] of theirs.nodes)
        expect(Buffer.compare(made.get(cid) ?? new Uint8Array(), bytes)).toBe(0)
      seen++
      nodes += made.size
      deepest = Math.max(deepest, ours.nodes.length)
    }
    expect([seen, deepest]).toEqual([8, 3])
    expect(nodes).toBe(6)
  })

  it("is one raw leaf up to 1 MiB, and what it was when this was written", () => {
    // By ipfs-unixfs-importer 17.1.1; bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku is the empty file's well-known name.
    expect(dagOfLeaves([sha256(new Uint8Array())], 0).root.toString()).toBe(
      "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    )
    const { root, nodes } = dagOfLeaves(digestsOf(LEAF), LEAF)
    expect([root.code, nodes.length]).toEqual([0x55, 0])
  })

  it("tells the size of the file under its root", () => {
    const size = 1025 * LEAF + 3
    const { nodes } = dagOfLeaves(digestsOf(size), size)
    expect(fileSizeOf((nodes.at(-1) as (typeof nodes)[number]).bytes)).toBe(size)
    expect(fileSizeOf(new Uint8Array(5))).toBeUndefined()
  })

  it("refuses another number of leaves than the size has", () => {
    const broken = expect.objectContaining({ code: "integrity_failed" })
    const digests = digestsOf(3 * LEAF)
    expect(() => dagOfLeaves(digests, 3 * LEAF + 1)).toThrow(broken)
    expect(() => dagOfLeaves(digests, 2 * LEAF)).toThrow(broken)
    expect(() => dagOfLeaves([], 0)).toThrow(broken)
  })

  describe("of more than 1024² leaves", () => {
    const count = 1024 * 1024 + 1
    let digests: Uint8Array[]
    beforeAll(() => {
      const digest = sha256(leafAt(0))
      digests = Array<Uint8Array>(count).fill(digest)
    })

    it("has three levels of nodes, whose sizes add up", () => {
      const size = count * LEAF
      const { nodes } = dagOfLeaves(digests, size)
      expect(nodes.length).toBe(1025 + 2 + 1)
      expect(fileSizeOf((nodes.at(-1) as (typeof nodes)[number]).bytes)).toBe(size)
    })
  })
})
