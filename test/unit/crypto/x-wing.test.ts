import { XWing } from "@hpke/hybridkem-x-wing"
import { describe, expect, it } from "vitest"
import { fromHex, hex } from "../../../src/base/bytes.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import {
  decapsulate,
  encapsulate,
  X_WING_ENC_LENGTH,
  X_WING_PUBLIC_KEY_LENGTH,
  xWingKeyPair,
} from "../../../src/crypto/x-wing.ts"

/** draft-connolly-cfrg-xwing-kem, appendix C: all three; pk and ct as their SHA-256. */
const DRAFT = [
  {
    seed: "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
    eseed:
      "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
    ss: "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
    pk: "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
    ct: "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
  },
  {
    seed: "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
    eseed:
      "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
    ss: "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
    pk: "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
    ct: "1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154",
  },
  {
    seed: "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
    eseed:
      "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
    ss: "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f",
    pk: "6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95",
    ct: "d3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6",
  },
].map(({ seed, eseed, ...rest }) => ({ seed: fromHex(seed), eseed: fromHex(eseed), ...rest }))

const fixed = (bytes: Uint8Array) => (length: number) => {
  expect(length).toBe(bytes.length)
  return bytes
}
const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer
const seedOf = (i: number) => Uint8Array.from({ length: 32 }, (_, at) => (i * 37 + at * 11) & 255)

describe("X-Wing", () => {
  it.each(DRAFT)("has vector %# of the draft", ({ seed, eseed, ss, pk, ct }) => {
    const { publicKey, secretKey } = xWingKeyPair(seed)
    expect(hex(sha256(publicKey))).toBe(pk)
    expect(hex(secretKey)).toBe(hex(seed))
    const { enc, sharedSecret } = encapsulate(publicKey, fixed(eseed))
    expect(hex(sha256(enc))).toBe(ct)
    expect(hex(sharedSecret)).toBe(ss)
    expect(hex(decapsulate(seed, enc))).toBe(ss)
    expect([publicKey.length, enc.length]).toEqual([X_WING_PUBLIC_KEY_LENGTH, X_WING_ENC_LENGTH])
  })

  it("agrees with another library on keys and in both directions", async () => {
    const other = new XWing()
    let agreed = 0
    for (let i = 0; i < 8; i++) {
      const seed = seedOf(i)
      const ekm = new Uint8Array([...seedOf(100 + i), ...seedOf(200 + i)])
      const { publicKey } = xWingKeyPair(seed)
      const pair = await other.generateKeyPairDerand(seed)
      const theirKey = new Uint8Array(await other.serializePublicKey(pair.publicKey))
      expect(hex(theirKey)).toBe(hex(publicKey))

      const ours = encapsulate(publicKey, fixed(ekm))
      const theirs = await other.encap({ recipientPublicKey: pair.publicKey, ekm: buffer(ekm) })
      expect(hex(new Uint8Array(theirs.enc))).toBe(hex(ours.enc))
      expect(hex(new Uint8Array(theirs.sharedSecret))).toBe(hex(ours.sharedSecret))

      const fresh = encapsulate(publicKey)
      const opened = await other.decap({ recipientKey: pair.privateKey, enc: buffer(fresh.enc) })
      expect(hex(new Uint8Array(opened))).toBe(hex(fresh.sharedSecret))
      const back = await other.encap({ recipientPublicKey: pair.publicKey })
      expect(hex(decapsulate(seed, new Uint8Array(back.enc)))).toBe(
        hex(new Uint8Array(back.sharedSecret)),
      )
      agreed += 4
    }
    expect(agreed).toBe(32)
  })

  it("makes a fresh secret each time", () => {
    const { publicKey } = xWingKeyPair(seedOf(1))
    const [a, b] = [encapsulate(publicKey), encapsulate(publicKey)]
    expect(hex(a.sharedSecret)).not.toBe(hex(b.sharedSecret))
    expect(hex(a.enc)).not.toBe(hex(b.enc))
  })

  it("gives other bytes for another holder or an altered encapsulation, in either half", () => {
    const { publicKey } = xWingKeyPair(seedOf(1))
    const { enc, sharedSecret } = encapsulate(publicKey)
    const altered = (at: number) => enc.map((byte, i) => (i === at ? byte ^ 1 : byte))
    const secrets = [
      sharedSecret,
      decapsulate(seedOf(2), enc),
      decapsulate(seedOf(1), altered(0)),
      decapsulate(seedOf(1), altered(1087)),
      decapsulate(seedOf(1), altered(1088)),
      decapsulate(seedOf(1), altered(1100)),
    ]
    expect(new Set(secrets.map(hex)).size).toBe(6)
  })

  it("refuses lengths that are not the format's", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    const { publicKey } = xWingKeyPair(seedOf(1))
    const { enc } = encapsulate(publicKey)
    expect(() => xWingKeyPair(new Uint8Array(31))).toThrow(invalid)
    expect(() => encapsulate(publicKey.subarray(1))).toThrow(invalid)
    expect(() => decapsulate(new Uint8Array(33), enc)).toThrow(invalid)
    expect(() => decapsulate(seedOf(1), enc.subarray(1))).toThrow(invalid)
  })

  it("refuses a public key whose ML-KEM coefficients are not reduced (FIPS 203 §7.2)", () => {
    const { publicKey } = xWingKeyPair(seedOf(1))
    const unreduced = publicKey.map((byte, i) => (i < 3 ? 0xff : byte))
    expect(() => encapsulate(unreduced)).toThrow(expect.objectContaining({ code: "invalid_input" }))
  })
})
