import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { hex } from "../../../src/base/bytes.ts"
import { type Instance, readInstance } from "../../../src/dicom/instance.ts"
import { reasonOf } from "../../../src/dicom/refusal.ts"
import { bytesSource, type DicomSource } from "../../../src/dicom/source.ts"
import {
  type DicomElement,
  dicomFile,
  EXPLICIT,
  type FileShape,
  identity,
  imageOf,
} from "../../support/dicom-file.ts"
import { sparseSource } from "../../support/dicom-source.ts"

async function read(elements: readonly DicomElement[], shape: FileShape = {}): Promise<Instance> {
  return await readInstance(bytesSource(dicomFile(elements, shape)))
}

async function refusalOf(elements: readonly DicomElement[]) {
  return await read(elements).then(
    () => "read",
    (error: unknown) => reasonOf(error) ?? error,
  )
}

describe("readInstance", () => {
  it("knows what the file is", async () => {
    const uids = { study: "1.2.1", series: "1.2.2", instance: "1.2.3", sopClass: "1.2.4" }
    expect(await read(identity(uids))).toMatchObject({
      studyInstanceUid: "1.2.1",
      seriesInstanceUid: "1.2.2",
      sopInstanceUid: "1.2.3",
      sopClassUid: "1.2.4",
      transferSyntaxUid: EXPLICIT,
      frames: [],
    })
  })

  it("digests the data set and what is behind it, whatever group 2 says", async () => {
    const elements = [...identity(), ["7FE00010", "OB", new Uint8Array(8)] as const]
    const body = dicomFile(elements, { preamble: false, meta: false })
    const expected = createHash("sha256").update(body).digest("hex")
    const metaElements: DicomElement[] = [
      ["00020010", "UI", EXPLICIT],
      ["00020016", "AE", "OTHER"],
    ]
    const shapes: FileShape[] = [
      {},
      { metaElements },
      { preamble: false },
      { preamble: false, meta: false },
    ]
    for (const shape of shapes) {
      expect(hex((await read(elements, shape)).dataSetDigest)).toBe(expected)
    }
    expect(shapes).toHaveLength(4)
  })

  it("reads a small file once, and keeps nothing of the memory that was lent to it", async () => {
    const bytes = dicomFile(identity({ instance: "1.2.3" }))
    let streams = 0
    const source: DicomSource = {
      size: bytes.length,
      read: () => Promise.reject(new Error("the file was read twice")),
      stream: async function* () {
        streams += 1
        const lent = bytes.slice()
        yield lent
        lent.fill(0xee)
      },
    }
    const instance = await readInstance(source)
    const { header, dataSetDigest } = await readInstance(bytesSource(bytes))
    expect(streams).toBe(1)
    expect(instance.source).toBe(source)
    expect(instance.header.string("x00080018")).toBe("1.2.3")
    expect(instance.header.byteArray).toEqual(header.byteArray)
    expect(instance.dataSetDigest).toEqual(dataSetDigest)
  })

  it("tells patients apart by id and issuer, else by name and birth date", async () => {
    const of = async (...elements: DicomElement[]) =>
      (await read([...identity(), ...elements])).patientKey
    const id: DicomElement = ["00100020", "LO", "4711"]
    const issuer: DicomElement = ["00100021", "LO", "CLINIC"]
    const name: DicomElement = ["00100010", "PN", "Doe^Jane"]
    const born: DicomElement = ["00100030", "DA", "19700101"]
    const keys = [
      await of(id),
      await of(id, issuer),
      await of(name),
      await of(name, born),
      await of(),
    ]
    expect(new Set(keys).size).toBe(5)
    expect(await of(id, name, born)).toBe(await of(id))
    expect(await of(["00100020", "LO", " 4711 "])).toBe(await of(id))
  })

  it("holds no pixel data of 4 GiB", async () => {
    const frames = 8192
    const frame = 512 * 512 * 2
    const elements: DicomElement[] = [
      ...identity(),
      ...imageOf(512, 512, frames, 16),
      ["7FE00010", "OW", new Uint8Array(2)],
    ]
    const header = dicomFile(elements).subarray(0, -2)
    const pixels = frames * frame - 2
    new DataView(header.buffer).setUint32(header.length - 4, pixels, true)
    const source = sparseSource(header.length + pixels, [{ at: 0, bytes: header }])
    let reads = 0
    const cancelled = new AbortController()
    const counting = {
      size: source.size,
      read: async (start: number, end: number) => {
        if (++reads > 20) cancelled.abort()
        return await source.read(start, end)
      },
    }
    await expect(readInstance(counting, cancelled.signal)).rejects.toThrow(/abort/i)
    expect(source.size).toBeGreaterThan(4_000_000_000)
    expect(source.longestRead).toBeLessThanOrEqual(1 << 20)
  })
})

describe("readInstance refuses", () => {
  it("an instance that lacks one of its UIDs", async () => {
    const missing = identity().map(([tag]) => identity().filter(([other]) => other !== tag))
    const empty = identity().map(([tag]) => [...identity(), [tag, "UI"] as const])
    const reasons = await Promise.all([...missing, ...empty].map(refusalOf))
    expect(reasons).toEqual(Array.from({ length: 8 }, () => "missing-uid"))
  })

  it("a UID that could be no file's name", async () => {
    const bad = ["../x", "1/2", "a\\b", ".1", "-1", "1 2", "ü", "x".repeat(129)]
    const reasons = bad.map((instance) => refusalOf(identity({ instance })))
    expect(await Promise.all(reasons)).toEqual(bad.map(() => "invalid-uid"))
    const odd = ["1.2.3", "1.02.3", "ANON-17_b", "x".repeat(128)]
    const taken = odd.map((instance) => refusalOf(identity({ instance })))
    expect(await Promise.all(taken)).toEqual(odd.map(() => "read"))
  })

  it("the directory of a medium, whatever its UIDs", async () => {
    const directory: DicomElement = ["00041220", "SQ", { items: [[]] }]
    expect(await refusalOf([directory])).toBe("media-directory")
    expect(await refusalOf([directory, ...identity()])).toBe("media-directory")
  })

  it("without a word of what the file says", async () => {
    const secret: DicomElement = ["00100010", "PN", "Secret^Name"]
    const files = [
      dicomFile([...identity({ instance: "Secret/Name" }), secret]),
      dicomFile([secret]),
      dicomFile([...identity(), secret]).subarray(0, -3),
    ]
    for (const file of files) {
      const error = await readInstance(bytesSource(file)).catch((thrown: Error) => thrown)
      expect(error).toBeInstanceOf(Error)
      expect((error as Error).message).not.toMatch(/secret/i)
    }
  })
})
