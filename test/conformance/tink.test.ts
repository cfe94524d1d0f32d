import { expect, it } from "vitest"
import { collect, concat } from "../../src/base/bytes.ts"
import { padmeLength } from "../../src/crypto/padme.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import {
  encodeHeader,
  FIRST_PLAINTEXT,
  HEADER_LENGTH,
  NEXT_PLAINTEXT,
  parseHeader,
  SEGMENT_LENGTH,
  sealedLength,
  segmentCount,
  segmentStart,
  streamKey,
} from "../../src/crypto/stream.ts"
import { BlobReader } from "../../src/record/blob-reader.ts"
import { blobAad } from "../../src/record/blob-writer.ts"
import { cipher, contentOf, fetchFrom, SECRETS, sealWhole } from "../support/sealed-blob.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { missingTink, runTink, type TinkJob } from "../support/tink.ts"
import { patterned } from "./segment-cipher.suite.ts"

/** Lengths of plaintext: around every seam of the first three segments. */
const LENGTHS = [
  0,
  1,
  15,
  16,
  17,
  65_536,
  FIRST_PLAINTEXT - 1,
  FIRST_PLAINTEXT,
  FIRST_PLAINTEXT + 1,
  SEGMENT_LENGTH,
  FIRST_PLAINTEXT + NEXT_PLAINTEXT - 1,
  FIRST_PLAINTEXT + NEXT_PLAINTEXT,
  FIRST_PLAINTEXT + NEXT_PLAINTEXT + 1,
  FIRST_PLAINTEXT + 2 * NEXT_PLAINTEXT,
  3 * SEGMENT_LENGTH + 4321,
]
const AADS = [new Uint8Array(), blobAad("bundle", SECRETS.id)]
const CASES = LENGTHS.flatMap((length) => AADS.map((aad) => ({ length, aad })))

const { dek } = SECRETS
const header = { salt: SECRETS.salt, prefix: SECRETS.prefix }

/** A stream by our cipher, without padding. */
async function sealStream(plaintext: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
  const stream = streamKey(dek, aad, header)
  const count = segmentCount(plaintext.length)
  const leaves: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const text = plaintext.slice(segmentStart(index), segmentStart(index + 1))
    const first = index === 0 ? encodeHeader(header) : new Uint8Array()
    const last = index === count - 1
    leaves.push((await cipher.seal({ stream, index, last, header: first, plaintext: [text] })).leaf)
  }
  return concat(...leaves)
}

/** The plaintext of a stream by our cipher. */
async function openStream(bytes: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
  const stream = streamKey(dek, aad, parseHeader(bytes))
  const count = Math.ceil(bytes.length / SEGMENT_LENGTH)
  const opened: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const leaf = Uint8Array.from(
      bytes.subarray(index * SEGMENT_LENGTH, (index + 1) * SEGMENT_LENGTH),
    )
    const headerLength = index === 0 ? HEADER_LENGTH : 0
    const last = index === count - 1
    opened.push(
      await cipher.open({ stream, index, last, headerLength, leaf, digest: sha256(leaf) }),
    )
  }
  return concat(...opened)
}

const isSame = (a: Uint8Array | string | undefined, b: Uint8Array) =>
  a instanceof Uint8Array && Buffer.compare(a, b) === 0

