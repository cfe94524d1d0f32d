import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { Secret } from "../../../src/base/secret.ts"

describe("Secret", () => {
  const secret = new Secret(utf8("do not print"))

  it("is hidden in every way by which objects get printed", () => {
    const printed = [
      String(secret),
      "".concat(secret as unknown as string),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ deep: { secret } }, { depth: 9, showHidden: true }),
      Object.keys(secret).join(),
    ]
    for (const text of printed) {
      expect(text).not.toMatch(/print|100|64,6f/)
    }
  })

  it("reveals its bytes, until they are wiped", () => {
    const bytes = utf8("key")
    const own = new Secret(bytes)
    expect(own.reveal()).toBe(bytes)
    own.wipe()
    expect([...bytes]).toEqual([0, 0, 0])
  })
})
