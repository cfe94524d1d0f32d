import { describe, expect, it } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../../src/base/bytes.ts"
import { publicKeyOf, signBytes } from "../../../src/crypto/ed25519.ts"
import { signedBytes, signFor, verifyFor } from "../../../src/crypto/sign.ts"

const seed = new Uint8Array(32).fill(7)
const publicKey = publicKeyOf(seed)
const ctx = [new Uint8Array(32).fill(1), new Uint8Array(24).fill(2), new Uint8Array(24).fill(3), 0]
const body = utf8("a body")

/** Every purpose that docs/FORMAT.md signs for. */
const PURPOSES = [
  "manifest",
  "card",
  "card-root",
  "deposit",
  "query",
  "hand-over",
  "keep-link",
  "drop-link",
  "store",
]

describe("signedBytes", () => {
  it("is purpose, zero, cbor of the context, body, written out by hand", () => {
    const expected = concat(
      utf8("medlake/v1/manifest"),
      Uint8Array.of(0),
      fromHex("84"),
      ...[32, 24, 24].map((length, i) =>
        concat(Uint8Array.of(0x58, length), new Uint8Array(length).fill(i + 1)),
      ),
      Uint8Array.of(0),
      body,
    )
    expect(hex(signedBytes("manifest", ctx, body))).toBe(hex(expected))
    expect(hex(signedBytes("card", null, body))).toBe(
      hex(concat(utf8("medlake/v1/card\0"), fromHex("f6"), body)),
    )
  })

  it("is never bare: it begins with its purpose, whatever the body", () => {
    const transactionHash = new Uint8Array(32).fill(0xab)
    const bytes = signedBytes("store", null, transactionHash)
    expect(bytes.length).toBeGreaterThan(32)
    expect(hex(bytes.subarray(0, 11))).toBe(hex(utf8("medlake/v1/")))
  })
})

describe("verifyFor", () => {
  it.each(PURPOSES)("takes a signature for %s for no other purpose", (purpose) => {
    const signature = signFor(purpose, ctx, body, seed)
    const taken = PURPOSES.filter((each) => verifyFor(each, ctx, body, publicKey, signature))
    expect(taken).toEqual([purpose])
  })

  it("refuses another context, body or key", () => {
    const signature = signFor("manifest", ctx, body, seed)
    const otherKey = publicKeyOf(new Uint8Array(32).fill(8))
    expect(verifyFor("manifest", [...ctx.slice(0, 3), 1], body, publicKey, signature)).toBe(false)
    expect(verifyFor("manifest", null, body, publicKey, signature)).toBe(false)
    expect(verifyFor("manifest", ctx, utf8("a bodx"), publicKey, signature)).toBe(false)
    expect(verifyFor("manifest", ctx, new Uint8Array(), publicKey, signature)).toBe(false)
    expect(verifyFor("manifest", ctx, body, otherKey, signature)).toBe(false)
  })

  it("refuses a signature over the bare body, such as a cosignature over a hash", () => {
    const hash = new Uint8Array(32).fill(9)
    const cosignature = signBytes(seed, hash)
    expect(verifyFor("manifest", ctx, hash, publicKey, cosignature)).toBe(false)
    expect(verifyFor("manifest", null, hash, publicKey, cosignature)).toBe(false)
  })

  it("lets no byte move between purpose and context or context and body", () => {
    // cbor(0) is the byte 00, as the separator is.
    const signature = signFor("card", 0, utf8("x"), seed)
    expect(verifyFor("card\0", 0, utf8("x"), publicKey, signature)).toBe(false)
    expect(verifyFor("card", 0, utf8("\0x"), publicKey, signature)).toBe(false)
    const other = signFor("card", Uint8Array.of(1, 2), utf8("x"), seed)
    expect(verifyFor("card", Uint8Array.of(1), utf8("\u0002x"), publicKey, other)).toBe(false)
  })
})
