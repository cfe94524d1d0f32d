import { ed25519 } from "@noble/curves/ed25519.js"
import fc from "fast-check"
import { PrivateKey, PublicKey } from "symbol-sdk"
import { KeyPair, MessageEncoder, SymbolFacade } from "symbol-sdk/symbol"
import { describe, expect, it } from "vitest"
import { fromHex, hex } from "../../../src/base/bytes.ts"
import { publicKeyOf } from "../../../src/crypto/ed25519.ts"
import { messageKey } from "../../../src/crypto/symbol-agreement.ts"
import { decodeMessage, encodeMessage } from "../../../src/ledger/index.ts"

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
const alice = new Uint8Array(32).fill(1)
const bob = new Uint8Array(32).fill(2)

describe("messageKey", () => {
  it("is the SDK's shared key, from either end", () => {
    let seen = 0
    fc.assert(
      fc.property(seeds, seeds, (seed, peerSeed) => {
        const peer = publicKeyOf(peerSeed)
        const theirs = SymbolFacade.deriveSharedKey(
          new KeyPair(new PrivateKey(seed.slice())),
          new PublicKey(peer.slice()),
        )
        expect(hex(messageKey(seed, peer))).toBe(hex(theirs.bytes))
        expect(hex(messageKey(peerSeed, publicKeyOf(seed)))).toBe(hex(theirs.bytes))
        seen++
      }),
      { numRuns: 30 },
    )
    expect(seen).toBe(30)
  })

  it("reads the SDK's encrypted messages and writes ones that it reads, of any length", () => {
    let seen = 0
    for (const length of [0, 1, 31, 32, 320, 995]) {
      const text = Uint8Array.from({ length }, (_, i) => i * 7)
      const key = messageKey(alice, publicKeyOf(bob))
      const sdkOf = (seed: Uint8Array) =>
        new MessageEncoder(new KeyPair(new PrivateKey(seed.slice())))
      const theirs = sdkOf(bob).encode(new PublicKey(publicKeyOf(alice)), text)
      expect(hex(decodeMessage(key, theirs) as Uint8Array)).toBe(hex(text))
      const ours = encodeMessage(key, text, new Uint8Array(12).fill(length & 255))
      const read = sdkOf(bob).tryDecode(new PublicKey(publicKeyOf(alice)), ours)
      expect(read.isDecoded).toBe(true)
      expect(hex(read.message)).toBe(hex(text))
      seen += 2
    }
    expect(seen).toBe(12)
  })

  it("refuses a peer of small or mixed order, whose product would give the seed's bits away", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    const small = ed25519.Point.fromHex(
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    )
    const torsion = [small]
    while (torsion.length < 7) torsion.push((torsion.at(-1) as typeof small).add(small))
    const right = ed25519.Point.fromBytes(publicKeyOf(bob))
    for (const point of torsion) {
      expect(() => messageKey(alice, point.toBytes())).toThrow(invalid)
      expect(() => messageKey(alice, right.add(point).toBytes())).toThrow(invalid)
    }
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(7)
    expect(() => messageKey(alice, ed25519.Point.ZERO.toBytes())).toThrow(invalid)
  })

  it("refuses bytes that are no canonical point", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    // y = 2 is on no point; y = 2^255 − 18 is 1 written with p added.
    const noPoint = fromHex(`02${"00".repeat(31)}`)
    const unreduced = fromHex(`ee${"ff".repeat(30)}7f`)
    for (const peer of [noPoint, unreduced, new Uint8Array(32).fill(0xff)])
      expect(() => messageKey(alice, peer)).toThrow(invalid)
  })

  it("refuses other lengths", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    expect(() => messageKey(alice.subarray(1), publicKeyOf(bob))).toThrow(invalid)
    expect(() => messageKey(alice, publicKeyOf(bob).subarray(1))).toThrow(invalid)
  })
})
