import { ed25519 } from "@noble/curves/ed25519.js"
import fc from "fast-check"
import { PrivateKey } from "symbol-sdk"
import { KeyPair, Verifier } from "symbol-sdk/symbol"
import { beforeAll, describe, expect, it } from "vitest"
import { concat, fromHex, hex } from "../../../src/base/bytes.ts"
import { loadOn, PLATFORMS } from "./platforms.ts"

/** RFC 8032 §7.1: TEST 1, 2, 3 and SHA(abc). */
const RFC_8032 = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
  [
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  ],
].map((texts) => texts.map(fromHex) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array])
const [SEED, PUBLIC_KEY, MESSAGE, SIGNATURE] = RFC_8032[2] as (typeof RFC_8032)[number]

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** The same signature with S + L: it satisfies the equation, and only its form gives it away. */
function withLargeS(signature: Uint8Array): Uint8Array {
  let s = ORDER
  for (let i = 0; i < 32; i++) s += BigInt(signature[32 + i] as number) << BigInt(8 * i)
  const large = Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 0xffn))
  return concat(signature.subarray(0, 32), large)
}

/** The eight points whose order divides 8, as they are encoded (libsodium's list, computed here from the curve). */
function smallOrderPoints(): Uint8Array[] {
  const generator = ed25519.Point.fromHex(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  )
  const points = [ed25519.Point.ZERO]
  for (let i = 1; i < 8; i++) points.push((points[i - 1] as typeof generator).add(generator))
  return points.map((point) => point.toBytes())
}

describe.each(PLATFORMS)("Ed25519 on %s", (platform) => {
  let module: typeof import("../../../src/crypto/ed25519.ts")
  beforeAll(async () => {
    module = await loadOn(platform, () => import("../../../src/crypto/ed25519.ts"))
  })

  it.each(RFC_8032)("signs and verifies RFC 8032 vector %#", (seed, publicKey, message, sig) => {
    expect(hex(module.publicKeyOf(seed))).toBe(hex(publicKey))
    expect(hex(module.signBytes(seed, message))).toBe(hex(sig))
    expect(module.verifyBytes(publicKey, message, sig)).toBe(true)
  })

  it("has the keys and signatures of symbol-sdk", () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 100 }), (seed, message) => {
        const pair = new KeyPair(new PrivateKey(seed))
        expect(hex(module.publicKeyOf(seed))).toBe(hex(pair.publicKey.bytes))
        const signature = pair.sign(message)
        expect(hex(module.signBytes(seed, message))).toBe(hex(signature.bytes))
        expect(module.verifyBytes(pair.publicKey.bytes, message, signature.bytes)).toBe(true)
        expect(new Verifier(pair.publicKey).verify(message, signature)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it("says no to every flipped bit of a byte in key, message and signature", () => {
    let seen = 0
    for (const [which, part] of [PUBLIC_KEY, MESSAGE, SIGNATURE].entries()) {
      for (let at = 0; at < part.length; at++) {
        const given = [PUBLIC_KEY, MESSAGE, SIGNATURE] as [Uint8Array, Uint8Array, Uint8Array]
        given[which] = part.map((byte, i) => (i === at ? byte ^ 4 : byte))
        expect(module.verifyBytes(...given)).toBe(false)
        seen++
      }
    }
    expect(seen).toBe(32 + 2 + 64)
  })

  it("says no to an S above the group order", () => {
    const malleated = withLargeS(SIGNATURE)
    expect(malleated).toHaveLength(64)
    expect(module.verifyBytes(PUBLIC_KEY, MESSAGE, malleated)).toBe(false)
  })

  it("says no to keys and signatures of another length", () => {
    expect(module.verifyBytes(PUBLIC_KEY.subarray(1), MESSAGE, SIGNATURE)).toBe(false)
    expect(module.verifyBytes(concat(PUBLIC_KEY, MESSAGE), MESSAGE, SIGNATURE)).toBe(false)
    expect(module.verifyBytes(PUBLIC_KEY, MESSAGE, SIGNATURE.subarray(1))).toBe(false)
    expect(module.verifyBytes(PUBLIC_KEY, MESSAGE, new Uint8Array())).toBe(false)
  })

  it("says no to keys of small order, whose zero signature fits any message", () => {
    const points = smallOrderPoints()
    expect(new Set(points.map(hex)).size).toBe(8)
    for (const point of points) {
      for (const sign of [0, 0x80]) {
        const key = point.map((byte, i) => (i === 31 ? byte ^ sign : byte))
        const forged = concat(ed25519.Point.ZERO.toBytes(), new Uint8Array(32))
        expect(module.verifyBytes(key, MESSAGE, forged)).toBe(false)
      }
    }
  })

  it("refuses to sign with a seed of another length", () => {
    const refused = expect.objectContaining({ name: "InvalidInputError" })
    expect(() => module.signBytes(SEED.subarray(1), MESSAGE)).toThrow(refused)
    expect(() => module.publicKeyOf(concat(SEED, PUBLIC_KEY))).toThrow(refused)
  })

  it("keeps verifying when more keys come than it remembers", () => {
    const message = Uint8Array.of(1)
    const check = (count: number) => {
      const seed = new Uint8Array(32)
      new DataView(seed.buffer).setUint32(0, count)
      const key = ed25519.getPublicKey(seed)
      return module.verifyBytes(key, message, ed25519.sign(message, seed))
    }
    const counts = platform === "node" ? 1100 : 3
    let verified = 0
    for (let count = 0; count < counts; count++) if (check(count)) verified++
    expect(verified).toBe(counts)
    expect(check(0)).toBe(true)
  })
})
