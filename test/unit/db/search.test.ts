import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type ListedRecord, SearchIndex } from "../../../src/db/search.ts"
import { rejection } from "../../support/blobs.ts"

const record = (id: string, changes: Partial<ListedRecord> = {}): ListedRecord => ({
  id,
  register: "aa",
  height: 1,
  epoch: 1,
  standing: "verified",
  reasons: "",
  time: 1000,
  undated: 0,
  kind: "dicom-study",
  entry: '{"modality":"CT"}',
  writer: "00",
  manifest: "bafy",
  ...changes,
})

describe("SearchIndex", () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "medlake-search-"))
    path = join(folder, "search.db")
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const idsOf = async (index: SearchIndex, register = "aa") =>
    (await index.find(register)).map(({ id }) => id)

  it("lists newest data first, undated last, and keeps every field through a restart", async () => {
    const index = new SearchIndex(path)
    const shut = record("D:0", {
      time: null,
      kind: null,
      entry: null,
      writer: null,
      manifest: null,
    })
    await index.replace("aa", [
      record("A:0", { time: 5 }),
      shut,
      record("B:0", { time: 9, height: 1 }),
      record("C:0", { time: 9, height: 2 }),
      record("C:1", { time: 9, height: 2 }),
    ])
    await index.close()
    const again = new SearchIndex(path)
    expect(await idsOf(again)).toEqual(["C:0", "C:1", "B:0", "A:0", "D:0"])
    expect((await again.find("aa")).at(-1)).toEqual(shut)
    await again.close()
  })

  it("replaces what is known of one register, as a whole or not at all", async () => {
    const index = new SearchIndex(path)
    await index.replace("aa", [record("A:0"), record("B:0")])
    await index.replace("bb", [record("A:0", { register: "bb" })])
    await index.replace("aa", [record("C:0")])
    expect(await idsOf(index)).toEqual(["C:0"])
    expect(await idsOf(index, "bb")).toEqual(["A:0"])
    await rejection(index.replace("aa", [record("D:0"), record("D:0")]))
    expect(await idsOf(index)).toEqual(["C:0"])
    await index.replace("aa", [])
    expect(await idsOf(index)).toEqual([])
    await index.close()
  })

  it("takes thousands of records at once", async () => {
    const index = new SearchIndex(path)
    const many = Array.from({ length: 5000 }, (_, i) => record(`R:${i}`, { time: i }))
    await index.replace("aa", many)
    const found = await idsOf(index)
    expect(found).toHaveLength(5000)
    expect(found[0]).toBe("R:4999")
    await index.close()
  })
})
