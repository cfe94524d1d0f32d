import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { once } from "../../../src/base/bytes.ts"
import { IntegrityError } from "../../../src/base/errors.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { downloadNames, isDownloaded, startDownload } from "../../../src/host/download-files.ts"
import { patterned, rejection, sourceOf, sourceThen } from "../../support/blobs.ts"
import { describeIfPresent } from "../../support/skipped.ts"
import { missingMount, mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts"

const BYTES = patterned(300_000)

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-download-"))
  path = join(folder, "1.2.3.dcm")
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe("startDownload", () => {
  it("shows nothing under the name before it is finished, and then the whole, for its owner", async () => {
    const finish = await startDownload(path, sourceOf(BYTES, 7777).open())
    expect((await readdir(folder)).filter((name) => !name.endsWith(".part"))).toEqual([])
    await finish()
    expect(await readdir(folder)).toEqual(["1.2.3.dcm"])
    expect(Buffer.compare(await readFile(path), BYTES)).toBe(0)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it("leaves nothing of bytes that prove wrong at their end", async () => {
    const wrong = new IntegrityError("the part is not the one named")
    const bytes = sourceThen(BYTES, BYTES.length, () => Promise.reject(wrong)).open()
    expect(await rejection(startDownload(path, bytes))).toBe(wrong)
    expect(await readdir(folder)).toEqual([])
  })

  it("leaves nothing when its name is a folder", async () => {
    await mkdir(path)
    const finish = await startDownload(path, once(BYTES))
    expect(await rejection(finish())).toMatchObject({ code: "invalid_input" })
    expect(await readdir(folder)).toEqual(["1.2.3.dcm"])
    expect(await readdir(path)).toEqual([])
  })

  it("says that its folder is gone", async () => {
    const failure = await rejection(startDownload(join(folder, "gone", "x.dcm"), once(BYTES)))
    expect(failure).toMatchObject({ code: "invalid_input" })
  })

  describeIfPresent("small download disk", missingMount(), () => {
    let disk: SmallDisk
    beforeEach(() => {
      disk = mountSmallDisk(1)
    })
    afterEach(() => disk.unmount())

    it.for([1 << 20, (1 << 20) + 1, 3 << 20])(
      "leaves nothing of %i bytes on a disk that holds fewer",
      async (size) => {
        await writeFile(join(disk.folder, "other"), "1")
        const at = join(disk.folder, "1.2.3.dcm")
        const failure = await rejection(
          startDownload(at, sourceOf(patterned(size), 65_000).open()).then((finish) => finish()),
        )
        expect(failure).toMatchObject({ code: "storage_full" })
        expect(await readdir(disk.folder)).toEqual(["other"])
      },
    )

    it("says that a disk is read-only", async () => {
      disk.freeze()
      const failure = await rejection(startDownload(join(disk.folder, "x.dcm"), once(BYTES)))
      expect(failure).toMatchObject({ code: "storage_full" })
    })
  })
})

describe("isDownloaded", () => {
  it("is so for the same bytes only; other bytes are left as they are", async () => {
    expect(await isDownloaded(path, BYTES.length, sha256(BYTES))).toBe(false)
    await writeFile(path, BYTES)
    expect(await isDownloaded(path, BYTES.length, sha256(BYTES))).toBe(true)
    for (const other of [BYTES.subarray(1), patterned(BYTES.length, 2), new Uint8Array()]) {
      await writeFile(path, other)
      const failure = await rejection(isDownloaded(path, BYTES.length, sha256(BYTES)))
      expect(failure).toMatchObject({ code: "already_exists" })
      expect(Buffer.compare(await readFile(path), other)).toBe(0)
    }
  })

  it("refuses a folder and a link in a circle under the name", async () => {
    await mkdir(path)
    const failure = await rejection(isDownloaded(path, BYTES.length, sha256(BYTES)))
    expect(failure).toMatchObject({ code: "already_exists" })
    const circle = join(folder, "circle")
    await symlink(circle, circle)
    expect(await rejection(isDownloaded(circle, 1, sha256(BYTES)))).toMatchObject({
      code: "invalid_input",
    })
  })
})

describe("downloadNames", () => {
  it("keeps versions of one instance apart, by a sign that no UID has", () => {
    expect(downloadNames(["1.2", "1.3", "1.2", "1.2"])).toEqual([
      "1.2.dcm",
      "1.3.dcm",
      "1.2~2.dcm",
      "1.2~3.dcm",
    ])
  })
})
