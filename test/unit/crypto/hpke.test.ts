import { createCipheriv, createDecipheriv } from "node:crypto"
import {
  Aes128Gcm,
  Aes256Gcm,
  CipherSuite,
  DhkemP521HkdfSha512,
  DhkemX25519HkdfSha256,
  HkdfSha256,
  HkdfSha512,
} from "@hpke/core"
import { describe, expect, it } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../../src/base/bytes.ts"
import { hpkeOpen, hpkeSeal } from "../../../src/crypto/hpke.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { decapsulate, encapsulate, xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import { keySchedule } from "../../support/hpke-schedule.ts"

const OURS = { kem: 0x647a, aead: 2, keyLength: 32 }
const seed = new Uint8Array(32).fill(5)
const { publicKey } = xWingKeyPair(seed)
const info = utf8("purpose")
const aad = utf8("associated")
const text = utf8("a message")
const none = new Uint8Array()

/** "Ode on a Grecian Urn", "Beauty is truth, truth beauty", "Count-0" of RFC 9180, appendix A. */
const RFC_INFO = fromHex("4f6465206f6e2061204772656369616e2055726e")
const RFC_TEXT = fromHex("4265617574792069732074727574682c20747275746820626561757479")
const RFC_AAD = fromHex("436f756e742d30")

const A1 = {
  pkRm: "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
  skRm: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
  enc: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
  sharedSecret: "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
  key: "4531685d41d65f03dc48f6b8302c05b0",
  nonce: "56d890e5accaaf011cff4b7d",
  exporter: "45ff1c2e220db587171952c0592d5f5ebe103f1561a2614e38f2ffd47e99e3f8",
  ct: "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
}
const A6 = {
  pkRm: "0401b45498c1714e2dce167d3caf162e45e0642afc7ed435df7902ccae0e84ba0f7d373f646b7738bbbdca11ed91bdeae3cdcba3301f2457be452f271fa6837580e661012af49583a62e48d44bed350c7118c0d8dc861c238c72a2bda17f64704f464b57338e7f40b60959480c0e58e6559b190d81663ed816e523b6b6a418f66d2451ec64",
  skRm: "01462680369ae375e4b3791070a7458ed527842f6a98a79ff5e0d4cbde83c27196a3916956655523a6a2556a7af62c5cadabe2ef9da3760bb21e005202f7b2462847",
  enc: "040138b385ca16bb0d5fa0c0665fbbd7e69e3ee29f63991d3e9b5fa740aab8900aaeed46ed73a49055758425a0ce36507c54b29cc5b85a5cee6bae0cf1c21f2731ece2013dc3fb7c8d21654bb161b463962ca19e8c654ff24c94dd2898de12051f1ed0692237fb02b2f8d1dc1c73e9b366b529eb436e98a996ee522aef863dd5739d2f29b0",
  ct: "170f8beddfe949b75ef9c387e201baf4132fa7374593dfafa90768788b7b2b200aafcc6d80ea4c795a7c5b841a",
}

/** draft-ietf-hpke-pq, test vector of X-Wing, HKDF-SHA256, ChaCha20Poly1305; pk and enc as their SHA-256. */
const PQ = {
  skRm: fromHex("3ec47fa82dd5689d27c6190e724c74ec8f608df3331ce331929e37b829676630"),
  ikmE: fromHex(
    "2a1c0a3745fe8a48fb62034d300f54dfe1974a5b2e169e580a8789cb1cf5fd190fc00f3fd899594e01a8b15334b9f3fa03d8de44da86e19f5776850fb689e6c8",
  ),
  pk: "ad8aaf3f00d8a39bfeec2947a7d5dde68be08bba19bd301a348a45dc5fcc8341",
  enc: "95c0a5fca31ea59f29bbc66255ad6637b5a476b3212886af11afdc8930aeb772",
  sharedSecret: "58200ed1f137bd95a921bb47f6aaecf2395b26f7fd24efd3a5ffae4849e8dea3",
  // The draft's info is the RFC's in hexadecimal digits.
  info: utf8("4f6465206f6e2061204772656369616e2055726e"),
  key: "131c2ebb469b909a40915914afd7ff5e638888ac7195dcaaaef8f9a84f0e4030",
  nonce: "2b7a68f19e6cdbd43dda3c6d",
  exporter: "c5362ef3c0008d0e573000c5c25a3f62a3bc7061cd41a384c86c27b37d945bbb",
  ct: "c5c591f99092d5e38df0a52699af249c66f8275a863423c076de8147a53e65cc584041c963b77a7e59ea93841b1339b5efda8909b71f74bb0073ad62e899de310c1566dea2fd29eba377",
  text: utf8("4265617574792069732074727574682c20747275746820626561757479"),
}

