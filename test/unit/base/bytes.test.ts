import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  base32,
  base64url,
  collect,
  concat,
  equal,
  equalConstantTime,
  expectLength,
  fromBase32,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  once,
  utf8,
} from "../../../src/base/bytes.ts"
import { InvalidInputError } from "../../../src/base/errors.ts"

const CODINGS = [
  ["hexadecimal", hex, fromHex],
  ["base64url", base64url, fromBase64url],
  ["base32", base32, fromBase32],
] as const

describe("codings", () => {
  it.each(CODINGS)("of %s are read as they are written", (_name, write, read) => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(Buffer.compare(read(write(bytes)), bytes)).toBe(0)
      }),
    )
  })

  it.each([
    ["hexadecimal of odd length", () => fromHex("abc")],
    ["hexadecimal with a prefix", () => fromHex("0xab")],
    ["base64url with padding", () => fromBase64url("qg==")],
    ["base64 of the other alphabet", () => fromBase64url("+/+/")],
    ["base64url with unused bits set", () => fromBase64url("qr")],
    ["base64url with a line break", () => fromBase64url("qrvM\n")],
    ["base32 in lower case", () => fromBase32("me")],
    ["base32 with unused bits set", () => fromBase32("MF")],
    ["UTF-8 that is cut", () => fromUtf8(Uint8Array.of(0xc3))],
    ["UTF-8 of a surrogate", () => fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80))],
  ])("refuse %s", (_what, read) => {
    expect(read).toThrow(InvalidInputError)
  })

  it("keep a byte order mark: it is a character of the text", () => {
    expect(fromUtf8(utf8("\ufefftext"))).toBe("\ufefftext")
  })
})

describe("equal and equalConstantTime", () => {
  it("agree, and see a difference in any byte and in length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, n) => {
        const at = n % bytes.length
        const other = Uint8Array.from(bytes.with(at, (bytes[at] as number) ^ 0x80))
        for (const same of [equal, equalConstantTime]) {
          expect(same(bytes, Uint8Array.from(bytes))).toBe(true)
          expect(same(bytes, other)).toBe(false)
          expect(same(bytes, bytes.slice(1))).toBe(false)
        }
      }),
    )
  })
})

describe("expectLength", () => {
  it("gives the bytes back, and names what has another length", () => {
    const bytes = Uint8Array.of(1, 2)
    expect(expectLength("pair", bytes, 2)).toBe(bytes)
    expect(() => expectLength("pair", bytes, 3)).toThrow('"pair" expected 3 bytes, got 2')
    expect(() => expectLength("pair", "ab" as unknown as Uint8Array, 2)).toThrow(InvalidInputError)
  })
})

describe("collect", () => {
  const pieces = async function* () {
    yield Uint8Array.of(1, 2)
    yield Uint8Array.of(3)
  }

  it("joins a stream up to its limit", async () => {
    await expect(collect(pieces(), 3)).resolves.toEqual(Uint8Array.of(1, 2, 3))
    await expect(collect(once(concat()))).resolves.toEqual(new Uint8Array())
  })

  it("stops reading at the first byte above its limit", async () => {
    let asked = 0
    const endless = async function* () {
      for (;;) {
        asked += 1
        yield Uint8Array.of(0)
      }
    }
    await expect(collect(endless(), 5)).rejects.toThrow(InvalidInputError)
    expect(asked).toBe(6)
  })
})
