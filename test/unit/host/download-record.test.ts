import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { concat, once } from "../../../src/base/bytes.ts"
import { AlreadyExistsError, IntegrityError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { downloadRecord } from "../../../src/host/download-record.ts"
import { SegmentCipherPool } from "../../../src/host/segment-cipher-pool.ts"
import { fetchRecord } from "../../../src/lake/fetch.ts"
import {
  dekCommitment,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../../../src/record/blob-writer.ts"
import type { Manifest } from "../../../src/record/manifest.ts"
import type { BlobStore } from "../../../storage/blob-store.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"

/** Instances that end inside a segment, at its end, and reach over several. */
const LENGTHS = [1000, (1 << 20) - 1056, 2 << 20, 700_000, 0, 300_000, 300_000]
const files = LENGTHS.map((length, n) =>
  Uint8Array.from({ length }, (_, i) => (i * (n + 3) + (i >> 10)) & 0xff),
)
const cipher = new SegmentCipherPool(2)
const lake = new MemoryBlobStore()
let manifest: Manifest
let leaves: Uint8Array[]
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-download-"))
  const content = concat(...files)
  const secrets = newBlobSecrets("bundle", systemRandom)
  const open = () => once(content)
  const sealed: { leaf: Uint8Array; digest: Uint8Array }[] = []
  for await (const one of sealBlob(secrets, { length: content.length, open }, cipher)) {
    sealed.push({ leaf: one.leaf.slice(), digest: one.digest })
  }
  leaves = sealed.map(({ leaf }) => leaf)
  const digests = sealed.map(({ digest }) => digest)
  const { cid, size } = nameBlob(content.length, digests)
  await lake.put(cid.toString(), { size, open: () => once(concat(...leaves)) })
  const { id, kind, dek } = secrets
  const joined = { leaves: concat(...digests), commit: dekCommitment(dek) }
  const blob = { id, kind, dek, cid, size, length: content.length, ...joined }
  let offset = 0
  const parts = files.map((bytes, i) => {
    const place = { blob: 0, offset, length: bytes.length }
    offset += bytes.length
    const what = { role: "instance", type: "application/dicom", coding: "identity" as const }
    return { ...what, ...place, sha256: sha256(bytes), ref: `1.2.${i}` }
  })
  const time = { time: 0, undated: true, before1970: false }
  const writer = new Uint8Array(32)
  manifest = { kind: "dicom-study", writer, sealed: 0, ...time, blobs: [blob], parts }
})

afterAll(async () => {
  await cipher.close()
  await rm(folder, { recursive: true, force: true })
})

/** A lake that yields its bytes in pieces of another length, and counts them. */
function lakeOf(stored: Uint8Array, pieceLength: number) {
  const counted = { bytes: 0 }
  const get: BlobStore["get"] = async function* (_key, range) {
    const wanted = stored.subarray(range?.start, range?.end)
    for (let at = 0; at < wanted.length; at += pieceLength) {
      const piece = wanted.slice(at, at + pieceLength)
      counted.bytes += piece.length
      yield piece
    }
  }
  const store: BlobStore = Object.create(lake, { get: { value: get } })
  return { store, counted }
}

async function filesIn(place: string): Promise<Map<string, Uint8Array>> {
  const names = await readdir(place).catch(() => [])
  const found = await Promise.all(names.map(async (name) => await readFile(join(place, name))))
  return new Map(names.map((name, i) => [name, found[i] as Uint8Array]))
}

