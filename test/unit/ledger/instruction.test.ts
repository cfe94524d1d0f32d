import {
  Address,
  generateMosaicId,
  metadataGenerateKey,
  metadataUpdateValue,
} from "symbol-sdk/symbol"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import {
  applyMetadataDelta,
  metadataDelta,
  metadataKeyOf,
  mosaicIdOf,
} from "../../../src/ledger/index.ts"
import { ALICE, party } from "./fixtures.ts"

describe("mosaicIdOf", () => {
  it("is what the SDK computes", () => {
    let seen = 0
    for (let n = 1; n <= 20; n++) {
      const owner = party(n).address
      for (const nonce of [0, n, 0xffffffff]) {
        const address = new Address(owner.slice())
        expect(mosaicIdOf(owner, nonce)).toBe(generateMosaicId(address, nonce))
        seen++
      }
    }
    expect(seen).toBe(60)
  })

  it("refuses an owner that is no address", () => {
    expect(() => mosaicIdOf(ALICE.key, 0)).toThrow(InvalidInputError)
  })
})

describe("metadataKeyOf", () => {
  it("is what the SDK computes", () => {
    for (const text of ["medlake", "", "ärztin"]) {
      expect(metadataKeyOf(text)).toBe(metadataGenerateKey(text))
    }
  })
})

describe("metadataDelta", () => {
  const cases = [
    [undefined, "first"],
    ["first", "other"],
    ["first", "longer than first"],
    ["first and longer", "first"],
    ["gone", ""],
  ] as const

  it.each(cases)("turns %o into %o and back, by the SDK's rules", (old, next) => {
    const before = old === undefined ? undefined : utf8(old)
    const change = metadataDelta(before, utf8(next))
    expect(change.valueSizeDelta).toBe(next.length - (old?.length ?? 0))
    const bySdk = before ? metadataUpdateValue(before, utf8(next)) : utf8(next)
    expect(Buffer.compare(change.value, bySdk)).toBe(0)
    expect(Buffer.compare(applyMetadataDelta(before, change), utf8(next))).toBe(0)
  })

  it("refuses a change that changes nothing", () => {
    expect(() => metadataDelta(utf8("same"), utf8("same"))).toThrow(InvalidInputError)
  })

  it("refuses more than 1024 bytes", () => {
    expect(() => metadataDelta(undefined, new Uint8Array(1025))).toThrow(InvalidInputError)
    expect(metadataDelta(undefined, new Uint8Array(1024)).value.length).toBe(1024)
  })
})

describe("applyMetadataDelta", () => {
  it("refuses a change made against a value of another size", () => {
    const change = metadataDelta(utf8("old"), utf8("newer"))
    expect(() => applyMetadataDelta(utf8("older than that"), change)).toThrow(IntegrityError)
  })

  it("refuses a shortening made against another value", () => {
    const change = metadataDelta(utf8("abcdef"), utf8("abc"))
    expect(() => applyMetadataDelta(utf8("abcxyz"), change)).toThrow(IntegrityError)
  })
})
