/**
 * What every segment cipher must do: the same leaves and the same refusals as AES-256-GCM and SHA-256 on one thread.
 *
 * @module
 */
import { createCipheriv, createHash } from "node:crypto"
import { afterAll, describe, expect, it } from "vitest"
import { concat, hex } from "../../src/base/bytes.ts"
import type { SegmentCipher, SegmentToSeal } from "../../src/crypto/segment-cipher.ts"
import {
  encodeHeader,
  FIRST_PLAINTEXT,
  HEADER_LENGTH,
  NEXT_PLAINTEXT,
  segmentNonce,
  streamKey,
} from "../../src/crypto/stream.ts"

const header = { salt: new Uint8Array(32).fill(1), prefix: new Uint8Array(7).fill(2) }
const dek = new Uint8Array(32).fill(3)
const EMPTY = new Uint8Array()

const freshKey = () => streamKey(dek, new Uint8Array([4]), header)

/** Bytes that look random and are the same each time. */
export function patterned(length: number, seed = 1): Uint8Array {
  let state = seed >>> 0 || 1
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state >>> 0
  }
  return new Uint8Array(words.buffer).slice(0, length)
}

/** Segments of every shape: lengths, pieces, first, middle, last. */
const SHAPES: readonly { name: string; index: number; last: boolean; lengths: number[] }[] = [
  { name: "an empty only segment", index: 0, last: true, lengths: [] },
  { name: "an empty piece alone", index: 0, last: true, lengths: [0] },
  { name: "one byte", index: 0, last: true, lengths: [1] },
  { name: "a whole first segment", index: 0, last: false, lengths: [FIRST_PLAINTEXT] },
  { name: "a whole middle segment", index: 7, last: false, lengths: [NEXT_PLAINTEXT] },
  { name: "a whole last segment", index: 8, last: true, lengths: [NEXT_PLAINTEXT] },
  {
    name: "pieces that are no multiple of a block",
    index: 1,
    last: false,
    lengths: [1, 31, 0, 999],
  },
  { name: "a small piece before a large one", index: 2, last: true, lengths: [56, 700_001] },
  { name: "many pieces", index: 0xffffffff, last: true, lengths: Array<number>(40).fill(1023) },
]

function segment(shape: (typeof SHAPES)[number], shared = false): SegmentToSeal {
  const { index, last, lengths } = shape
  const pieces = lengths.map((length, i) => patterned(length, i + 1))
  const first = index === 0 ? encodeHeader(header) : EMPTY
  const plaintext = shared ? pieces.map(inSharedMemory) : pieces
  return { stream: freshKey(), index, last, header: first, plaintext }
}

function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length))
  view.set(bytes)
  return view
}

