import { describe, expect, it } from "vitest"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import {
  type CardBody,
  fingerprintOf,
  isFingerprintOf,
  parseCard,
  parseContactCard,
  parseVaultCard,
  signCard,
} from "../../../src/vault/card.ts"
import * as sample from "./samples.ts"

const { contactBody, vaultBody, hospital, phone, words, stranger } = sample
const root = sample.partyOf("root")

describe("signCard", () => {
  it("makes a card that parses, with the root that vouches for it", async () => {
    const card = await signCard(contactBody, hospital, root)
    expect(parseContactCard(card.bytes)).toEqual({
      body: contactBody,
      root: root.key,
      bytes: card.bytes,
    })
    const vault = await signCard(vaultBody, phone, words)
    expect(parseVaultCard(vault.bytes).root).toEqual(words.key)
  })

  it("refuses a signer that does not hold the card's key, and one that signs for another", async () => {
    await expect(signCard(contactBody, stranger, root)).rejects.toThrow(IntegrityError)
    const liar = { key: root.key, sign: stranger.sign }
    await expect(signCard(contactBody, hospital, liar)).rejects.toThrow(IntegrityError)
  })

  it("refuses a body that could not be read", async () => {
    const wrong = { ...contactBody, name: "" } as CardBody
    await expect(signCard(wrong, hospital, root)).rejects.toThrow(InvalidInputError)
  })
})

describe("rotation", () => {
  it("keeps the root: a new key is the same institution, the same key under another root is not", async () => {
    const old = await signCard(contactBody, hospital, root)
    const fresh = sample.partyOf("hospital, second key")
    const { key, agreement } = fresh
    const next = await signCard(
      { ...contactBody, key, agreement, issued: contactBody.issued + 1 },
      fresh,
      root,
    )
    const foreign = await signCard(contactBody, hospital, stranger)
    expect(fingerprintOf(parseCard(next.bytes).root)).toBe(fingerprintOf(old.root))
    expect(fingerprintOf(parseCard(foreign.bytes).root)).not.toBe(fingerprintOf(old.root))
  })

  it("can't be had by putting another root's signature on an old card", async () => {
    const body = await signCard(contactBody, hospital, root)
    const forged = body.bytes.slice()
    const at = Buffer.from(forged).indexOf(Buffer.from(root.key))
    forged.set(stranger.key, at)
    expect(at).toBeGreaterThan(0)
    expect(() => parseCard(forged)).toThrow(IntegrityError)
  })
})

describe("fingerprintOf", () => {
  // By Python: base64.b32encode(hashlib.sha256(bytes(32)).digest()[:20])
  const ZERO = "MZUH-VLPY-MK6X-O3EP-YGFY-5H4O-EAEJ-OFEF"

  it("is base32 of the first 20 bytes of H(key), in groups of four", () => {
    expect(fingerprintOf(new Uint8Array(32))).toBe(ZERO)
  })

  it("is known again as people type it, and no other is", () => {
    const key = new Uint8Array(32)
    for (const typed of [
      ZERO,
      ZERO.toLowerCase(),
      ZERO.replaceAll("-", " "),
      ` ${ZERO.replaceAll("-", "")}\n`,
    ]) {
      expect(isFingerprintOf(typed, key)).toBe(true)
    }
    for (const typed of ["", ZERO.slice(0, -1), `${ZERO}A`, `B${ZERO.slice(1)}`]) {
      expect(isFingerprintOf(typed, key)).toBe(false)
    }
  })
})
