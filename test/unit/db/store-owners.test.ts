import { mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { StoreOwnerTable } from "../../../src/db/store-owners.ts"

describe("StoreOwnerTable", () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "medlake-owners-"))
    path = join(folder, "owners.db")
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it("remembers the first owner through a restart, store by store, until it is released", async () => {
    const first = new StoreOwnerTable(path)
    await first.claim("blobs", "k", "aa")
    await first.claim("blobs", "k", "bb")
    await first.claim("objects", "k", "bb")
    await first.close()
    const table = new StoreOwnerTable(path)
    expect(await table.ownerOf("blobs", "k")).toBe("aa")
    expect(await table.ownerOf("objects", "k")).toBe("bb")
    expect(await table.ownerOf("blobs", "other")).toBeUndefined()
    await table.release("blobs", "k")
    await table.release("blobs", "k")
    expect(await table.ownerOf("blobs", "k")).toBeUndefined()
    expect(await table.ownerOf("objects", "k")).toBe("bb")
    await table.close()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it("lets one of two connections be first", async () => {
    const tables = [new StoreOwnerTable(path), new StoreOwnerTable(path)]
    await Promise.all(tables.map((table, i) => table.claim("blobs", "k", String(i))))
    const owners = await Promise.all(tables.map((table) => table.ownerOf("blobs", "k")))
    expect(new Set(owners).size).toBe(1)
    expect(["0", "1"]).toContain(owners[0])
    for (const table of tables) await table.close()
  })

  it("refuses a file that is no database, and a folder that is not there", async () => {
    await writeFile(path, "no database, but long enough to be read as one".repeat(100))
    expect(() => new StoreOwnerTable(path)).toThrow(/damaged or no database/)
    expect(() => new StoreOwnerTable(join(folder, "gone", "owners.db"))).toThrow(/folder/)
  })
})
