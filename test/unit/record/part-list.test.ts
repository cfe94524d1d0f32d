import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { collect, hex, once } from "../../../src/base/bytes.ts"
import { IntegrityError } from "../../../src/base/errors.ts"
import type { ManifestPart } from "../../../src/record/manifest.ts"
import { joinParts, type PartSource, totalLength } from "../../../src/record/part-list.ts"

const instance = (content: Uint8Array, pieces = 1): PartSource => ({
  role: "instance",
  type: "application/dicom",
  length: content.length,
  open: () => lent(content, pieces),
})

/** Content in pieces of one array that is overwritten once the next piece is asked for. */
async function* lent(content: Uint8Array, pieces: number): AsyncGenerator<Uint8Array> {
  const size = Math.ceil(content.length / pieces)
  const memory = new Uint8Array(size)
  for (let at = 0; at < content.length; at += size) {
    const piece = content.subarray(at, at + size)
    memory.set(piece)
    yield memory.subarray(0, piece.length)
    memory.fill(0xee)
  }
}

const contentOf = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * seed + (i >> 8)) & 0xff)

describe("joinParts", () => {
  it("names parts in their order by the hash of their bytes, however those come", async () => {
    const contents = [1, 100_000, 3, 0, 1 << 20, 70_000, 5, 9].map((n, i) => contentOf(n, 31 + i))
    const parts = contents.map((content, i) => instance(content, (i % 3) + 1))
    const named: ManifestPart[] = []
    const joined: Uint8Array[] = []
    for await (const piece of joinParts(parts, 2, (part) => named.push(part)))
      joined.push(piece.slice())
    expect(Buffer.compare(Buffer.concat(joined), Buffer.concat(contents))).toBe(0)
    let offset = 0
    for (const [i, content] of contents.entries()) {
      const { sha256, ...rest } = named[i] as ManifestPart
      expect(rest).toMatchObject({ blob: 2, offset, length: content.length })
      expect(hex(sha256)).toBe(createHash("sha256").update(content).digest("hex"))
      offset += content.length
    }
    expect(named).toHaveLength(contents.length)
  })

  it("closes what it has begun to read when it is left early, and reads one part ahead at most", async () => {
    const under = { begun: 0, closed: 0 }
    const open = async function* () {
      under.begun += 1
      try {
        yield Uint8Array.of(1)
        yield Uint8Array.of(2)
      } finally {
        under.closed += 1
      }
    }
    const parts = Array.from({ length: 5 }, () => ({ ...instance(Uint8Array.of(1, 2)), open }))
    for await (const _ of joinParts(parts, 0, () => undefined)) break
    expect(under).toEqual({ begun: 2, closed: 2 })
  })

  it("refuses a part of another length, and passes on why one can't be read", async () => {
    const read = (...parts: PartSource[]) =>
      collect(
        joinParts(parts, 0, () => undefined),
        totalLength(parts),
      )
    const short = { ...instance(Uint8Array.of(1)), length: 2 }
    const long = { ...instance(Uint8Array.of(1, 2, 3)), length: 2 }
    await expect(read(short)).rejects.toThrow(IntegrityError)
    await expect(read(long)).rejects.toThrow(IntegrityError)
    const broken = { ...instance(Uint8Array.of(1)), open: () => failing() }
    await expect(read({ ...broken, open: () => once(Uint8Array.of(1)) }, broken)).rejects.toThrow(
      "the disk is gone",
    )
  })
})

async function* failing(): AsyncGenerator<Uint8Array> {
  yield* []
  throw new Error("the disk is gone")
}
