import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Tally } from "../../../scripts/test-tally.ts"

const project = fileURLToPath(new URL("../../..", import.meta.url))
const skipped = join(project, "test/support/skipped.ts")

let folder: string

beforeEach(() => {
  // Inside the project, where vitest can be imported from.
  mkdirSync(join(project, ".cache"), { recursive: true })
  folder = mkdtempSync(join(project, ".cache/tally-"))
})

afterEach(() => rmSync(folder, { recursive: true }))

/** The tally and exit code of a vitest run over one test file. */
function tally(source: string, required = "") {
  const text = `import { describe, expect, it } from "vitest"
import { describeIfPresent, skipSuite } from ${JSON.stringify(skipped)}
${source}`
  writeFileSync(join(folder, "some.test.ts"), text)
  writeFileSync(join(folder, "vitest.config.ts"), "export default {}")
  const file = join(folder, "tally.json")
  const reporter = join(project, "scripts/test-tally.ts")
  const args = ["run", "--root", folder, `--reporter=${reporter}`, "--maxWorkers=1"]
  const env = { ...process.env, MEDLAKE_TALLY: file, MEDLAKE_REQUIRE: required }
  const vitest = join(project, "node_modules/vitest/vitest.mjs")
  spawnSync(process.execPath, [vitest, ...args], { cwd: folder, env })
  return JSON.parse(readFileSync(file, "utf8")) as Tally
}

const MIXED = `
it("adds", () => { expect(2).toBe(2) })
it("fails", () => { expect(2).toBe(3) })
it.skip("silent", () => {})
skipSuite("tink", "no Python")
describeIfPresent("dcmtk", "no dcmdump", () => { it("never runs", () => { throw new Error("ran") }) })
describeIfPresent("node", undefined, () => { it("runs", () => { expect(2).toBe(2) }) })
`

describe("the tally", () => {
  it("counts passed, failed and skipped, and refuses a skip without a reason", () => {
    const { passed, failed, skips, others } = tally(MIXED, "")
    expect({ passed, failed }).toEqual({ passed: 2, failed: 2 })
    expect(others).toEqual([expect.stringContaining("silent: skipped without a reason")])
    expect(skips).toEqual([
      { test: "some.test.ts › suite tink", reason: "no Python" },
      { test: "some.test.ts › suite dcmtk", reason: "no dcmdump" },
    ])
  })

  it("counts a skipped suite that is required as failed, and only that one", () => {
    const { passed, failed, skips } = tally(MIXED, "other, tink")
    expect({ passed, failed }).toEqual({ passed: 2, failed: 3 })
    expect(skips.map(({ reason }) => reason)).toEqual(["no dcmdump"])
  })

  it("counts a file that cannot be loaded as failed", () => {
    const { passed, failed, others } = tally(`throw new Error("cannot load")`)
    expect({ passed, failed }).toEqual({ passed: 0, failed: 1 })
    expect(others).toEqual(["some.test.ts: cannot load"])
  })

  it("counts an error outside every test as failed", () => {
    const stray = `it("passes", async () => {
      process.nextTick(() => { throw new Error("stray") })
      await new Promise((resolve) => setImmediate(resolve))
      expect(2).toBe(2)
    })`
    const { passed, failed, others } = tally(stray)
    expect({ passed, failed }).toEqual({ passed: 1, failed: 1 })
    expect(others).toEqual(["outside every test: stray"])
  })
})