const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer

const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === "rejected" ? (result.reason as { code?: string }).code : "opened"

describe("RFC 9180", () => {
  it.each([
    [
      "A.1, X25519, HKDF-SHA256, AES-128-GCM",
      A1,
      new CipherSuite({
        kem: new DhkemX25519HkdfSha256(),
        kdf: new HkdfSha256(),
        aead: new Aes128Gcm(),
      }),
    ],
    [
      "A.6, P-521, HKDF-SHA512, AES-256-GCM",
      A6,
      new CipherSuite({
        kem: new DhkemP521HkdfSha512(),
        kdf: new HkdfSha512(),
        aead: new Aes256Gcm(),
      }),
    ],
  ])("%s is opened by the library that ours is made with", async (_, vector, suite) => {
    const [privateKey, enc, ct] = [vector.skRm, vector.enc, vector.ct].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const recipientKey = await suite.kem.importKey("raw", buffer(privateKey), false)
    const opened = await suite.open(
      { recipientKey, enc: buffer(enc), info: buffer(RFC_INFO) },
      buffer(ct),
      buffer(RFC_AAD),
    )
    expect(hex(new Uint8Array(opened))).toBe(hex(RFC_TEXT))
  })

  it("has the key schedule that this test computes: A.1 and the X-Wing vector of hpke-pq", () => {
    const suites = [
      { kem: 0x20, aead: 1, keyLength: 16, vector: A1, about: RFC_INFO },
      { kem: 0x647a, aead: 3, keyLength: 32, vector: PQ, about: PQ.info },
    ]
    for (const { vector, about, ...suite } of suites) {
      const { key, nonce, exporter } = keySchedule(suite, fromHex(vector.sharedSecret), about)
      expect(hex(key)).toBe(vector.key)
      expect(hex(nonce)).toBe(vector.nonce)
      expect(hex(exporter)).toBe(vector.exporter)
    }
  })

  it("has the encapsulation and the ciphertext of hpke-pq's X-Wing vector", () => {
    expect(hex(sha256(xWingKeyPair(PQ.skRm).publicKey))).toBe(PQ.pk)
    const { enc, sharedSecret } = encapsulate(xWingKeyPair(PQ.skRm).publicKey, () => PQ.ikmE)
    expect(hex(sha256(enc))).toBe(PQ.enc)
    expect(hex(sharedSecret)).toBe(PQ.sharedSecret)
    expect(hex(decapsulate(PQ.skRm, enc))).toBe(PQ.sharedSecret)
    const cipher = createCipheriv("chacha20-poly1305", fromHex(PQ.key), fromHex(PQ.nonce), {
      authTagLength: 16,
    })
    cipher.setAAD(RFC_AAD, { plaintextLength: PQ.text.length })
    const ct = Buffer.concat([cipher.update(PQ.text), cipher.final(), cipher.getAuthTag()])
    expect(ct.toString("hex")).toBe(PQ.ct)
  })
})

