import fc from "fast-check"
import { CID } from "multiformats/cid"
import { describe, expect, it } from "vitest"
import { concat, fromHex, hex } from "../../../src/base/bytes.ts"
import {
  decodeDagCbor,
  decodePaddedDagCbor,
  encodeDagCbor,
  encodePaddedDagCbor,
} from "../../../src/base/dag-cbor.ts"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"

const zeros = (length: number) => new Uint8Array(length)
const cid = CID.parse("bafkreih2fsgmj4ubo2565vfxg3pvngruy6ong4r6t3cc7ftuwtkgvrvyxa")

/** What formats hold. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, cid),
    fc.maxSafeInteger(),
    fc.string({ unit: "grapheme" }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value

/** Names, and bytes that are CBOR of some kind, but not ours. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a byte after the value", "0100"],
  ["a cut text", "6461"],
  ["a number in a long form", "1801"],
  ["a length in a long form", "5801aa"],
  ["an indefinite list", "9f01ff"],
  ["keys out of order", "a2616201616101"],
  ["a longer key before a shorter one", "a262616101616101"],
  ["a key twice", "a2616101616102"],
  ["a key that is a number", "a10101"],
  ["undefined", "f7"],
  ["a half float", "f93c00"],
  ["a whole number as a float", "fb3ff0000000000000"],
  ["minus zero", "fb8000000000000000"],
  ["not a number", "fb7ff8000000000000"],
  ["another tag than 42", "c101"],
  ["a CID without its zero byte", "d82a4101"],
  ["a text that is no UTF-8", "61ff"],
  ["a simple value", "e0"],
]

/** What is decoded, encoded again, in hexadecimal; or the name of the refusal. */
function encodedAgain(bytes: Uint8Array): string {
  try {
    return hex(encodeDagCbor(decodeDagCbor(bytes)))
  } catch (error) {
    return (error as Error).name
  }
}

describe("decodeDagCbor", () => {
  it("is the inverse of encodeDagCbor, and each value has one encoding", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeDagCbor(value)
        expect(hex(encodeDagCbor(decodeDagCbor(bytes)))).toBe(hex(bytes))
        expect(decodeDagCbor(bytes)).toEqual(value)
      }),
    )
  })

  it.each(REFUSED)("refuses %s", (_what, text) => {
    expect(() => decodeDagCbor(fromHex(text))).toThrow(InvalidInputError)
  })

  it("never takes two encodings for one value", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
        const again = encodedAgain(bytes)
        expect([hex(bytes), "InvalidInputError"]).toContain(again)
      }),
      { numRuns: 2000 },
    )
  })

  it("takes a field named __proto__ as a field, and changes no prototype", () => {
    const bytes = concat(fromHex("a1"), encodeDagCbor("__proto__"), encodeDagCbor({ own: 1 }))
    const value = decodeDagCbor(bytes) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(["__proto__"])
    expect("own" in value).toBe(false)
  })
})

describe("decodePaddedDagCbor", () => {
  it("reads what encodePaddedDagCbor wrote", () => {
    const padded = encodePaddedDagCbor([1, "two"], 20)
    expect(padded).toHaveLength(20)
    expect(decodePaddedDagCbor(padded)).toEqual([1, "two"])
  })

  it("refuses padding that is not zero, wherever it is", () => {
    for (const at of [1, 10, 19]) {
      const padded = concat(encodeDagCbor(1), zeros(19)).with(at, 1)
      expect(() => decodePaddedDagCbor(Uint8Array.from(padded))).toThrow(IntegrityError)
    }
  })

  it("refuses a value that is not canonical in front of right padding", () => {
    expect(() => decodePaddedDagCbor(concat(fromHex("1801"), zeros(4)))).toThrow(InvalidInputError)
    expect(() => decodePaddedDagCbor(zeros(0))).toThrow(InvalidInputError)
  })
})

describe("encodePaddedDagCbor", () => {
  it("refuses what does not fit", () => {
    expect(encodePaddedDagCbor("abc", 4)).toHaveLength(4)
    expect(() => encodePaddedDagCbor("abc", 3)).toThrow(InvalidInputError)
  })
})
