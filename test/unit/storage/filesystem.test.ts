import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../src/base/bytes.ts"
import { systemClock } from "../../../src/base/clock.ts"
import { FilesystemBlobStore } from "../../../storage/filesystem.ts"
import { LEAF, patterned, rejection, sourceOf, sourceThen } from "../../support/blobs.ts"
import { errno, recordingDisk } from "../../support/recording-disk.ts"
import { describeIfPresent } from "../../support/skipped.ts"
import { missingMount, mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts"

const KEY = "bafkreiexampleged4"
const DAY_MS = 86_400_000

async function keysOf(store: FilesystemBlobStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list()) keys.push(key)
  return keys
}

describe("FilesystemBlobStore", () => {
  let root: string
  let folder: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "medlake-fs-"))
    folder = join(root, "store")
  })
  afterEach(() => rm(root, { recursive: true, force: true }))
  const incoming = () => readdir(join(folder, ".incoming"))

  describe("put", () => {
    it("makes the bytes durable before their name, and the name before it resolves", async () => {
      const disk = recordingDisk(root)
      const store = await FilesystemBlobStore.open(folder, { disk })
      disk.calls.length = 0
      await store.put(KEY, sourceOf(patterned(2 * LEAF + 5)))
      const order = disk.calls.filter((call) => /^(write|sync|close|rename|mkdir)/.test(call))
      expect(order).toEqual([
        ...["write", "write", "write"].map((call) => `${call} store/.incoming/NEW`),
        "sync store/.incoming/NEW",
        "close store/.incoming/NEW",
        "mkdir store/ed",
        "sync store",
        "close store",
        `rename store/ed/${KEY}`,
        "sync store/ed",
        "close store/ed",
      ])
    })

    it("syncs a shard again when the same bytes come again: the one who renamed may not have", async () => {
      const disk = recordingDisk(root)
      const store = await FilesystemBlobStore.open(folder, { disk })
      await store.put(KEY, sourceOf(patterned(10)))
      disk.calls.length = 0
      await store.put(KEY, sourceOf(patterned(10)))
      expect(disk.calls).toContain("sync store/ed")
      expect(disk.calls.filter((call) => call.startsWith("rename"))).toEqual([])
    })

    it("keeps values to their owner, in the shard of the two characters before the last", async () => {
      const store = await FilesystemBlobStore.open(folder)
      await store.put(KEY, sourceOf(patterned(10)))
      const modeOf = async (...path: string[]) => (await stat(join(folder, ...path))).mode & 0o777
      expect(await modeOf("ed", KEY)).toBe(0o600)
      expect(await modeOf("ed")).toBe(0o700)
      expect(await modeOf()).toBe(0o700)
      expect(await incoming()).toEqual([])
    })

    const failures: [string, string, string][] = [
      ["ENOSPC", "write", "storage_full"],
      ["EDQUOT", "sync", "storage_full"],
      ["EDQUOT", "close", "storage_full"],
      ["EFBIG", "write", "storage_full"],
      ["EROFS", "open", "storage_full"],
      ["EACCES", "mkdir", "access_denied"],
      ["EPERM", "rename", "access_denied"],
      ["EIO", "sync", "storage_unavailable"],
      ["EMFILE", "open", "storage_unavailable"],
    ]
    it.for(failures)(
      "reports %s of %s as %s, and nothing is half there",
      async ([code, at, want]) => {
        const disk = recordingDisk(root)
        const store = await FilesystemBlobStore.open(folder, { disk })
        let failed = 0
        disk.fail = (call) => {
          if (call !== at) return
          failed += 1
          throw errno(code)
        }
        const failure = await rejection(store.put(KEY, sourceOf(patterned(2 * LEAF))))
        expect(failure).toMatchObject({ code: want, cause: { code } })
        expect(failed).toBeGreaterThan(0)
        disk.fail = () => undefined
        expect(await incoming()).toEqual([])
        expect(await store.stat(KEY)).toBeUndefined()
        expect(disk.openHandles()).toBe(0)
      },
    )

    it("shows the value, and fails, when its shard could not be synced; the next put completes it", async () => {
      const disk = recordingDisk(root)
      const store = await FilesystemBlobStore.open(folder, { disk })
      disk.fail = (call, path) => {
        if (call === "sync" && path === "store/ed") throw errno("EIO")
      }
      const failure = await rejection(store.put(KEY, sourceOf(patterned(10))))
      expect(failure).toMatchObject({ code: "storage_unavailable", retryable: true })
      disk.fail = () => undefined
      disk.calls.length = 0
      await store.put(KEY, sourceOf(patterned(10)))
      expect(disk.calls).toContain("sync store/ed")
    })

    it("writes on where the kernel took only a part", async () => {
      const disk = recordingDisk(root)
      const { open } = disk
      disk.open = async (...given) => {
        const file = await open(...given)
        return new Proxy(file, {
          get: (target, name) => {
            const value: unknown = Reflect.get(target, name)
            if (name !== "write") return value
            return (bytes: Uint8Array, from: number, length: number, at: number) =>
              (value as typeof file.write)(bytes, from, Math.min(length, 300_000), at)
          },
        })
      }
      const store = await FilesystemBlobStore.open(folder, { disk })
      const bytes = patterned(LEAF + 7, 3)
      await store.put(KEY, sourceOf(bytes))
      expect(disk.calls.filter((call) => call.startsWith("write")).length).toBe(5)
      expect(Buffer.compare(await collect(store.get(KEY)), bytes)).toBe(0)
    })
  })

  describe("open", () => {
    it("makes every folder that it makes durable, up to one that was there", async () => {
      folder = join(root, "a", "b", "store")
      const disk = recordingDisk(root)
      await FilesystemBlobStore.open(folder, { disk })
      const synced = disk.calls.filter((call) => call.startsWith("sync"))
      expect(synced).toEqual(["sync a/b/store", "sync a/b", "sync a", "sync ."])
    })

    it("removes what was abandoned a day ago, and nothing younger", async () => {
      const store = await FilesystemBlobStore.open(folder)
      await store.put(KEY, sourceOf(patterned(10)))
      const now = Date.now()
      for (const [name, age] of [
        ["old", DAY_MS + 60_000],
        ["young", DAY_MS - 60_000],
      ] as const) {
        const path = join(folder, ".incoming", name)
        await writeFile(path, "half")
        await utimes(path, new Date(now - age), new Date(now - age))
      }
      const again = await FilesystemBlobStore.open(folder, {
        clock: { ...systemClock, now: () => now },
      })
      expect(await incoming()).toEqual(["young"])
      expect(await keysOf(again)).toEqual([KEY])
    })

    it("refuses a path that is a file", async () => {
      await writeFile(folder, "")
      const failure = await rejection(FilesystemBlobStore.open(folder))
      expect(failure).toMatchObject({ code: "invalid_input" })
    })
  })

  it("does not take a folder that is gone for an empty one", async () => {
    const store = await FilesystemBlobStore.open(folder)
    await store.put(KEY, sourceOf(patterned(10)))
    await rename(folder, join(root, "unmounted"))
    const unavailable = { code: "storage_unavailable", retryable: true }
    for (const call of [
      () => store.stat(KEY),
      () => store.delete(KEY),
      () => collect(store.get(KEY)),
      () => store.put("another", sourceOf(patterned(10))),
      () => keysOf(store),
    ]) {
      expect(await rejection(call())).toMatchObject(unavailable)
    }
    expect(await readdir(root)).toEqual(["unmounted"])
  })

  it("lists its own values and nothing else that lies in the folder", async () => {
    const store = await FilesystemBlobStore.open(folder)
    await store.put(KEY, sourceOf(patterned(10)))
    await mkdir(join(folder, "lost+found"))
    await writeFile(join(folder, "README"), "notes")
    await writeFile(join(folder, "ed", ".hidden"), "notes")
    expect(await keysOf(store)).toEqual([KEY])
  })

  it("closes what it opened, however a reader ends", async () => {
    const disk = recordingDisk(root)
    const store = await FilesystemBlobStore.open(folder, { disk })
    await store.put(KEY, sourceOf(patterned(3 * LEAF)))
    for await (const piece of store.get(KEY)) if (piece.length > 0) break
    const caller = new AbortController()
    const aborted = async () => {
      for await (const piece of store.get(KEY, undefined, { signal: caller.signal })) {
        if (piece.length > 0) caller.abort(new Error("enough"))
      }
    }
    expect((await rejection(aborted())).message).toBe("enough")
    await rejection(store.put("broken", sourceThen(patterned(LEAF), 2 * LEAF, failing)))
    expect(disk.calls.filter((call) => call.startsWith("open")).length).toBeGreaterThan(4)
    expect(disk.openHandles()).toBe(0)
  })

  it("says that a value was cut when its file is shorter than it was", async () => {
    const disk = recordingDisk(root)
    const store = await FilesystemBlobStore.open(folder, { disk })
    await store.put(KEY, sourceOf(patterned(4 * LEAF)))
    let seen = 0
    const read = async () => {
      for await (const piece of store.get(KEY)) {
        if (seen === 0) await writeFile(join(folder, "ed", KEY), piece.subarray(0, 9))
        seen += piece.length
      }
    }
    expect(await rejection(read())).toMatchObject({ code: "integrity_failed", retryable: true })
    expect(seen).toBeLessThan(4 * LEAF)
    expect(await store.stat(KEY)).toEqual({ size: 9 })
    expect(disk.openHandles()).toBe(0)
  })

  describe("a process that is killed", () => {
    const child = fileURLToPath(new URL("../../support/put-and-hang.ts", import.meta.url))
    let running: ChildProcess | undefined
    afterEach(() => running?.kill("SIGKILL"))

    it("leaves no value, and its abandoned file goes after a day", async () => {
      await FilesystemBlobStore.open(folder)
      running = spawn(process.execPath, ["--import", "tsx", child, folder, KEY], {
        stdio: ["ignore", "pipe", "inherit"],
      })
      const [said] = (await once(running.stdout as NodeJS.ReadableStream, "data")) as [Buffer]
      expect(said.toString()).toBe("half\n")
      running.kill("SIGKILL")
      await once(running, "exit")
      const store = await FilesystemBlobStore.open(folder)
      expect(await store.stat(KEY)).toBeUndefined()
      expect(await keysOf(store)).toEqual([])
      expect(await incoming()).toHaveLength(1)
      const bytes = patterned(3 * LEAF, 5)
      await store.put(KEY, sourceOf(bytes))
      expect(Buffer.compare(await collect(store.get(KEY)), bytes)).toBe(0)
      const clock = { ...systemClock, now: () => Date.now() + DAY_MS + 60_000 }
      await FilesystemBlobStore.open(folder, { clock })
      expect(await incoming()).toEqual([])
    })
  })

  describeIfPresent("full disk", missingMount(), () => {
    let disk: SmallDisk
    beforeEach(() => {
      disk = mountSmallDisk(4)
    })
    afterEach(() => disk.unmount())

    it("says that there is no room, leaves nothing, and works again once there is", async () => {
      const at = join(disk.folder, "store")
      const store = await FilesystemBlobStore.open(at)
      await store.put("small", sourceOf(patterned(LEAF)))
      const failure = await rejection(store.put(KEY, sourceOf(patterned(5 * LEAF))))
      expect(failure).toMatchObject({ code: "storage_full", cause: { code: "ENOSPC" } })
      expect(await store.stat(KEY)).toBeUndefined()
      expect(await readdir(join(at, ".incoming"))).toEqual([])
      await store.put("after", sourceOf(patterned(2 * LEAF, 2)))
      expect(Buffer.compare(await collect(store.get("small")), patterned(LEAF))).toBe(0)
      expect(Buffer.compare(await collect(store.get("after")), patterned(2 * LEAF, 2))).toBe(0)
    })

    it("says that a file system is read-only, and reads on", async () => {
      const at = join(disk.folder, "store")
      const store = await FilesystemBlobStore.open(at)
      await store.put("small", sourceOf(patterned(9)))
      disk.freeze()
      for (const call of [
        () => store.put(KEY, sourceOf(patterned(9))),
        () => store.delete("small"),
      ]) {
        const failure = await rejection(call())
        expect(failure).toMatchObject({ code: "storage_full", cause: { code: "EROFS" } })
      }
      expect(await keysOf(store)).toEqual(["small"])
      expect(await collect(store.get("small"))).toHaveLength(9)
    })
  })
})

async function failing(): Promise<void> {
  throw new Error("source failed")
}