/** The leaf by OpenSSL on this thread. */
function leafOf({ stream, index, last, header: first, plaintext }: SegmentToSeal): Uint8Array {
  const cipher = createCipheriv("aes-256-gcm", stream.key, segmentNonce(stream.prefix, index, last))
  const sealed = plaintext.map((piece) => cipher.update(piece))
  return concat(first, ...sealed, cipher.final(), cipher.getAuthTag())
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest()

/** The suite; `open` makes the cipher once. */
export function describeSegmentCipher(name: string, open: () => SegmentCipher): void {
  describe(`${name} as a segment cipher`, () => {
    const cipher = open()
    afterAll(() => cipher.close())
    const toOpen = (shape: (typeof SHAPES)[number], leaf = leafOf(segment(shape))) => ({
      stream: freshKey(),
      index: shape.index,
      last: shape.last,
      headerLength: shape.index === 0 ? HEADER_LENGTH : 0,
      leaf: Uint8Array.from(leaf),
      digest: Uint8Array.from(sha256(leaf)),
    })
    const [whole] = SHAPES.filter((each) => each.name === "a whole middle segment") as [
      (typeof SHAPES)[number],
    ]
    const small = { name: "small", index: 3, last: false, lengths: [100] }

    it.each(SHAPES)(
      "seals $name to the same leaf, from memory of one's own or shared",
      async (shape) => {
        const expected = leafOf(segment(shape))
        for (const shared of [false, true]) {
          const { leaf, digest } = await cipher.seal(segment(shape, shared))
          expect(Buffer.compare(leaf, expected)).toBe(0)
          expect(hex(digest)).toBe(sha256(expected).toString("hex"))
        }
      },
    )

    it.each(SHAPES)("opens $name", async (shape) => {
      const plaintext = await cipher.open(toOpen(shape))
      expect(Buffer.compare(plaintext, concat(...segment(shape).plaintext))).toBe(0)
    })

    it("gives memory of the length asked for, and takes it back", async () => {
      for (const length of [0, 1, 1000, 1 << 18, NEXT_PLAINTEXT, 1 << 20]) {
        const memory = cipher.memory(length)
        expect(memory.length).toBe(length)
        cipher.reclaim(memory)
      }
    })

    it("lends no memory twice while it is held", async () => {
      const held = Array.from({ length: 8 }, () => cipher.memory(1 << 20))
      expect(new Set(held.map(({ buffer }) => buffer)).size).toBe(8)
      for (const memory of held) cipher.reclaim(memory)
      const [once] = held as [Uint8Array]
      cipher.reclaim(once)
      const again = Array.from({ length: 10 }, () => cipher.memory(1 << 20))
      expect(new Set(again.map(({ buffer }) => buffer)).size).toBe(10)
      for (const memory of again) cipher.reclaim(memory)
    })

    it("gives the same leaves and plaintexts from memory that goes round", async () => {
      for (let round = 0; round < 20; round++) {
        const text = patterned(NEXT_PLAINTEXT - round * 1000, round + 1)
        const memory = cipher.memory(text.length)
        memory.set(text)
        const given = { ...segment(small), plaintext: [memory] }
        const { leaf, digest } = await cipher.seal(given)
        const expected = leafOf({ ...segment(small), plaintext: [text] })
        expect(Buffer.compare(leaf, expected)).toBe(0)
        const opened = await cipher.open({ ...toOpen(small), leaf, digest })
        expect(Buffer.compare(opened, text)).toBe(0)
        cipher.reclaim(opened)
      }
    })

    it("keeps answers apart when many calls are under way", async () => {
      const shapes = Array.from({ length: 64 }, (_, index) => ({
        ...small,
        index,
        lengths: [index * 37],
      }))
      const sealed = await Promise.all(shapes.map((shape) => cipher.seal(segment(shape))))
      const wrong = shapes.filter(
        (shape, i) =>
          Buffer.compare(sealed[i]?.leaf ?? new Uint8Array(), leafOf(segment(shape))) !== 0,
      )
      expect(wrong).toEqual([])
      const opened = await Promise.all(shapes.map((shape) => cipher.open(toOpen(shape))))
      expect(opened.map(({ length }) => length)).toEqual(shapes.map(({ lengths }) => lengths[0]))
    })

    it("refuses a leaf whose digest is another, before it decrypts", async () => {
      const given = toOpen(small)
      given.digest[0] = (given.digest[0] as number) ^ 1
      await expect(cipher.open(given)).rejects.toMatchObject({
        code: "integrity_failed",
        message: expect.stringContaining("leaf 3"),
      })
    })

    it.each([
      ["ciphertext", 0],
      ["tag", NEXT_PLAINTEXT + 3],
    ])("refuses an altered %s under a digest that fits", async (_, at) => {
      const leaf = leafOf(segment(whole))
      leaf[at] = (leaf[at] as number) ^ 1
      await expect(cipher.open(toOpen(whole, leaf))).rejects.toMatchObject({
        code: "integrity_failed",
        message: expect.stringContaining("segment 7"),
      })
    })

    it("refuses a segment under another number, as another end, from another stream", async () => {
      const wrong = [
        { ...toOpen(small), index: 4 },
        { ...toOpen(small), last: true },
        { ...toOpen(small), stream: { key: new Uint8Array(32), prefix: header.prefix } },
        { ...toOpen(small), stream: { ...freshKey(), prefix: new Uint8Array(7) } },
        { ...toOpen(small), headerLength: HEADER_LENGTH },
      ]
      const results = await Promise.allSettled(wrong.map((each) => cipher.open(each)))
      const codes = results.map((one) => one.status === "rejected" && one.reason.code)
      expect(codes).toEqual(Array(5).fill("integrity_failed"))
    })

    it("refuses leaves too short for a tag or a header", async () => {
      const wrong = [0, 15, 16, 55].map((length) =>
        toOpen(SHAPES[0] as never, new Uint8Array(length)),
      )
      const results = await Promise.allSettled(wrong.map((each) => cipher.open(each)))
      const codes = results.map((one) => one.status === "rejected" && one.reason.code)
      expect(codes).toEqual(Array(4).fill("integrity_failed"))
    })

    it("fails one call that can't be done, and does those after it", async () => {
      const impossible = { ...segment(small), stream: { ...freshKey(), key: new Uint8Array(31) } }
      const after = cipher.seal(segment(small))
      await expect(cipher.seal(impossible)).rejects.toThrow(/./)
      expect(Buffer.compare((await after).leaf, leafOf(segment(small)))).toBe(0)
      const again = await cipher.seal(segment(small))
      expect(Buffer.compare(again.leaf, leafOf(segment(small)))).toBe(0)
    })
  })
}
