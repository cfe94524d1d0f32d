import fc from "fast-check"
import { PublicKey } from "symbol-sdk"
import { Address, Network, SymbolFacade } from "symbol-sdk/symbol"
import { describe, expect, it } from "vitest"
import { fromHex, hex } from "../../../src/base/bytes.ts"
import { addressOf, formatAddress, parseAddress } from "../../../src/crypto/address.ts"

const MAINNET = 0x68
const TESTNET = 0x98
const PRIVATE = 0xa8
const key = fromHex("2e834140fd66cf87b254a693a2c7862c819217b676d3943267156625e816ec6f")

describe("addressOf", () => {
  it("is the SDK's address on mainnet, testnet and a network of one's own", () => {
    const networks = [
      [MAINNET, Network.MAINNET],
      [TESTNET, Network.TESTNET],
      [PRIVATE, new Network("private", PRIVATE, new Date(0), Network.TESTNET.generationHashSeed)],
    ] as const
    let seen = 0
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        for (const [byte, network] of networks) {
          const theirs = new SymbolFacade(network).network.publicKeyToAddress(
            new PublicKey(publicKey.slice()),
          )
          const ours = addressOf(publicKey, byte)
          expect(hex(ours)).toBe(hex(theirs.bytes))
          expect(formatAddress(ours)).toBe(theirs.toString())
          expect(hex(parseAddress(theirs.toString()))).toBe(hex(ours))
          seen++
        }
      }),
      { numRuns: 50 },
    )
    expect(seen).toBe(150)
  })

  it("refuses a key of another length", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    expect(() => addressOf(key.subarray(1), MAINNET)).toThrow(invalid)
  })
})

describe("parseAddress", () => {
  const text = formatAddress(addressOf(key, TESTNET))

  it("reads what people type: hyphens, spaces, lower case", () => {
    const grouped = text.match(/.{1,6}/g) as string[]
    expect(text).toHaveLength(39)
    for (const typed of [grouped.join("-"), grouped.join(" "), ` ${text.toLowerCase()} `])
      expect(hex(parseAddress(typed))).toBe(hex(addressOf(key, TESTNET)))
  })

  it("refuses every single mistyped character, as the SDK's checksum does", () => {
    let refused = 0
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === "A" ? "Q" : "A"
      const typed = text.slice(0, at) + other + text.slice(at + 1)
      expect(() => parseAddress(typed)).toThrow(expect.objectContaining({ code: "invalid_input" }))
      if (!Network.TESTNET.isValidAddressString(typed)) refused++
    }
    expect(refused).toBe(39)
  })

  it("refuses what is no address: too short, too long, foreign characters, empty", () => {
    const invalid = expect.objectContaining({ code: "invalid_input" })
    for (const wrong of [text.slice(1), `${text}A`, text.replace(/./, "1"), "", "ä".repeat(39)])
      expect(() => parseAddress(wrong)).toThrow(invalid)
  })

  it("prints bytes of 24 only, as the SDK prints them", () => {
    const address = addressOf(key, MAINNET)
    expect(formatAddress(address)).toBe(new Address(address.slice()).toString())
    expect(() => formatAddress(address.subarray(1))).toThrow(
      expect.objectContaining({ code: "invalid_input" }),
    )
  })
})
