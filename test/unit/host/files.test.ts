import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { systemClock } from "../../../src/base/clock.ts"
import { systemRandom } from "../../../src/base/random.ts"
import {
  createFileDurably,
  fileError,
  readFileIfPresent,
  sweepUnfinished,
  UNFINISHED,
  writeFileDurably,
} from "../../../src/host/files.ts"
import { Home } from "../../../src/host/home.ts"
import { JsonFiles } from "../../../src/host/json-files.ts"
import { OutboxFiles } from "../../../src/host/outbox-files.ts"
import { patterned, rejection } from "../../support/blobs.ts"
import { errno } from "../../support/recording-disk.ts"
import { describeIfPresent } from "../../support/skipped.ts"
import { missingMount, mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-files-"))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe("writeFileDurably", () => {
  it("replaces a file as a whole, for its owner alone, and leaves nothing beside it", async () => {
    const path = join(folder, "a", "b", "file")
    await writeFileDurably(path, utf8("old and long"))
    await writeFileDurably(path, utf8("new"))
    expect(await readFile(path, "utf8")).toBe("new")
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, "a"))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(folder, "a", "b"))).toEqual(["file"])
  })

  it("shows a reader the old bytes or the new ones, while it is written many times", async () => {
    const path = join(folder, "file")
    const versions = [1, 2, 3, 4, 5, 6].map((seed) => Buffer.from(patterned(300_000, seed)))
    await writeFileDurably(path, versions[0] ?? utf8(""))
    let looks = 0
    const writes = Promise.all(versions.map((one) => writeFileDurably(path, one)))
    const ended = writes.then(() => true)
    while (!(await Promise.race([ended, Promise.resolve(false)]))) {
      const seen = await readFile(path)
      expect(versions.some((one) => Buffer.compare(one, seen) === 0)).toBe(true)
      looks += 1
    }
    expect(looks).toBeGreaterThan(0)
    expect(await readdir(folder)).toEqual(["file"])
  })

  it("keeps the old file when the new one can't take its place", async () => {
    const path = join(folder, "taken")
    await mkdir(path)
    await writeFile(join(path, "inside"), "old")
    const failure = await rejection(writeFileDurably(path, utf8("new")))
    expect(failure).toMatchObject({ code: "invalid_input" })
    expect(await readdir(path)).toEqual(["inside"])
    expect(await readdir(folder)).toEqual(["taken"])
  })

  it("says so when a file stands where its folder should be", async () => {
    await writeFile(join(folder, "file"), "")
    const failure = await rejection(writeFileDurably(join(folder, "file", "below"), utf8("x")))
    expect(failure).toMatchObject({ code: "invalid_input" })
  })

  describeIfPresent("small disk", missingMount(), () => {
    let disk: SmallDisk
    beforeEach(() => {
      disk = mountSmallDisk(1)
    })
    afterEach(() => disk.unmount())

    it("keeps the old bytes on a full disk", async () => {
      const path = join(disk.folder, "file")
      await writeFileDurably(path, utf8("old"))
      const failure = await rejection(writeFileDurably(path, patterned(2 << 20)))
      expect(failure).toMatchObject({ code: "storage_full" })
      expect(await readFile(path, "utf8")).toBe("old")
      expect(await readdir(disk.folder)).toEqual(["file"])
    })

    it("says that a disk is read-only", async () => {
      await writeFileDurably(join(disk.folder, "file"), utf8("old"))
      disk.freeze()
      for (const write of [writeFileDurably, createFileDurably]) {
        const failure = await rejection(write(join(disk.folder, "other"), utf8("new")))
        expect(failure).toMatchObject({ code: "storage_full" })
        expect(failure.message).toContain("read-only")
      }
    })
  })
})

describe("createFileDurably", () => {
  it("leaves what is there, file or link", async () => {
    await writeFile(join(folder, "file"), "old")
    await symlink(join(folder, "nowhere"), join(folder, "link"))
    for (const name of ["file", "link"]) {
      const failure = await rejection(createFileDurably(join(folder, name), utf8("new")))
      expect(failure).toMatchObject({ code: "already_exists" })
    }
    expect(await readFile(join(folder, "file"), "utf8")).toBe("old")
    expect((await readdir(folder)).toSorted()).toEqual(["file", "link"])
  })
})

describe("sweepUnfinished", () => {
  it("removes what was left half-written an hour ago, and nothing else", async () => {
    const now = Date.now()
    for (const [name, minutes] of [
      [`old.aa${UNFINISHED}`, 61],
      [`young.bb${UNFINISHED}`, 59],
      ["old.upload", 100],
    ] as const) {
      await writeFile(join(folder, name), "half")
      const at = new Date(now - minutes * 60_000)
      await utimes(join(folder, name), at, at)
    }
    await sweepUnfinished(folder, now)
    expect((await readdir(folder)).toSorted()).toEqual(["old.upload", `young.bb${UNFINISHED}`])
    await sweepUnfinished(join(folder, "nowhere"), now)
  })

  it("is done by the outbox when it is looked into", async () => {
    const old = join(folder, `x.upload.aa${UNFINISHED}`)
    await writeFile(old, "half")
    await utimes(old, 1, 1)
    const outbox = new OutboxFiles(folder, systemRandom(32), systemRandom, systemClock)
    expect(await outbox.uploads()).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })
})

