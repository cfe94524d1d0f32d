import { describe, expect, it } from "vitest"
import { Turns } from "../../../src/agent/turns.ts"
import { TooManyRequestsError } from "../../../src/base/errors.ts"

const ONE = Uint8Array.of(1)
const TWO = Uint8Array.of(2)

/** A promise with its handle outside. */
function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe("take", () => {
  it("runs work on one thing in order, on another at once", async () => {
    const turns = new Turns()
    const { opened, open } = gate()
    const seen: string[] = []
    const first = turns.take(ONE, async () => {
      await opened
      seen.push("first")
    })
    const second = turns.take(ONE, async () => seen.push("second"))
    await turns.take(TWO, async () => seen.push("other"))
    open()
    await Promise.all([first, second])
    expect(seen).toEqual(["other", "first", "second"])
  })

  it("goes on after work that failed", async () => {
    const turns = new Turns()
    const failing = turns.take(ONE, async () => {
      throw new Error("no")
    })
    const next = turns.take(ONE, async () => "next")
    await expect(failing).rejects.toThrow("no")
    await expect(next).resolves.toBe("next")
  })

  it("sends away who comes when too many wait, and takes them again afterwards", async () => {
    const turns = new Turns()
    const { opened, open } = gate()
    const waiting = Array.from({ length: 128 }, () => turns.take(ONE, () => opened))
    await expect(turns.take(ONE, () => opened)).rejects.toThrow(TooManyRequestsError)
    open()
    await Promise.all(waiting)
    await expect(turns.take(ONE, async () => "free")).resolves.toBe("free")
  })
})
