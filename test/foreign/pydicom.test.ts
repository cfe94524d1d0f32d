import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, it } from "vitest"
import { hex } from "../../src/base/bytes.ts"
import type { DicomJson, JsonAttribute } from "../../src/dicom/dicom-json.ts"
import { type Instance, readInstance } from "../../src/dicom/instance.ts"
import { fileSource } from "../../src/host/file-source.ts"
import { missingShared } from "../support/shared-data.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { isEqual, jsonDifferences } from "./json-differences.ts"
import { headerOf, ourJson, sampleFiles } from "./real-json.ts"

/** Our reader against pydicom's. */

const root = join(import.meta.dirname, "../..")
const python = join(root, ".cache/python/bin/python")
const missingPydicom =
  spawnSync(python, ["-c", "import pydicom"]).status === 0
    ? undefined
    : "pydicom is not installed in .cache/python: .ci/run does it"

/** What pydicom loses its place in: a blank VR, a data set without preamble that has DICM at 128, pixel data cut in an item. */
const MISREAD = [
  "dicom/odd/GH179A.dcm",
  "dicom/odd/no_preamble_dicm_in_data",
  "dicom/odd/emri_small_jpeg_2k_lossless_too_short.dcm",
]

interface PydicomFile {
  readonly path: string
  readonly json?: DicomJson
  readonly dataSet?: string
  readonly frames?: readonly string[] | null
}

/** What pydicom writes otherwise: "" for null; names with their empty ends; blanks behind values; private VRs from its dictionary. */
function meansTheSame(ours: JsonAttribute, theirs: JsonAttribute, tag: string): boolean {
  const isPrivate = Number.parseInt(tag.slice(0, 4), 16) % 2 === 1
  if (isEqual(ours, theirs) || (isPrivate && ours.vr === "UN")) return true
  const tidy = theirs.Value?.map(tidied)
  const value = tidy?.every((one) => one === null) ? undefined : tidy
  return isEqual(ours, { vr: theirs.vr, ...(value && { Value: value }) })
}

function tidied(value: unknown): unknown {
  if (typeof value === "string") return value.trim() === "" ? null : value.trim()
  if (typeof value !== "object" || value === null) return value
  const groups = Object.entries(value as Record<string, string>)
    .map(([group, name]) => [group, name.replace(/[\^ ]+$/, "")] as const)
    .filter(([, name]) => name !== "")
  return groups.length === 0 ? null : Object.fromEntries(groups)
}

describeIfPresent("pydicom", missingPydicom ?? missingShared("dicom"), () => {
  const files = sampleFiles().filter(({ name }) => !MISREAD.includes(name))
  const theirs = new Map<string, PydicomFile>()

  beforeAll(() => {
    const script = join(import.meta.dirname, "pydicom-reader.py")
    const input = files.map(({ path }) => path).join("\n")
    const { stdout, stderr } = spawnSync(python, [script], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    })
    if (stdout === "") throw new Error(stderr)
    for (const line of stdout.trim().split("\n")) {
      const file = JSON.parse(line) as PydicomFile
      theirs.set(file.path, file)
    }
  })

  /** Every file that both sides read, as ours and theirs. */
  async function* both(): AsyncGenerator<[name: string, path: string, Instance, PydicomFile]> {
    for (const { name, path } of files) {
      const instance = await readInstance(await fileSource(path)).catch(() => undefined)
      const other = theirs.get(path)
      if (instance && other?.json) yield [name, path, instance, other]
    }
  }

  it("writes the same JSON", async () => {
    const differing: string[] = []
    let compared = 0
    for (const { name, path } of files) {
      const ours = await ourJson(path)
      const other = theirs.get(path)?.json
      if (!ours || !other) continue
      compared++
      const differences = jsonDifferences(ours, headerOf(other), meansTheSame)
      differing.push(...differences.map((one) => `${name}${one}`))
    }
    expect(differing).toEqual([])
    expect(compared).toBeGreaterThanOrEqual(105)
  })

  it("finds the same frames, byte for byte", async () => {
    const differing: string[] = []
    const seen = { files: 0, multi: 0, fragmented: 0 }
    for await (const [name, path, { frames }, other] of both()) {
      if (!other.frames) continue
      const bytes = readFileSync(path)
      const digests = frames.map((frame) => {
        const hash = createHash("sha256")
        for (const { offset, length } of frame) hash.update(bytes.subarray(offset, offset + length))
        return hash.digest("hex")
      })
      seen.files++
      if (frames.length > 1) seen.multi++
      if (frames.some((frame) => frame.length > 1)) seen.fragmented++
      if (JSON.stringify(digests) !== JSON.stringify(other.frames)) differing.push(name)
    }
    expect(differing).toEqual([])
    expect(seen.files).toBeGreaterThanOrEqual(90)
    expect(seen.multi).toBeGreaterThanOrEqual(14)
    expect(seen.fragmented).toBeGreaterThanOrEqual(8)
  })

  it("digests the same data set behind group 2", async () => {
    const differing: string[] = []
    let compared = 0
    for await (const [name, , { dataSetDigest }, other] of both()) {
      compared++
      if (hex(dataSetDigest) !== other.dataSet) differing.push(name)
    }
    expect(differing).toEqual([])
    expect(compared).toBeGreaterThanOrEqual(95)
  })
})