describe("hpkeSeal", () => {
  it("seals what X-Wing, RFC 9180's key schedule and AES-256-GCM open", async () => {
    const { enc, ct } = await hpkeSeal(publicKey, info, aad, text)
    const { key, nonce } = keySchedule(OURS, decapsulate(seed, enc), info)
    const decipher = createDecipheriv("aes-256-gcm", key, nonce)
    decipher.setAAD(aad)
    decipher.setAuthTag(ct.subarray(-16))
    const opened = Buffer.concat([decipher.update(ct.subarray(0, -16)), decipher.final()])
    expect(hex(opened)).toBe(hex(text))
  })

  it("takes its 64 random bytes from its argument: the same ones give the same message", async () => {
    const random = (length: number) => new Uint8Array(length).fill(length)
    const first = await hpkeSeal(publicKey, info, aad, text, random)
    const again = await hpkeSeal(publicKey, info, aad, text, random)
    const fresh = await hpkeSeal(publicKey, info, aad, text)
    expect(hex(first.ct)).toBe(hex(again.ct))
    expect(hex(first.enc)).toBe(hex(encapsulate(publicKey, () => random(64)).enc))
    expect(hex(fresh.enc)).not.toBe(hex(first.enc))
  })

  it("refuses a key of another length", async () => {
    const refused = hpkeSeal(publicKey.subarray(1), info, aad, text)
    await expect(refused).rejects.toMatchObject({ code: "invalid_input" })
  })
})

describe("hpkeOpen", () => {
  it("opens what X-Wing, RFC 9180's key schedule and AES-256-GCM seal", async () => {
    const { enc, sharedSecret } = encapsulate(publicKey)
    const { key, nonce } = keySchedule(OURS, sharedSecret, info)
    const cipher = createCipheriv("aes-256-gcm", key, nonce)
    cipher.setAAD(aad)
    const ct = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
    expect(hex(await hpkeOpen(seed, enc, info, aad, ct))).toBe(hex(text))
  })

  it.each([0, 1, 1000])("opens a message of %i bytes, with and without info and aad", async (n) => {
    for (const [about, beside] of [
      [info, aad],
      [none, none],
    ] as const) {
      const { enc, ct } = await hpkeSeal(publicKey, about, beside, new Uint8Array(n).fill(7))
      const opened = await hpkeOpen(seed, enc, about, beside, ct)
      expect(hex(opened)).toBe("07".repeat(n))
    }
  })

  it("opens for no other key, purpose or associated data, and nothing altered", async () => {
    const { enc, ct } = await hpkeSeal(publicKey, info, aad, text)
    const flip = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
    const attempts = [
      hpkeOpen(new Uint8Array(32).fill(6), enc, info, aad, ct),
      hpkeOpen(seed, enc, utf8("purposf"), aad, ct),
      hpkeOpen(seed, enc, none, aad, ct),
      hpkeOpen(seed, enc, info, none, ct),
      hpkeOpen(seed, enc, concat(info, aad), none, ct),
      hpkeOpen(seed, flip(enc, 0), info, aad, ct),
      hpkeOpen(seed, flip(enc, 1119), info, aad, ct),
      hpkeOpen(seed, enc, info, aad, flip(ct, 0)),
      hpkeOpen(seed, enc, info, aad, flip(ct, ct.length - 1)),
      hpkeOpen(seed, enc, info, aad, ct.subarray(1)),
      hpkeOpen(seed, enc, info, aad, none),
    ]
    const reasons = (await Promise.allSettled(attempts)).map(reasonOf)
    expect(reasons).toEqual(Array(11).fill("access_denied"))
  })

  it("refuses a seed or an encapsulation of another length", async () => {
    const { enc, ct } = await hpkeSeal(publicKey, info, aad, text)
    const wrong = [
      hpkeOpen(seed.subarray(1), enc, info, aad, ct),
      hpkeOpen(seed, enc.subarray(1), info, aad, ct),
      hpkeOpen(seed, concat(enc, none, Uint8Array.of(0)), info, aad, ct),
    ]
    const reasons = (await Promise.allSettled(wrong)).map(reasonOf)
    expect(reasons).toEqual(Array(3).fill("invalid_input"))
  })
})
