/**
 * The DICOM files of the shared data and what its README says of each: read there, not copied, so that the two can't part.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { sharedPath } from "./shared-data.ts"

/** One file of the shared data. */
export interface RealFile {
  /** Below the data's folder, such as `dicom/ts/MR_small.dcm`. */
  readonly name: string
  readonly path: string
  /** Whether dcmtk reads it, by the README; undefined where the README lists its folder only. */
  readonly dcmtk: "reads" | "fails" | undefined
  /** The folder of its series or media set, where the README lists one. */
  readonly folder: string | undefined
}

/** Below this folder lie the DICOM files. */
const DICOM = "dicom"

/**
 * Every file below `dicom`, by name.
 * @throws {Error} when README and folder disagree: a file that it does not list, or a listed one that is missing
 */
export function realDicomFiles(): RealFile[] {
  const rows = readRows()
  const singles = new Map(rows.filter(({ kind }) => kind === "path").map((row) => [row.name, row]))
  const folders = rows.filter(({ kind }) => kind === "folder").map(({ name }) => name)
  const files = filesBelow(sharedPath(DICOM)).map((path): RealFile => {
    const name = relative(sharedPath("."), path).replaceAll("\\", "/")
    const folder = folders.find((one) => name.startsWith(one))
    const single = singles.get(name)
    if (!single && folder === undefined) throw new Error(`the README does not list ${name}`)
    return { name, path, dcmtk: single && verdictOf(single.dcmtk), folder }
  })
  const found = new Set(files.map(({ name }) => name))
  const missing = [...singles.keys()].filter((name) => !found.has(name))
  if (missing.length > 0) throw new Error(`the README lists, but there is no ${missing.join(", ")}`)
  return files
}

interface Row {
  readonly kind: "path" | "folder"
  readonly name: string
  readonly dcmtk: string
}

/** Rows of the README's tables that speak of DICOM files; a table's first column says whether of one file or of a folder. */
function readRows(): Row[] {
  const rows: Row[] = []
  let columns: string[] = []
  for (const line of readFileSync(sharedPath("README.md"), "utf8").split("\n")) {
    if (!line.startsWith("|")) {
      columns = []
      continue
    }
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
    if (columns.length === 0) {
      columns = cells
      continue
    }
    const [kind] = columns
    const [name = ""] = cells
    if ((kind !== "path" && kind !== "folder") || !name.startsWith(`${DICOM}/`)) continue
    rows.push({ kind, name, dcmtk: cells[columns.indexOf("dcmtk")] ?? "" })
  }
  return rows
}

function verdictOf(cell: string): "reads" | "fails" {
  const [verdict] = cell.split(",")
  if (verdict === "reads" || verdict === "fails") return verdict
  throw new Error(`the README's column dcmtk says "${cell}"`)
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
}
