import { readFile } from "node:fs/promises"
import { dirname, relative } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { filesAt } from "../../src/host/upload-files.ts"
import { type FileOutcome, upload } from "../../src/lake/upload.ts"
import { type RealFile, realDicomFiles } from "../support/dicom-catalogue.ts"
import { fetchedBytes, type Imaging, openImaging, storedNames } from "../support/imaging.ts"
import { missingShared, sharedData, sharedPath } from "../support/shared-data.ts"
import { describeIfPresent } from "../support/skipped.ts"

/** What became of files, by name below the data's folder. */
type Outcomes = Map<string, FileOutcome>

/** Uploads the files at some paths in one call. */
async function uploadAt({ world, job }: Imaging, paths: readonly string[], into: Outcomes) {
  const several = { ...job, severalPatients: true }
  const { files, records } = await upload(world.context, several, await filesAt(paths))
  for (const file of files) into.set(relative(sharedData, file.name).replaceAll("\\", "/"), file)
  return { files, records }
}

/** Compares what came out with what went in. */
async function compareFiles(
  files: readonly RealFile[],
  outcomes: Outcomes,
  fetched: ReadonlyMap<string, readonly Buffer[]>,
) {
  const differing: string[] = []
  let compared = 0
  for (const { name, path } of files) {
    const uid = outcomes.get(name)?.sopInstanceUid
    if (uid === undefined) continue
    const bytes = await readFile(path)
    const versions = fetched.get(uid) ?? []
    if (!versions.some((one) => Buffer.compare(one, bytes) === 0)) differing.push(name)
    compared++
  }
  return { differing, compared }
}

/** `stored`, `new-version`, … or the reason of a refusal. */
function outcomeOf(file: FileOutcome | undefined): string {
  return file?.reason === undefined ? (file?.outcome ?? "-") : `refused: ${reasonOf(file)}`
}

function reasonOf({ reason = "" }: FileOutcome): string {
  return reason.slice(0, reason.indexOf(":"))
}

function countBy(outcomes: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

describeIfPresent("real data", missingShared("dicom"), () => {
  const files = realDicomFiles()
  const singles = files.filter(({ dcmtk }) => dcmtk !== undefined)
  const alone: Outcomes = new Map()
  const inFolder: Outcomes = new Map()
  let one: Imaging
  let other: Imaging

  beforeAll(async () => {
    one = await openImaging()
    other = await openImaging()
  })

  afterAll(async () => {
    await one?.world.close()
    await other?.world.close()
  })

  it("is refused as a folder of several patients, and nothing is sent", async () => {
    const { world, job } = one
    const before = await storedNames(one)
    const mixed = await filesAt([sharedPath("dicom/dicomdir/dicomdirtests")])
    expect(mixed).toHaveLength(33)
    await expect(upload(world.context, job, mixed)).rejects.toThrow(/of 2 patients/)
    expect(await storedNames(one)).toEqual(before)
  })

  it("goes in file by file, series and media sets as a whole", async () => {
    const units = new Map(
      files.map(({ name, path, folder }) => [folder ?? name, folder ? sharedPath(folder) : path]),
    )
    const untidy: string[] = []
    for (const [unit, path] of units) {
      const before = await storedNames(one)
      const { files: told, records } = await uploadAt(one, [path], alone)
      const isRefused = told.every(({ outcome }) => outcome === "refused")
      const isUntouched = records.length === 0 && (await storedNames(one)).length === before.length
      if (isRefused !== isUntouched) untidy.push(unit)
    }
    expect(untidy).toEqual([])
    expect(alone.size).toBe(files.length)
  }, 180_000)

  it("goes in folder by folder", async () => {
    const folders = new Set(singles.map(({ path }) => dirname(path)))
    for (const folder of folders) await uploadAt(other, [folder], inFolder)
    expect(folders.size).toBeGreaterThanOrEqual(15)
    expect(inFolder.size).toBe(singles.length)
  })

  it("adds nothing the second time", async () => {
    const again: Outcomes = new Map()
    const before = await storedNames(one)
    const { records } = await uploadAt(one, [sharedPath("dicom")], again)
    expect(records).toEqual([])
    expect(await storedNames(one)).toEqual(before)
    const counts = countBy([...again.values()].map(({ outcome }) => outcome))
    const refused = [...alone.values()].filter(({ outcome }) => outcome === "refused").length
    expect(counts).toEqual({ exists: files.length - refused, refused })
  })

  it("comes out byte for byte", async () => {
    for (const [party, outcomes] of [
      [one, alone],
      [other, inFolder],
    ] as const) {
      const fetched = await fetchedBytes(party)
      const { differing, compared } = await compareFiles(files, outcomes, fetched)
      expect(differing).toEqual([])
      expect(compared).toBe(
        [...outcomes.values()].filter(({ outcome }) => outcome !== "refused").length,
      )
    }
  })

  it("is stored where dcmtk reads it and it has its UIDs, and refused where dcmtk fails", () => {
    const reasons = (verdict: "reads" | "fails") =>
      countBy(
        singles
          .filter(({ dcmtk }) => dcmtk === verdict)
          .map(({ name }) => outcomeOf(alone.get(name))),
      )
    expect(reasons("reads")).toEqual({
      stored: 76,
      "new-version": 13,
      "refused: missing-uid": 11,
      "refused: no-transfer-syntax": 1,
    })
    expect(reasons("fails")).toEqual({
      "refused: empty": 1,
      "refused: missing-uid": 1,
      "refused: not-dicom": 3,
      "refused: truncated": 5,
    })
  })

  it("has the pinned table", async () => {
    const width = Math.max(...files.map(({ name }) => name.length))
    const lines = files.map(({ name }) =>
      [name.padEnd(width), outcomeOf(alone.get(name)).padEnd(30), outcomeOf(inFolder.get(name))]
        .join("  ")
        .trimEnd(),
    )
    const table = [
      `${"file".padEnd(width)}  ${"alone".padEnd(30)}  in its folder`,
      ...lines,
      "",
    ].join("\n")
    process.stdout.write(table)
    await expect(table).toMatchFileSnapshot("real-data.table.txt")
    expect(lines).toHaveLength(270)
  })
})
