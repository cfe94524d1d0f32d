import { PrivateKey, PublicKey } from "symbol-sdk"
import { KeyPair, MessageEncoder } from "symbol-sdk/symbol"
import { describe, expect, it } from "vitest"
import { InvalidInputError } from "../../../src/base/errors.ts"
import { messageKey } from "../../../src/crypto/symbol-agreement.ts"
import { decodeMessage, encodeMessage, MAX_MESSAGE_TEXT } from "../../../src/ledger/index.ts"
import { ALICE, BOB, CAROL } from "./fixtures.ts"

const key = messageKey(ALICE.seed, BOB.key)
const iv = new Uint8Array(12).fill(9)
const text = Uint8Array.from({ length: 300 }, (_, i) => i)
const encoderOf = (seed: Uint8Array) =>
  new MessageEncoder(new KeyPair(new PrivateKey(seed.slice())))

describe("encodeMessage", () => {
  it("is read by the SDK of the recipient", () => {
    const message = encodeMessage(key, text, iv)
    const sender = new PublicKey(ALICE.key.slice())
    const read = encoderOf(BOB.seed).tryDecode(sender, message)
    expect(read.isDecoded).toBe(true)
    expect(Buffer.compare(read.message, text)).toBe(0)
  })

  it("fills a transfer's message at 995 bytes of text and refuses one more", () => {
    expect(encodeMessage(key, new Uint8Array(MAX_MESSAGE_TEXT), iv).length).toBe(1024)
    expect(() => encodeMessage(key, new Uint8Array(MAX_MESSAGE_TEXT + 1), iv)).toThrow(
      InvalidInputError,
    )
  })

  it("refuses a key or an IV of another length", () => {
    expect(() => encodeMessage(key.subarray(1), text, iv)).toThrow(InvalidInputError)
    expect(() => encodeMessage(key, text, iv.subarray(1))).toThrow(InvalidInputError)
  })
})

describe("decodeMessage", () => {
  it("reads what the SDK of the sender wrote, from either end", () => {
    const message = encoderOf(ALICE.seed).encode(new PublicKey(BOB.key.slice()), text)
    const fromOtherEnd = messageKey(BOB.seed, ALICE.key)
    for (const shared of [key, fromOtherEnd]) {
      expect(Buffer.compare(decodeMessage(shared, message) ?? new Uint8Array(), text)).toBe(0)
    }
  })

  it("gives back an empty text", () => {
    expect(decodeMessage(key, encodeMessage(key, new Uint8Array(), iv))).toEqual(new Uint8Array())
  })

  it("finds nothing in a message for another account", () => {
    const foreign = messageKey(CAROL.seed, ALICE.key)
    expect(decodeMessage(foreign, encodeMessage(key, text, iv))).toBeUndefined()
  })

  it("finds nothing in an altered message, whichever part", () => {
    for (const at of [1, 17, 29, 328]) {
      const message = encodeMessage(key, text, iv)
      message[at] = (message[at] as number) ^ 1
      expect(decodeMessage(key, message)).toBeUndefined()
    }
  })

  it("finds nothing in a message of another kind or too short for its header", () => {
    const message = encodeMessage(key, new Uint8Array(), iv)
    const plain = Uint8Array.from(message)
    plain[0] = 0
    expect(decodeMessage(key, plain)).toBeUndefined()
    for (let length = 0; length < 29; length++) {
      expect(decodeMessage(key, message.subarray(0, length))).toBeUndefined()
    }
  })
})
