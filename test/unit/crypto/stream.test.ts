import { createCipheriv, hkdfSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { concat, hex } from "../../../src/base/bytes.ts"
import { LEAF_LENGTH } from "../../../src/cid/cid.ts"
import {
  encodeHeader,
  FIRST_PLAINTEXT,
  NEXT_PLAINTEXT,
  parseHeader,
  SEGMENT_LENGTH,
  sealedLength,
  segmentAt,
  segmentCount,
  segmentNonce,
  segmentStart,
  streamKey,
} from "../../../src/crypto/stream.ts"

const salt = new Uint8Array(32).fill(1)
const prefix = new Uint8Array(7).fill(2)
const dek = new Uint8Array(32).fill(3)
const aad = new Uint8Array(20).fill(4)
const invalid = expect.objectContaining({ code: "invalid_input" })
const broken = expect.objectContaining({ code: "integrity_failed" })

describe("the layout of a stream", () => {
  it("is of whole leaves: 1 MiB segments, header and tag counted", () => {
    expect(SEGMENT_LENGTH).toBe(LEAF_LENGTH)
    expect(FIRST_PLAINTEXT).toBe(1_048_576 - 40 - 16)
    expect(NEXT_PLAINTEXT).toBe(1_048_576 - 16)
  })

  it.each([
    [0, 1, 56],
    [1, 1, 57],
    [FIRST_PLAINTEXT - 1, 1, SEGMENT_LENGTH - 1],
    [FIRST_PLAINTEXT, 1, SEGMENT_LENGTH],
    [FIRST_PLAINTEXT + 1, 2, SEGMENT_LENGTH + 17],
    [FIRST_PLAINTEXT + NEXT_PLAINTEXT, 2, 2 * SEGMENT_LENGTH],
    [FIRST_PLAINTEXT + NEXT_PLAINTEXT + 1, 3, 2 * SEGMENT_LENGTH + 17],
    [2 ** 40, 1_048_593, 2 ** 40 + 40 + 16 * 1_048_593],
  ])("has for %i bytes %i segments and %i bytes in all", (length, count, sealed) => {
    expect(segmentCount(length)).toBe(count)
    expect(sealedLength(length)).toBe(sealed)
  })

  it("puts every byte into exactly one segment", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), (at) => {
        const index = segmentAt(at)
        expect(segmentStart(index)).toBeLessThanOrEqual(at)
        expect(segmentStart(index + 1)).toBeGreaterThan(at)
        expect(segmentCount(at + 1)).toBe(index + 1)
      }),
    )
    for (const index of [1, 2, 3, 1000]) {
      expect(segmentAt(segmentStart(index))).toBe(index)
      expect(segmentAt(segmentStart(index) - 1)).toBe(index - 1)
    }
  })
})

describe("encodeHeader", () => {
  it("is 40 ‖ salt ‖ prefix, and read back", () => {
    const header = encodeHeader({ salt, prefix })
    expect(hex(header)).toBe(`28${"01".repeat(32)}${"02".repeat(7)}`)
    const read = parseHeader(concat(header, new Uint8Array(16)))
    expect([hex(read.salt), hex(read.prefix)]).toEqual([hex(salt), hex(prefix)])
  })

  it("refuses a salt or prefix of another length", () => {
    expect(() => encodeHeader({ salt: salt.subarray(1), prefix })).toThrow(invalid)
    expect(() => encodeHeader({ salt, prefix: new Uint8Array(8) })).toThrow(invalid)
  })
})

describe("parseHeader", () => {
  it("refuses another first byte, and a leaf too short for header and tag", () => {
    const header = encodeHeader({ salt, prefix })
    for (const first of [0, 39, 41, 255]) {
      const leaf = concat(header, new Uint8Array(16))
      leaf[0] = first
      expect(() => parseHeader(leaf)).toThrow(broken)
    }
    expect(() => parseHeader(concat(header, new Uint8Array(15)))).toThrow(broken)
    expect(() => parseHeader(new Uint8Array())).toThrow(broken)
  })
})

describe("segmentNonce", () => {
  it("is prefix ‖ number ‖ whether it is the last", () => {
    expect(hex(segmentNonce(prefix, 0, false))).toBe("020202020202020000000000")
    expect(hex(segmentNonce(prefix, 258, true))).toBe("020202020202020000010201")
    expect(hex(segmentNonce(prefix, 0xffffffff, false))).toBe("02020202020202ffffffff00")
  })

  it("is never the same for two segments of a stream", () => {
    const nonces = [0, 1, 255, 256, 65_536, 0xffffffff].flatMap((index) =>
      [true, false].map((last) => hex(segmentNonce(prefix, index, last))),
    )
    expect(new Set(nonces).size).toBe(12)
  })

  it("refuses a number that four bytes do not hold", () => {
    for (const index of [-1, 2 ** 32, 0.5, Number.NaN])
      expect(() => segmentNonce(prefix, index, false)).toThrow(invalid)
  })
})

describe("streamKey", () => {
  it("is HKDF of the DEK under the header's salt with the associated data as info", () => {
    const expected = Buffer.from(hkdfSync("sha256", dek, salt, aad, 32))
    expect(hex(streamKey(dek, aad, { salt, prefix }).key)).toBe(hex(expected))
  })

  it("differs with every input but the prefix, which the nonces hold", () => {
    const other = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)
    const keys = [
      streamKey(dek, aad, { salt, prefix }),
      streamKey(other(dek), aad, { salt, prefix }),
      streamKey(dek, other(aad), { salt, prefix }),
      streamKey(dek, new Uint8Array(), { salt, prefix }),
      streamKey(dek, aad, { salt: other(salt), prefix }),
    ]
    expect(new Set(keys.map(({ key }) => hex(key))).size).toBe(5)
    expect(() => streamKey(dek.subarray(1), aad, { salt, prefix })).toThrow(invalid)
  })

  it("makes with AES-256-GCM the one segment of an empty stream: 56 bytes", () => {
    const { key } = streamKey(dek, aad, { salt, prefix })
    const cipher = createCipheriv("aes-256-gcm", key, segmentNonce(prefix, 0, true))
    cipher.final()
    const stream = concat(encodeHeader({ salt, prefix }), cipher.getAuthTag())
    expect(stream).toHaveLength(sealedLength(0))
  })
})
