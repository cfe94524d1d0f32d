import { describe, expect, it } from "vitest"
import { printable } from "../../../src/cli/output.ts"

describe("what is printed for people", () => {
  it("steers no terminal, whatever a description holds", () => {
    const clear = "\u001b[2J\u001b]0;owned\u0007"
    const turned = "a\u202eb\u2066c"
    expect(printable(`CT ${clear}\rhead`)).toBe("CT \ufffd[2J\ufffd]0;owned\ufffd\ufffdhead")
    expect(printable(turned)).toBe("a\ufffdb\ufffdc")
    expect(printable("\u009b31m")).toBe("\ufffd31m")
  })

  it("keeps lines, tabs and every language", () => {
    const text = "│ Schädel\tCT\n│ 頭部 Ω é 👩‍⚕️"
    expect(printable(text)).toBe(text)
  })
})
