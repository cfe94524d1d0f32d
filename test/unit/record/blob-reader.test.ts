import fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import { collect, concat } from "../../../src/base/bytes.ts"
import { padmeLength } from "../../../src/crypto/padme.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import {
  encodeHeader,
  FIRST_PLAINTEXT,
  NEXT_PLAINTEXT,
  segmentCount,
  streamKey,
} from "../../../src/crypto/stream.ts"
import { BlobReader, checkedPart } from "../../../src/record/blob-reader.ts"
import { blobAad, dekCommitment } from "../../../src/record/blob-writer.ts"
import type { ManifestBlob } from "../../../src/record/manifest.ts"
import { patterned } from "../../conformance/segment-cipher.suite.ts"
import {
  cipher,
  contentOf,
  fetchFrom,
  SECRETS,
  type SealedBlob,
  sealWhole,
} from "../../support/sealed-blob.ts"

const LEAF = 1 << 20
const LENGTH = 5 * LEAF + 4321
const content = patterned(LENGTH)
const broken = expect.objectContaining({ code: "integrity_failed" })
let sealed: SealedBlob

beforeAll(async () => {
  sealed = await sealWhole(contentOf(content))
})

const readerOf = (bytes: Uint8Array, blob: ManifestBlob = sealed.blob, pieceLength?: number) =>
  new BlobReader(blob, fetchFrom(bytes, pieceLength), cipher)
const readAll = (reader: BlobReader) => collect(reader.read(0, LENGTH))

/** Leaf hashes as the lake's bytes have them: a store or writer that lies consistently. */
function blobOver(bytes: Uint8Array, changes: Partial<ManifestBlob> = {}): ManifestBlob {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += LEAF) leaves.push(sha256(bytes.subarray(at, at + LEAF)))
  return { ...sealed.blob, leaves: concat(...leaves), size: bytes.length, ...changes }
}

const leaf = (bytes: Uint8Array, i: number) => bytes.subarray(i * LEAF, (i + 1) * LEAF)

