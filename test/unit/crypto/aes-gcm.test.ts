import fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import { fromHex, hex } from "../../../src/base/bytes.ts"
import { loadOn, PLATFORMS } from "./platforms.ts"

const KEY = "feffe9928665731c6d6a8f9467308308".repeat(2)
const NONCE = "cafebabefacedbaddecaf888"
const TEXT =
  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
const SEALED =
  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"

/** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the cases of 256-bit keys and 96-bit nonces. */
const CASES = [
  {
    number: 13,
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    text: "",
    aad: "",
    sealed: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    number: 14,
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    text: "00".repeat(16),
    aad: "",
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    number: 15,
    key: KEY,
    nonce: NONCE,
    text: TEXT,
    aad: "",
    sealed: `${SEALED}b094dac5d93471bdec1a502270e3cc6c`,
  },
  {
    number: 16,
    key: KEY,
    nonce: NONCE,
    text: TEXT.slice(0, -8),
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    sealed: `${SEALED.slice(0, -8)}76fc6ece0f4e1768cddf8853bb2d551b`,
  },
].map(({ number, ...texts }) => ({
  number,
  key: fromHex(texts.key),
  nonce: fromHex(texts.nonce),
  text: fromHex(texts.text),
  aad: fromHex(texts.aad),
  sealed: fromHex(texts.sealed),
}))
const LAST = CASES[3] as (typeof CASES)[number]

describe.each(PLATFORMS)("AES-256-GCM on %s", (platform) => {
  const broken = expect.objectContaining({ name: "IntegrityError", code: "integrity_failed" })
  let module: typeof import("../../../src/crypto/aes-gcm.ts")
  beforeAll(async () => {
    module = await loadOn(platform, () => import("../../../src/crypto/aes-gcm.ts"))
  })

  it.each(CASES)("seals and opens test case $number", ({ key, nonce, text, aad, sealed }) => {
    expect(hex(module.gcmEncrypt(key, nonce, text, aad))).toBe(hex(sealed))
    expect(hex(module.gcmDecrypt(key, nonce, sealed, aad))).toBe(hex(text))
  })

  it("seals any message to the bytes of WebCrypto, and opens them", async () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    await fc.assert(
      fc.asyncProperty(
        bytes(32),
        bytes(12),
        fc.uint8Array({ maxLength: 500 }),
        fc.uint8Array(),
        async (key, iv, text, additionalData) => {
          const own = (view: Uint8Array) => Uint8Array.from(view)
          const imported = await crypto.subtle.importKey("raw", own(key), "AES-GCM", false, [
            "encrypt",
          ])
          const sealed = await crypto.subtle.encrypt(
            { name: "AES-GCM", iv: own(iv), additionalData: own(additionalData) },
            imported,
            own(text),
          )
          const ours = module.gcmEncrypt(key, iv, text, additionalData)
          expect(hex(ours)).toBe(hex(new Uint8Array(sealed)))
          expect(hex(module.gcmDecrypt(key, iv, ours, additionalData))).toBe(hex(text))
        },
      ),
      { numRuns: 50 },
    )
  })

  it("refuses every flipped byte of ciphertext and tag", () => {
    const { key, nonce, aad, sealed } = LAST
    let seen = 0
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] = (changed[at] as number) ^ 1
      expect(() => module.gcmDecrypt(key, nonce, changed, aad)).toThrow(broken)
      seen++
    }
    expect(seen).toBe(76)
  })

  it("refuses every other length of the ciphertext", () => {
    const { key, nonce, aad, sealed } = LAST
    for (let length = 0; length < sealed.length; length++) {
      expect(() => module.gcmDecrypt(key, nonce, sealed.subarray(0, length), aad)).toThrow(broken)
    }
    const longer = new Uint8Array(sealed.length + 1)
    longer.set(sealed)
    expect(() => module.gcmDecrypt(key, nonce, longer, aad)).toThrow(broken)
  })

  it("refuses another key, nonce or associated data", () => {
    const { key, nonce, aad, sealed } = LAST
    const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte))
    expect(() => module.gcmDecrypt(flip(key), nonce, sealed, aad)).toThrow(broken)
    expect(() => module.gcmDecrypt(key, flip(nonce), sealed, aad)).toThrow(broken)
    expect(() => module.gcmDecrypt(key, nonce, sealed, flip(aad))).toThrow(broken)
    expect(() => module.gcmDecrypt(key, nonce, sealed)).toThrow(broken)
  })
})
