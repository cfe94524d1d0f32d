import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { once, utf8 } from "../../../src/base/bytes.ts"
import { AccessDeniedError } from "../../../src/base/errors.ts"
import { cidOfBytes } from "../../../src/cid/cid.ts"
import { openStores } from "../../../src/compose.ts"
import {
  getObject,
  OBJECT_LIMIT,
  putObject,
  StoreRefusedError,
} from "../../../src/lake/control-object.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"

const OBJECT = utf8("a sealed object")

describe("objects of the control store", () => {
  it("have the name of their bytes, and come back", async () => {
    const store = new MemoryBlobStore()
    const name = await putObject(store, OBJECT)
    expect(name.equals(cidOfBytes(OBJECT))).toBe(true)
    expect(Buffer.compare(await getObject(store, name), OBJECT)).toBe(0)
  })

  it("are broken where other bytes stand under the name, or too many", async () => {
    const large = new Uint8Array(OBJECT_LIMIT + 1)
    for (const bytes of [utf8("other bytes"), large]) {
      const store = new MemoryBlobStore()
      await store.put(cidOfBytes(OBJECT).toString(), {
        size: bytes.length,
        open: () => once(bytes),
      })
      await expect(getObject(store, cidOfBytes(OBJECT))).rejects.toMatchObject({
        code: "integrity_failed",
      })
    }
  })

  it("tell a store that refuses from one that has nothing", async () => {
    const store = new MemoryBlobStore()
    const name = cidOfBytes(OBJECT)
    await expect(getObject(store, name)).rejects.toMatchObject({ code: "not_found" })
    store.get = () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new AccessDeniedError("403")) }),
    })
    await expect(getObject(store, name)).rejects.toBeInstanceOf(StoreRefusedError)
  })
})

describe("two copies of the control store", () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "medlake-copies-"))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it("give an object of which one copy was damaged from the other", async () => {
    const copies = [join(folder, "a"), join(folder, "b")]
    const stores = await openStores({ lake: ["memory:"], control: copies })
    const name = await putObject(stores.control, OBJECT)
    for (const damaged of copies) {
      const [file, ...more] = await filesNamed(damaged, name.toString())
      expect(more).toEqual([])
      await writeFile(file ?? "", utf8("a Sealed object"))
      const whole = copies.indexOf(damaged) === 0
      const read = getObject(stores.control, name).then(
        (bytes) => Buffer.compare(bytes, OBJECT),
        (error: { code?: string }) => error.code,
      )
      expect(await read).toBe(whole ? 0 : "integrity_failed")
    }
    await stores.close()
  })
})

async function filesNamed(folder: string, name: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((one) => one.name === name).map((one) => join(one.parentPath, one.name))
}
