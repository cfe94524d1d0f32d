import { spawnSync } from "node:child_process"
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { DicomJson, JsonAttribute } from "../../src/dicom/dicom-json.ts"
import { readInstance } from "../../src/dicom/instance.ts"
import { reasonOf } from "../../src/dicom/refusal.ts"
import { fileSource } from "../../src/host/file-source.ts"
import { missingShared } from "../support/shared-data.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { isEqual, jsonDifferences } from "./json-differences.ts"
import { headerOf, ourJson, sampleFiles } from "./real-json.ts"

/** Our reader against DCMTK's: `dcm2json`, `dcmconv`, `dcmdump`. */

const missingDcmtk =
  spawnSync("dcm2json", ["--version"]).status === 0
    ? undefined
    : "dcmtk is not installed (Debian's package dcmtk)"

const UID_TAGS = ["0008,0016", "0008,0018", "0020,000d", "0020,000e"]
/** Options of dcmconv: explicit, big endian, implicit, deflated. */
const SYNTAXES = ["+te", "+tb", "+ti", "+td"]
/** ISO 2022 IR 87 in an item, which dcmtk's character conversion lacks. */
const UNREADABLE = "dicom/charset/chrSQEncoding.dcm"

function run(program: string, ...args: readonly string[]) {
  return spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 })
}

/** Files of these are converted: with more bytes it takes long, and shows no more. */
const SMALL = 100_000
/** Where a file breaks the rules and a conversion by dcmtk mends it: an element of no VR, of odd length, of a VR that its tag has not. */
const MENDED = new Set([
  "dicom/odd/GH179A.dcm/00280120",
  "dicom/odd/nested_priv_SQ.dcm/00010001/1/00010002",
  "dicom/mod/nm_pt/pet_1.dcm/00181200",
  "dicom/mod/nm_pt/pet_1.dcm/00880200/1/00281101",
  "dicom/mod/nm_pt/pet_1.dcm/00880200/1/00281102",
  "dicom/mod/nm_pt/pet_1.dcm/00880200/1/00281103",
])

/** What dcmtk writes otherwise: the set of its own output, UTF-8; what was written as UN; fewer digits of floats. */
function meansTheSame(ours: JsonAttribute, theirs: JsonAttribute, tag: string): boolean {
  if (isEqual(ours, theirs) || tag === "00080005" || theirs.vr === "UN") return true
  if (ours.vr !== theirs.vr || (ours.vr !== "FL" && ours.vr !== "FD")) return false
  const precision = ours.vr === "FL" ? 1e-8 : 1e-14
  const [one, other] = [ours.Value ?? [], theirs.Value ?? []] as [number[], number[]]
  return (
    one.length === other.length &&
    one.every((value, i) => Math.abs(value - (other[i] ?? 0)) <= Math.abs(value) * precision)
  )
}

describeIfPresent("dcmtk", missingDcmtk ?? missingShared("dicom"), () => {
  const files = sampleFiles()
  let folder = ""

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "medlake-dcmtk-"))
  })

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** dcmtk's JSON of a file without its pixel data, which it can't write compressed; `undefined` where it can't read it. */
  function theirJson(path: string): DicomJson | undefined {
    const whole = run("dcm2json", "-q", path)
    if (whole.status === 0) return headerOf(JSON.parse(whole.stdout) as DicomJson)
    const copy = join(folder, "copy.dcm")
    copyFileSync(path, copy)
    run("dcmodify", "-q", "-nb", "-imt", "-ea", "(7fe0,0010)", copy)
    const { status, stdout } = run("dcm2json", "-q", copy)
    return status === 0 ? headerOf(JSON.parse(stdout) as DicomJson) : undefined
  }

  it("writes the same JSON", async () => {
    const differing: string[] = []
    let compared = 0
    for (const { name, path } of files) {
      const ours = name === UNREADABLE ? undefined : await ourJson(path)
      const theirs = ours && theirJson(path)
      if (!ours || !theirs) continue
      compared++
      differing.push(...jsonDifferences(ours, theirs, meansTheSame).map((one) => `${name}${one}`))
    }
    expect(differing).toEqual([])
    expect(compared).toBeGreaterThanOrEqual(100)
  }, 120_000)

  it("finds the UIDs in the files that are stored, and lacks one in the others that it reads", async () => {
    const disagreeing: string[] = []
    const seen = { stored: 0, refused: 0 }
    for (const { name, path, dcmtk } of files) {
      if (dcmtk !== "reads") continue
      const tags = UID_TAGS.flatMap((tag) => ["+P", tag])
      const lines = run("dcmdump", "-q", "-Un", "-s", ...tags, path).stdout.split("\n")
      const found = UID_TAGS.every((tag) =>
        lines.some((line) => line.startsWith(`(${tag}) U`) && !line.includes("(no value")),
      )
      const isStored = await readInstance(await fileSource(path)).then(
        () => true,
        (error: unknown) => reasonOf(error) === undefined,
      )
      seen[isStored ? "stored" : "refused"]++
      if (isStored !== found) disagreeing.push(name)
    }
    expect(disagreeing).toEqual([])
    expect(seen).toEqual({ stored: 89, refused: 12 })
  }, 60_000)

  it.each(SYNTAXES)(
    "converts with %s to files that we read alike",
    async (option) => {
      const differing: string[] = []
      let compared = 0
      for (const { name, path } of files) {
        const copy = join(folder, "converted.dcm")
        const ours = statSync(path).size <= SMALL ? await ourJson(path) : undefined
        if (!ours || run("dcmconv", "-q", option, path, copy).status !== 0) continue
        const differences = jsonDifferences(
          ours,
          (await ourJson(copy)) ?? {},
          (one, other, tag) => {
            const isPrivate = Number.parseInt(tag.slice(0, 4), 16) % 2 === 1
            const isLost = option === "+ti" && (isPrivate || one.vr === "UN")
            return isEqual(one, other) || isLost
          },
        )
        compared++
        const paths = differences.map((one) => `${name}${one}`)
        differing.push(...paths.filter((one) => !MENDED.has(one.split(":", 1)[0] ?? "")))
      }
      expect(differing).toEqual([])
      expect(compared).toBeGreaterThanOrEqual(30)
    },
    120_000,
  )
})