describe("read", () => {
  it("reads any range and fetches only the segments that it needs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: LENGTH }),
        fc.integer({ min: 0, max: LENGTH }),
        async (offset, length) => {
          const asked: [number, number][] = []
          const reader = new BlobReader(sealed.blob, fetchFrom(sealed.bytes, LEAF, asked), cipher)
          const read = await collect(reader.read(offset, length))
          expect(Buffer.compare(read, content.subarray(offset, offset + length))).toBe(0)
          // The first leaf for its header, then whole leaves that overlap the range.
          const needed = Math.min(offset + length, LENGTH)
          const from = Math.floor((offset + 56) / LEAF) - 1
          const to = Math.ceil((needed + 56 + 16 * 6) / LEAF) + 1
          for (const [start, end] of asked.slice(1)) {
            expect(start).toBeGreaterThanOrEqual(from * LEAF)
            expect(end).toBeLessThanOrEqual(to * LEAF)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it.each([
    ["the first byte", 0, 1, [[0, LEAF]]],
    ["the last byte of the first segment", FIRST_PLAINTEXT - 1, 1, [[0, LEAF]]],
    ["the first byte of the second segment", FIRST_PLAINTEXT, 1, [[LEAF, 2 * LEAF]]],
    ["bytes on both sides of a seam", FIRST_PLAINTEXT - 1, 2, [[0, 2 * LEAF]]],
    [
      "a whole middle segment",
      FIRST_PLAINTEXT + NEXT_PLAINTEXT,
      NEXT_PLAINTEXT,
      [[2 * LEAF, 3 * LEAF]],
    ],
  ])("fetches for %s its leaves and no other", async (_, offset, length, ranges) => {
    const asked: [number, number][] = []
    const reader = new BlobReader(sealed.blob, fetchFrom(sealed.bytes, LEAF, asked), cipher)
    const read = await collect(reader.read(offset, length))
    expect(Buffer.compare(read, content.subarray(offset, offset + length))).toBe(0)
    expect(asked).toEqual([[0, LEAF], ...ranges])
    asked.length = 0
    await collect(reader.read(offset, length))
    expect(asked).toEqual(ranges)
  })

  it.each([1000, 700_001, LEAF / 2, LEAF, LEAF + 1, 3 * LEAF, 100 * LEAF])(
    "reads from a store that answers in pieces of %i bytes",
    async (pieceLength) => {
      const read = await readAll(readerOf(sealed.bytes, sealed.blob, pieceLength))
      expect(Buffer.compare(read, content)).toBe(0)
    },
  )

  it("reads from a store whose pieces are as long as a leaf but begin in the middle of one", async () => {
    const fetch = async function* (start: number, end: number) {
      yield Uint8Array.from(sealed.bytes.subarray(start, start + LEAF / 2))
      for (let at = start + LEAF / 2; at < end; at += LEAF)
        yield Uint8Array.from(sealed.bytes.subarray(at, Math.min(end, at + LEAF)))
    }
    const read = await readAll(new BlobReader(sealed.blob, fetch, cipher))
    expect(Buffer.compare(read, content)).toBe(0)
  })

  it("never yields padding, and nothing beyond the end", async () => {
    const reader = readerOf(sealed.bytes)
    expect((await collect(reader.read(LENGTH - 1, 1000))).length).toBe(1)
    expect((await collect(reader.read(LENGTH, 1000))).length).toBe(0)
    expect((await collect(reader.read(LENGTH + LEAF, 1))).length).toBe(0)
    expect((await collect(reader.read(5, 0))).length).toBe(0)
  })

  it("reads an empty blob as nothing", async () => {
    const empty = await sealWhole(contentOf(new Uint8Array()))
    expect(empty.bytes.length).toBe(56)
    const reader = new BlobReader(empty.blob, fetchFrom(empty.bytes), cipher)
    expect((await collect(reader.read(0, 1))).length).toBe(0)
  })

  it("opens many times what one fetch brings", async () => {
    const many = patterned(40 * LEAF)
    const large = await sealWhole(contentOf(many))
    const asked: [number, number][] = []
    const reader = new BlobReader(large.blob, fetchFrom(large.bytes, LEAF, asked), cipher)
    let [read, same] = [0, true]
    for await (const piece of reader.read(0, many.length)) {
      same &&= Buffer.compare(piece, many.subarray(read, read + piece.length)) === 0
      read += piece.length
    }
    expect([read, same]).toEqual([many.length, true])
    expect(asked.every(([start, end]) => end - start <= 16 * LEAF)).toBe(true)
    expect(asked).toHaveLength(4)
  })
})

describe("a blob that is not the one named", () => {
  it("is refused for a flipped bit in any leaf, before anything of that leaf is yielded", async () => {
    for (let i = 0; i < 6; i++) {
      const bytes = sealed.bytes.slice()
      bytes[i * LEAF + 100] = (bytes[i * LEAF + 100] as number) ^ 1
      let read = 0
      const reading = async () => {
        for await (const piece of readerOf(bytes).read(0, LENGTH)) read += piece.length
      }
      await expect(reading()).rejects.toThrow(broken)
      expect(read).toBe(i === 0 ? 0 : FIRST_PLAINTEXT + (i - 1) * NEXT_PLAINTEXT)
    }
  })

  it("is refused when leaves are swapped, and when their hashes are swapped with them", async () => {
    const { bytes } = sealed
    const swapped = concat(leaf(bytes, 0), leaf(bytes, 2), leaf(bytes, 1), bytes.subarray(3 * LEAF))
    await expect(readAll(readerOf(swapped))).rejects.toThrow(/leaf 1/)
    await expect(readAll(readerOf(swapped, blobOver(swapped)))).rejects.toThrow(/segment 1/)
  })

  it("is refused when it is cut off by the store: fewer bytes, or none", async () => {
    for (const length of [0, LEAF, 3 * LEAF, sealed.bytes.length - 1])
      await expect(readAll(readerOf(sealed.bytes.subarray(0, length)))).rejects.toThrow(broken)
  })

  it("is refused when its manifest calls a middle segment the last", async () => {
    const bytes = sealed.bytes.subarray(0, 3 * LEAF)
    const length = 47 << 16
    expect(segmentCount(padmeLength(length))).toBe(3)
    const reader = readerOf(bytes, blobOver(bytes, { length }))
    await expect(collect(reader.read(0, length))).rejects.toThrow(/segment 2/)
  })

  it("is refused when a segment follows the last one", async () => {
    const header = { salt: SECRETS.salt, prefix: SECRETS.prefix }
    const stream = streamKey(SECRETS.dek, blobAad("bundle", SECRETS.id), header)
    const seal = (index: number, first: Uint8Array, length: number) =>
      cipher.seal({ stream, index, last: true, header: first, plaintext: [patterned(length)] })
    const segments = [
      await seal(0, encodeHeader(header), FIRST_PLAINTEXT),
      await seal(1, new Uint8Array(), 1000),
    ]
    const bytes = concat(...segments.map(({ leaf: sealedLeaf }) => sealedLeaf))
    const length = 3 << 19
    expect(segmentCount(padmeLength(length))).toBe(2)
    const reader = readerOf(bytes, blobOver(bytes, { length }))
    await expect(collect(reader.read(0, 10))).rejects.toThrow(/segment 0/)
  })

  it("is refused under another DEK, kind or id", async () => {
    const dek = new Uint8Array(32).fill(9)
    const others: Partial<ManifestBlob>[] = [
      { dek, commit: dekCommitment(dek) },
      { kind: "derived" },
      { id: new Uint8Array(16).fill(9) },
    ]
    for (const other of others)
      await expect(readAll(readerOf(sealed.bytes, { ...sealed.blob, ...other }))).rejects.toThrow(
        /segment 0/,
      )
  })

  it("is refused when its segments are those of another blob under the same DEK", async () => {
    const other = await sealWhole(contentOf(content), {
      ...SECRETS,
      id: new Uint8Array(16).fill(8),
    })
    const mixed = concat(leaf(sealed.bytes, 0), other.bytes.subarray(LEAF))
    await expect(readAll(readerOf(mixed, blobOver(mixed)))).rejects.toThrow(/segment 1/)
  })

  it("is refused before anything is fetched when the DEK is not the one committed to", () => {
    const asked: [number, number][] = []
    const blob = { ...sealed.blob, dek: new Uint8Array(32).fill(9) }
    expect(() => new BlobReader(blob, fetchFrom(sealed.bytes, LEAF, asked), cipher)).toThrow(broken)
    expect(asked).toEqual([])
  })
})

describe("checkedPart", () => {
  const pieces = async function* () {
    yield Uint8Array.of(1, 2)
    yield Uint8Array.of(3)
  }

  it("yields a part whose hash is the one named", async () => {
    const read = await collect(checkedPart(pieces(), 3, sha256(Uint8Array.of(1, 2, 3))))
    expect([...read]).toEqual([1, 2, 3])
  })

  it("never yields the last piece of another", async () => {
    const seen: number[] = []
    const reading = async () => {
      for await (const piece of checkedPart(pieces(), 3, sha256(Uint8Array.of(1, 2, 4))))
        seen.push(...piece)
    }
    await expect(reading()).rejects.toThrow(broken)
    expect(seen).toEqual([1, 2])
  })

  it("yields no last piece where there are more or fewer bytes than the part has", async () => {
    const whole = sha256(Uint8Array.of(1, 2, 3))
    for (const length of [1, 2, 4]) {
      const seen: number[] = []
      const reading = async () => {
        for await (const piece of checkedPart(pieces(), length, whole)) seen.push(...piece)
      }
      await expect(reading()).rejects.toThrow(broken)
      expect(seen.length).toBeLessThan(4)
      expect(seen.length < length || seen.length === 0).toBe(true)
    }
  })

  it("knows an empty part", async () => {
    const nothing = async function* () {}
    expect((await collect(checkedPart(nothing(), 0, sha256(new Uint8Array())))).length).toBe(0)
    await expect(collect(checkedPart(nothing(), 0, sha256(Uint8Array.of(0))))).rejects.toThrow(
      broken,
    )
  })
})
