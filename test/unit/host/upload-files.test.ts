import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { InvalidInputError } from "../../../src/base/errors.ts"
import { filesAt } from "../../../src/host/upload-files.ts"

let folder = ""

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-files-"))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(...names: readonly string[]) {
  for (const name of names) {
    await mkdir(join(folder, name, ".."), { recursive: true })
    await writeFile(join(folder, name), name)
  }
}

async function namesAt(...paths: readonly string[]) {
  const files = await filesAt(paths.map((path) => join(folder, path)))
  return files.map(({ name }) => relative(folder, name))
}

/** A socket in the file system, which `open` would refuse, as a pipe would hang. */
async function listenAt(path: string): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

describe("filesAt", () => {
  it("walks folders in the order of their names, whatever files are called", async () => {
    await put("b/2", "b/10.dcm", "a", "b/.hidden", "b/c/DICOMDIR", "b/x.txt")
    expect(await namesAt("b", "a")).toEqual(
      ["b/.hidden", "b/10.dcm", "b/2", "b/c/DICOMDIR", "b/x.txt", "a"].map((name) => join(name)),
    )
  })

  it("opens what it found with its size", async () => {
    await put("b/some")
    const [file] = await filesAt([folder])
    expect(file?.source.size).toBe(6)
    expect(Buffer.from((await file?.source.read(2, 6)) ?? []).toString()).toBe("some")
  })

  it("follows links, and walks a folder that links to itself once", async () => {
    await put("real/1", "other/2")
    await symlink(join(folder, "real"), join(folder, "real", "again"))
    await symlink(join(folder, "other"), join(folder, "real", "link"))
    await symlink(join(folder, "other", "2"), join(folder, "real", "two"))
    expect(await namesAt("real")).toEqual(["real/1", "real/link/2", "real/two"].map((n) => join(n)))
  })

  it("is empty for an empty folder", async () => {
    expect(await namesAt("")).toEqual([])
  })

  it("keeps what can't be opened inside a folder as a file whose reading fails", async () => {
    await put("study/1", "study/3")
    await symlink(join(folder, "gone"), join(folder, "study", "2"))
    const server = await listenAt(join(folder, "study", "4"))
    try {
      const files = await filesAt([join(folder, "study")])
      expect(files.map(({ name }) => relative(folder, name))).toEqual(
        ["study/1", "study/2", "study/3", "study/4"].map((name) => join(name)),
      )
      for (const at of [1, 3]) {
        const [read] = await Promise.allSettled([files[at]?.source.read(0, 1)])
        expect(read).toMatchObject({ status: "rejected", reason: expect.any(InvalidInputError) })
      }
    } finally {
      server.close()
    }
  })
})

describe("filesAt refuses", () => {
  it("a path at which there is nothing", async () => {
    await put("a")
    await expect(namesAt("a", "b")).rejects.toThrow(InvalidInputError)
    await expect(namesAt("b")).rejects.toThrow(/there is no .*b/)
  })

  it("what is neither file nor folder", async () => {
    const server = await listenAt(join(folder, "socket"))
    try {
      await expect(namesAt("socket")).rejects.toThrow(/neither a file nor a folder/)
    } finally {
      server.close()
    }
  })
})