describe("downloadRecord", () => {
  it("writes every instance whole, whatever the pieces of the store", async () => {
    for (const pieceLength of [1 << 20, 777_777, 3 << 20]) {
      const place = join(folder, `pieces-${pieceLength}`)
      const { store } = lakeOf(concat(...leaves), pieceLength)
      const done: number[] = []
      const { written, instances } = await downloadRecord(
        { cipher },
        store,
        manifest,
        place,
        (count) => done.push(count),
      )
      expect(written).toBe(files.length)
      const found = await filesIn(place)
      expect([...found.keys()].toSorted()).toEqual(files.map((_, i) => `1.2.${i}.dcm`))
      expect(instances.map(({ path }) => path)).toEqual(
        files.map((_, i) => join(place, `1.2.${i}.dcm`)),
      )
      const different = files.filter(
        (bytes, i) => Buffer.compare(found.get(`1.2.${i}.dcm`) ?? new Uint8Array(1), bytes) !== 0,
      )
      expect(different).toEqual([])
      expect(done.toSorted((a, b) => a - b)).toEqual(LENGTHS.toSorted((a, b) => a - b))
    }
  })

  it("fetches only what is not there", async () => {
    const place = join(folder, "again")
    await downloadRecord({ cipher }, lake, manifest, place)
    await rm(join(place, "1.2.3.dcm"))
    const { store, counted } = lakeOf(concat(...leaves), 1 << 20)
    const { written } = await downloadRecord({ cipher }, store, manifest, place)
    expect(written).toBe(1)
    expect(counted.bytes).toBeLessThan((manifest.blobs[0]?.size ?? 0) / 2 + (1 << 20))
    expect(await filesIn(place)).toHaveProperty("size", files.length)
    expect((await downloadRecord({ cipher }, store, manifest, place)).written).toBe(0)
  })

  it("leaves no file of an instance whose leaf was changed, and no beginning of one", async () => {
    const place = join(folder, "changed")
    const stored = concat(...leaves)
    stored[(2 << 20) + 5] = 1 ^ (stored[(2 << 20) + 5] as number)
    const { store } = lakeOf(stored, 1 << 20)
    const download = downloadRecord({ cipher }, store, manifest, place)
    await expect(download).rejects.toThrow(IntegrityError)
    expect([...(await filesIn(place)).keys()].toSorted()).toEqual(["1.2.0.dcm", "1.2.1.dcm"])
  })

  it("leaves no file of an instance that is not the one the manifest names", async () => {
    const place = join(folder, "other")
    const parts = manifest.parts.map((part, i) => {
      return i === 3 ? { ...part, sha256: new Uint8Array(32) } : part
    })
    const download = downloadRecord({ cipher }, lake, { ...manifest, parts }, place)
    await expect(download).rejects.toThrow(/part is not the one/)
    const names = [...(await filesIn(place)).keys()].toSorted()
    expect(names).toEqual(["1.2.0.dcm", "1.2.1.dcm", "1.2.2.dcm"])
  })

  it("refuses other bytes under a name, and writes nothing", async () => {
    const place = join(folder, "taken")
    await downloadRecord({ cipher }, lake, manifest, place)
    await rm(join(place, "1.2.0.dcm"))
    await writeFile(join(place, "1.2.3.dcm"), "notes")
    const download = downloadRecord({ cipher }, lake, manifest, place)
    await expect(download).rejects.toThrow(AlreadyExistsError)
    const found = await filesIn(place)
    expect(found.get("1.2.3.dcm")?.toString()).toBe("notes")
    expect(found.has("1.2.0.dcm")).toBe(false)
  })
})

describe("fetchRecord", () => {
  it("yields each instance whole when the one before was not read, or in part", async () => {
    const sizes: number[] = []
    let n = 0
    for await (const { bytes, length, index } of fetchRecord({ cipher }, lake, manifest)) {
      n += 1
      if (n % 3 === 1) continue
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) {
        pieces.push(piece)
        if (n % 3 === 2) break
      }
      if (n % 3 === 2) continue
      sizes.push(length)
      expect(Buffer.compare(concat(...pieces), files[index] as Uint8Array)).toBe(0)
    }
    expect(n).toBe(files.length)
    expect(sizes).toEqual([LENGTHS[2], LENGTHS[5]])
  })
})
