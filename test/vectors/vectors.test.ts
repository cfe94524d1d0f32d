import { beforeAll, describe, expect, it } from "vitest"
import { textOf, type VectorFile } from "../../scripts/vectors/case.ts"
import { toDagJson } from "../../scripts/vectors/dag-json.ts"
import { vectorFiles } from "../../scripts/vectors/files.ts"
import { READERS } from "./readers.ts"
import {
  bytesOf,
  givenOf,
  namesOfFiles,
  readVectors,
  textIn,
  type WrittenCase,
  type WrittenFile,
} from "./written.ts"

/** How many values and errors each file holds: a file that lost cases is seen. */
const COUNTS: Readonly<Record<string, readonly [read: number, refused: number]>> = {
  accounts: [14, 4],
  announcement: [1, 55],
  blob: [7, 14],
  calendar: [21, 22],
  card: [2, 153],
  catalogue: [1, 75],
  deposit: [1, 83],
  draft: [1, 23],
  envelope: [4, 87],
  "grant-message": [1, 44],
  grant: [1, 48],
  "hand-over": [3, 105],
  intake: [1, 24],
  keys: [10, 15],
  "link-envelope": [1, 35],
  "link-file": [1, 8],
  "link-keeper": [3, 34],
  "link-keeping": [2, 24],
  link: [5, 25],
  manifest: [1, 103],
  members: [1, 47],
  offer: [2, 50],
  primitives: [29, 34],
  "query-answer": [1, 16],
  query: [1, 54],
  "record-message": [2, 25],
  "second-factor": [1, 5],
  "store-authorization": [3, 46],
  "vault-file": [3, 75],
}

/** The value as JSON with sorted fields, or the name of the error. */
async function outcomeOf(file: WrittenFile, one: WrittenCase): Promise<string> {
  const read = READERS[one.read]
  if (!read) throw new Error(`no reader is called "${one.read}"`)
  try {
    return sorted(await read(bytesOf(file, one), givenOf(file, one)))
  } catch (error) {
    return (error as Error).name
  }
}

function sorted(value: unknown): string {
  const fields = (_key: string, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  return JSON.stringify(JSON.parse(toDagJson(value)), fields)
}

function expectedOf({ cases }: WrittenFile, one: WrittenCase): string {
  if (one.error) return one.error
  if ("reads" in one) return sorted(one.reads)
  return sorted(cases[one.of as number]?.reads)
}

const short = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text)

describe("vectors", () => {
  it.each(namesOfFiles())("of %s are read as they say, and refused as they say", async (name) => {
    const file = readVectors(name)
    const wrong: string[] = []
    for (const one of file.cases) {
      const [found, expected] = [await outcomeOf(file, one), expectedOf(file, one)]
      if (found !== expected) wrong.push(`${one.name}: ${short(found)}, not ${short(expected)}`)
    }
    expect(wrong.join("\n")).toBe("")
    const refused = file.cases.filter((one) => one.error).length
    expect([file.cases.length - refused, refused]).toEqual(COUNTS[name])
  })
})

describe("npm run vectors", () => {
  let made: readonly VectorFile[] = []
  beforeAll(async () => {
    made = await vectorFiles()
  }, 300_000)

  it("makes the files that are committed, each byte", () => {
    expect(made.map(({ file }) => file).toSorted()).toEqual(namesOfFiles())
    const differing = made.filter((one) => textOf(one) !== textIn(one.file)).map(({ file }) => file)
    expect(differing).toEqual([])
  })

  it("covers every reader", () => {
    const used = new Set(made.flatMap(({ cases }) => cases.map(({ read }) => read)))
    expect([...used].toSorted()).toEqual(Object.keys(READERS).toSorted())
  })
})
