import { hkdfSync } from "node:crypto"
import fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../../src/base/bytes.ts"
import { loadOn, PLATFORMS } from "./platforms.ts"

/** Bytes `from` to `to`, both inclusive, counting up. */
const counting = (from: number, to: number) =>
  Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** RFC 5869, appendices A.1 to A.3. */
const RFC_5869 = [
  {
    name: "A.1",
    ikm: new Uint8Array(22).fill(0x0b),
    salt: counting(0x00, 0x0c),
    info: counting(0xf0, 0xf9),
    prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
    okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    name: "A.2",
    ikm: counting(0x00, 0x4f),
    salt: counting(0x60, 0xaf),
    info: counting(0xb0, 0xff),
    prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
    okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    name: "A.3",
    ikm: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(),
    info: new Uint8Array(),
    prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
    okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
]

describe.each(PLATFORMS)("HKDF on %s", (platform) => {
  let module: typeof import("../../../src/crypto/hkdf.ts")
  beforeAll(async () => {
    module = await loadOn(platform, () => import("../../../src/crypto/hkdf.ts"))
  })

  it.each(RFC_5869)("derives what RFC 5869 $name says", ({ ikm, salt, info, prk, okm }) => {
    const length = okm.length / 2
    expect(hex(module.hkdf(ikm, salt, info, length))).toBe(okm)
    expect(hex(module.hkdfExpand(fromHex(prk), info, length))).toBe(okm)
  })

  it("derives what OpenSSL does, for any length", () => {
    const bytes = fc.uint8Array({ maxLength: 100 })
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, n) => {
        const expected = Buffer.from(hkdfSync("sha256", ikm, salt, info, n)).toString("hex")
        expect(hex(module.hkdf(ikm, salt, info, n))).toBe(expected)
      }),
    )
  })

  it("gives 8160 bytes and refuses one more", () => {
    const prk = new Uint8Array(32)
    expect(module.hkdfExpand(prk, utf8("x"), 8160)).toHaveLength(8160)
    expect(() => module.hkdfExpand(prk, utf8("x"), 8161)).toThrow("8160 bytes at most")
  })
})

describe("kdf", () => {
  it("is HKDF without salt over cbor[label, ctx], written out by hand", async () => {
    const { hkdf, kdf, labelInfo } = await loadOn(
      "node",
      () => import("../../../src/crypto/hkdf.ts"),
    )
    // array(2), text(16) "medlake/v1/index", array(2) [bytes(2) 0102, 7]
    const info = concat(Uint8Array.of(0x82, 0x70), utf8("medlake/v1/index"), fromHex("8242010207"))
    const ctx = [Uint8Array.of(1, 2), 7]
    const key = counting(1, 32)
    expect(hex(labelInfo("index", ctx))).toBe(hex(info))
    expect(hex(kdf(key, "index", ctx))).toBe(hex(hkdf(key, new Uint8Array(32), info, 32)))
  })

  it("gives another key for another key, label, context or epoch", async () => {
    const { kdf } = await import("../../../src/crypto/hkdf.ts")
    const [key, other] = [counting(1, 32), counting(2, 33)]
    const derived = [
      kdf(key, "index", null),
      kdf(other, "index", null),
      kdf(key, "list", null),
      kdf(key, "indexn", null),
      kdf(key, "index", 0),
      kdf(key, "index", 1),
      kdf(key, "index", [1]),
    ].map(hex)
    expect(new Set(derived).size).toBe(7)
  })
})
