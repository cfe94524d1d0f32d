import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import { REFUSALS, reasonOf, refuse } from "../../../src/dicom/refusal.ts"

const page = readFileSync(new URL("../../../docs/dicom.md", import.meta.url), "utf8")

describe("refusals", () => {
  it("are the rows of docs/dicom.md", () => {
    const [, table = ""] = page.split("## What is refused")
    const rows = [...table.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, reason]) => reason)
    expect(new Set(rows)).toEqual(new Set(REFUSALS))
    expect(rows).toHaveLength(REFUSALS.length)
    expect(rows.length).toBeGreaterThanOrEqual(9)
  })

  it("are told by the beginning of their sentence", () => {
    expect(REFUSALS.map((reason) => reasonOf(refuse(reason)))).toEqual(REFUSALS)
    expect(reasonOf(new InvalidInputError("truncation: no refusal"))).toBeUndefined()
    expect(reasonOf("truncated: no error")).toBeUndefined()
  })

  it("are of two kinds: damage, and the wrong kind of file", () => {
    expect(REFUSALS.filter((reason) => refuse(reason) instanceof IntegrityError)).toEqual([
      "malformed",
      "truncated",
    ])
  })
})
