import * as dagCbor from "@ipld/dag-cbor"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { equal, fromHex } from "../../../src/base/bytes.ts"
import { decodeDagCbor, decodePaddedDagCbor } from "../../../src/base/dag-cbor.ts"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import { cidOfBytes } from "../../../src/cid/cid.ts"

/** Values as objects here hold them. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer({ min: -300, max: 70_000 }),
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => cidOfBytes(bytes)),
    fc.array(tie("value"), { maxLength: 30 }),
    fc.dictionary(
      fc.string({ unit: "grapheme", maxLength: 30 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { noNullPrototype: true, maxKeys: 30 },
    ),
  ),
})).value

/** Whether @ipld/dag-cbor reads these bytes as one value and writes the same bytes for it. */
function isCanonicalThere(bytes: Uint8Array): boolean {
  try {
    return equal(dagCbor.encode(dagCbor.decode(bytes)), bytes)
  } catch {
    return false
  }
}

function mayBeRefusedHere(bytes: Uint8Array): boolean {
  return (
    [0xfb, 0x1b, 0x3b].some((byte) => bytes.includes(byte)) ||
    Buffer.from(bytes).includes("__proto__")
  )
}

function decoded(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decodeDagCbor(bytes) }
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined
    throw error
  }
}

describe("decodeDagCbor", () => {
  it("reads what @ipld/dag-cbor writes", () => {
    let seen = 0
    fc.assert(
      fc.property(values, (value) => {
        seen += 1
        expect(decodeDagCbor(dagCbor.encode(value))).toEqual(dagCbor.decode(dagCbor.encode(value)))
      }),
      { numRuns: 500 },
    )
    expect(seen).toBeGreaterThanOrEqual(500)
  })

  it("takes changed bytes only where they are what @ipld/dag-cbor would write", () => {
    const counts = { taken: 0, refused: 0 }
    const change = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      cut: fc.nat(9),
    })
    fc.assert(
      fc.property(values, change, (value, { at, byte, cut }) => {
        const bytes = Uint8Array.from(dagCbor.encode(value))
        bytes[at % bytes.length] = byte
        const changed = cut === 0 ? bytes.subarray(0, at % bytes.length) : bytes
        const found = decoded(changed)
        if (found) counts.taken += 1
        else counts.refused += 1
        // Floats, integers beyond 2^53 - 1 and prototypes are refused here alone.
        const isRight = found
          ? equal(dagCbor.encode(found.value), changed)
          : !isCanonicalThere(changed) || mayBeRefusedHere(changed)
        expect(isRight).toBe(true)
      }),
      { numRuns: 2000 },
    )
    expect(counts.taken).toBeGreaterThan(50)
    expect(counts.refused).toBeGreaterThan(50)
  })

  const refused: readonly (readonly [what: string, bytes: string])[] = [
    ["nothing", ""],
    ["a value that ends early", "420a"],
    ["a list that ends early", "8201"],
    ["bytes behind the value", "0100"],
    ["an integer in two bytes where one does", "1817"],
    ["an integer in three bytes where two do", "1900ff"],
    ["an integer in five bytes where three do", "1a0000ffff"],
    ["an integer in nine bytes where five do", "1b00000000ffffffff"],
    ["an integer beyond 2^53 - 1", "1b0020000000000000"],
    ["an integer below -(2^53 - 1)", "3b001fffffffffffff"],
    ["a length in two bytes where one does", "580141"],
    ["bytes of no length said before", "5f4101ff"],
    ["a list of no length said before", "9f01ff"],
    ["keys out of order", "a2616201616101"],
    ["a longer key before a shorter one", "a262616101616201"],
    ["a key twice", "a2616101616102"],
    ["a key that is a number", "a10101"],
    ["undefined", "f7"],
    ["a float of 16 bits", "f93c00"],
    ["a float of 64 bits", "fb3ff8000000000000"],
    ["a simple value in two bytes", "f8ff"],
    ["text that is not UTF-8", "61ff"],
    ["another tag", "c001"],
    ["a CID of no prefix", "d82a4101"],
    ["a CID that is text", "d82a6101"],
    ["more levels than anything has", `${"81".repeat(65)}01`],
  ]
  it.each(refused)("refuses %s", (_what, bytes) => {
    expect(() => decodeDagCbor(fromHex(bytes))).toThrow(InvalidInputError)
  })

  it("takes the largest integers", () => {
    expect(decodeDagCbor(fromHex("1b001fffffffffffff"))).toBe(Number.MAX_SAFE_INTEGER)
    expect(decodeDagCbor(fromHex("3b001ffffffffffffe"))).toBe(Number.MIN_SAFE_INTEGER)
  })

  it("gives bytes memory of their own", () => {
    const bytes = fromHex("43010203")
    const value = decodeDagCbor(bytes) as Uint8Array
    bytes.fill(0)
    expect([...value]).toEqual([1, 2, 3])
    expect(value.buffer.byteLength).toBe(3)
  })
})

describe("decodePaddedDagCbor", () => {
  it("takes zeros behind the value, and nothing else", () => {
    expect(decodePaddedDagCbor(fromHex("820102000000"))).toEqual([1, 2])
    expect(() => decodePaddedDagCbor(fromHex("820102000100"))).toThrow(IntegrityError)
    expect(() => decodePaddedDagCbor(fromHex("8201f7"))).toThrow(InvalidInputError)
  })
})