describeIfPresent("tink", missingTink(), () => {
  it("opens our streams of every length", async () => {
    const jobs: TinkJob[] = []
    for (const { length, aad } of CASES)
      jobs.push({ do: "open", dek, aad, bytes: await sealStream(patterned(length), aad) })
    const opened = await runTink(jobs)
    const wrong = CASES.filter(({ length }, i) => !isSame(opened[i], patterned(length)))
    expect(wrong).toEqual([])
    expect(opened.length).toBe(30)
  })

  it("seals streams of every length that we open", async () => {
    const sealed = await runTink(
      CASES.map(({ length, aad }) => ({ do: "seal", dek, aad, bytes: patterned(length) })),
    )
    let opened = 0
    for (const [i, { length, aad }] of CASES.entries()) {
      const bytes = sealed[i] as Uint8Array
      expect(bytes.length).toBe(sealedLength(length))
      expect(isSame(await openStream(bytes, aad), patterned(length))).toBe(true)
      opened++
    }
    expect(opened).toBe(30)
  })

  it("opens our blobs as the writer leaves them: content and zeros", async () => {
    const lengths = [0, 1, 1000, FIRST_PLAINTEXT, 2 * SEGMENT_LENGTH + 99]
    const aad = blobAad("bundle", SECRETS.id)
    const jobs: TinkJob[] = []
    for (const length of lengths) {
      const { bytes } = await sealWhole(contentOf(patterned(length)))
      jobs.push({ do: "open", dek, aad, bytes })
    }
    const opened = await runTink(jobs)
    let seen = 0
    for (const [i, length] of lengths.entries()) {
      const expected = new Uint8Array(padmeLength(length))
      expected.set(patterned(length))
      expect(isSame(opened[i], expected)).toBe(true)
      seen++
    }
    expect(seen).toBe(5)
  })

  it("seals blobs of which our reader reads any range", async () => {
    const length = 3 * SEGMENT_LENGTH + 4321
    const padded = new Uint8Array(padmeLength(length))
    padded.set(patterned(length))
    const aad = blobAad("bundle", SECRETS.id)
    const [bytes] = (await runTink([{ do: "seal", dek, aad, bytes: padded }])) as [Uint8Array]
    const { blob } = await sealWhole(contentOf(patterned(length)))
    const leaves: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += SEGMENT_LENGTH)
      leaves.push(sha256(bytes.subarray(at, at + SEGMENT_LENGTH)))
    expect(blob.size).toBe(bytes.length)
    const reader = new BlobReader({ ...blob, leaves: concat(...leaves) }, fetchFrom(bytes), cipher)
    const ranges = [
      [0, length],
      [FIRST_PLAINTEXT - 1, 2],
      [length - 1, 1],
    ] as const
    for (const [offset, count] of ranges) {
      const read = await collect(reader.read(offset, count))
      expect(isSame(read, patterned(length).subarray(offset, offset + count))).toBe(true)
    }
  })

  it("refuses what we refuse: cut at a segment, swapped, altered, under another AAD or key", async () => {
    const aad = blobAad("bundle", SECRETS.id)
    const bytes = await sealStream(patterned(3 * SEGMENT_LENGTH), aad)
    const leaf = (i: number) => bytes.subarray(i * SEGMENT_LENGTH, (i + 1) * SEGMENT_LENGTH)
    const altered = bytes.slice()
    altered[SEGMENT_LENGTH + 5] = (altered[SEGMENT_LENGTH + 5] as number) ^ 1
    const wrong = [
      { aad, bytes: bytes.subarray(0, 2 * SEGMENT_LENGTH) },
      { aad, bytes: bytes.subarray(0, bytes.length - 1) },
      { aad, bytes: concat(leaf(0), leaf(2), leaf(1), leaf(3)) },
      { aad, bytes: concat(bytes, leaf(1)) },
      { aad, bytes: altered },
      { aad: blobAad("derived", SECRETS.id), bytes },
    ]
    const theirs = await runTink([
      ...wrong.map((each) => ({ do: "open" as const, dek, ...each })),
      { do: "open", dek: new Uint8Array(32), aad, bytes },
    ])
    expect(theirs.map((answer) => typeof answer)).toEqual(Array(7).fill("string"))
    const ours = await Promise.allSettled(wrong.map((each) => openStream(each.bytes, each.aad)))
    expect(ours.map(({ status }) => status)).toEqual(Array(6).fill("rejected"))
    const [right] = await runTink([{ do: "open", dek, aad, bytes }])
    expect(isSame(right, patterned(3 * SEGMENT_LENGTH))).toBe(true)
  })
})
