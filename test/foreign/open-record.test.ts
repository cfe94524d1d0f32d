import { execFileSync, spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, it } from "vitest"
import { hex } from "../../src/base/bytes.ts"
import type { Manifest } from "../../src/record/manifest.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { readVectors } from "../vectors/written.ts"

const root = join(import.meta.dirname, "../..")
const python = join(root, ".cache/python/bin/python")
const missing =
  spawnSync(python, ["-c", "import cryptography"]).status === 0
    ? undefined
    : "PyPI's cryptography is not installed in .cache/python: .ci/run does it"

describeIfPresent("outsider", missing, () => {
  it("opens a record by docs/FORMAT.md alone, and derives and refuses as the vectors say", () => {
    const output = execFileSync(python, [
      join(import.meta.dirname, "open-record.py"),
      join(root, "test/vectors"),
    ])
    const manifest = readVectors("manifest").cases[0]?.reads as Manifest
    expect(JSON.parse(output.toString())).toEqual({
      computed: 14,
      refused: 18,
      files: manifest.parts.map((part) => hex(part.sha256)),
    })
    expect(manifest.parts.length).toBeGreaterThan(1)
  })
})