describe("fileError", () => {
  it.for([
    ["ENOSPC", "storage_full"],
    ["EDQUOT", "storage_full"],
    ["EFBIG", "storage_full"],
    ["EROFS", "storage_full"],
    ["EACCES", "access_denied"],
    ["EPERM", "access_denied"],
    ["ENOENT", "invalid_input"],
    ["ENOTDIR", "invalid_input"],
    ["EISDIR", "invalid_input"],
    ["ENAMETOOLONG", "invalid_input"],
    ["EEXIST", "already_exists"],
    ["EIO", "storage_unavailable"],
    ["EMFILE", "storage_unavailable"],
  ] as const)("types %s as %s, with the path and its cause", ([errnoName, code]) => {
    const cause = errno(errnoName)
    const error = fileError("/some/path", cause)
    expect(error).toMatchObject({ code, cause })
    expect(error.message).toContain("/some/path")
  })

  it("passes what it does not know", () => {
    const bug = new TypeError("bug")
    expect(fileError("/some/path", bug)).toBe(bug)
  })
})

describe("readFileIfPresent", () => {
  it("is undefined for what is not there, and an error for what can't be read", async () => {
    expect(await readFileIfPresent(join(folder, "nothing"))).toBeUndefined()
    expect(await rejection(readFileIfPresent(folder))).toMatchObject({ code: "invalid_input" })
  })
})

describe("JsonFiles", () => {
  const parse = (value: unknown) => {
    if (typeof value !== "number") throw new Error("not a number")
    return value
  }

  it("keeps, adds once, lists and forgets", async () => {
    const files = new JsonFiles(join(folder, "json"), parse)
    expect(await files.ids()).toEqual([])
    expect(await files.get("A")).toBeUndefined()
    await files.delete("A")
    await files.add("B", 1)
    expect(await rejection(files.add("B", 2))).toMatchObject({ code: "already_exists" })
    await files.put("A", 3)
    expect(await files.ids()).toEqual(["A", "B"])
    expect(await files.get("B")).toBe(1)
    await files.delete("B")
    expect(await files.get("B")).toBeUndefined()
  })

  it.for(["../up", "a/b", "", ".", "..", "a.b", "a\0"])(
    "touches no file for the id %j",
    async (id) => {
      const files = new JsonFiles(join(folder, "json"), parse)
      for (const call of [
        () => files.get(id),
        () => files.put(id, 1),
        () => files.add(id, 1),
        () => files.delete(id),
      ]) {
        expect(await rejection(call())).toMatchObject({ code: "invalid_input" })
      }
      expect(await readdir(folder)).toEqual([])
    },
  )

  it.for(["", "{", '"text"', "\u0000"])("names a damaged file: %j", async (text) => {
    await mkdir(join(folder, "json"))
    await writeFile(join(folder, "json", "A.json"), text)
    const failure = await rejection(new JsonFiles(join(folder, "json"), parse).get("A"))
    expect(failure).toMatchObject({ code: "integrity_failed" })
    expect(failure.message).toContain(join("json", "A.json"))
  })
})

describe("Home", () => {
  it("is begun again while it has no keyring, and never once it has one", async () => {
    const home = new Home(join(folder, "home"))
    await home.begin({ role: "patient" })
    await home.begin({ role: "institution", name: "Klinikum" })
    expect(await home.config({})).toMatchObject({ role: "institution" })
    await writeFileDurably(home.keyring, utf8("sealed"))
    expect(await rejection(home.begin({ role: "reader" }))).toMatchObject({
      code: "already_exists",
    })
    expect(await home.config({})).toMatchObject({ role: "institution" })
    expect((await stat(home.folder)).mode & 0o777).toBe(0o700)
    expect((await stat(home.path("config.json"))).mode & 0o777).toBe(0o600)
  })

  it("says that it was never begun, and what is wrong with its configuration", async () => {
    const home = new Home(join(folder, "home"))
    expect(await rejection(home.config({}))).toMatchObject({ code: "not_found" })
    await mkdir(home.folder)
    for (const text of ["", "{", '{"role":"king"}', '{"more":1}', '{"zone":"Berlin"}']) {
      await writeFile(home.path("config.json"), text)
      expect(await rejection(home.config({}))).toMatchObject({ code: "invalid_input" })
    }
  })

  it("reads cards, and not what else lies among them", async () => {
    const home = new Home(folder)
    await home.pin("vault-aa", utf8("one"))
    await home.pin("vault-bb", utf8("two"))
    await home.pin("institution-cc", utf8("three"))
    await writeFile(home.path("cards", "vault-dd.card~"), "editor's copy")
    await writeFile(home.path("cards", `vault-ee.card.aa${UNFINISHED}`), "half")
    expect((await home.pinned("vault-")).map(({ name }) => name)).toEqual(["vault-aa", "vault-bb"])
    expect(await new Home(join(folder, "other")).pinned()).toEqual([])
  })

  it("is where the option says, else the environment, else in the user's home", () => {
    expect(Home.at("/a", { MEDLAKE_HOME: "/b" }).folder).toBe("/a")
    expect(Home.at(undefined, { MEDLAKE_HOME: "/b" }).folder).toBe("/b")
    expect(Home.at(undefined, {}).folder).toMatch(/\.medlake$/)
  })
})
