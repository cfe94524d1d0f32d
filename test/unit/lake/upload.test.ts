import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hex } from "../../../src/base/bytes.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { type UploadFile, upload } from "../../../src/lake/upload.ts"
import { type DicomElement, dicomFile, type FileShape, identity } from "../../support/dicom-file.ts"
import { fetchedBytes, type Imaging, openImaging, storedNames } from "../../support/imaging.ts"

let imaging: Imaging

beforeAll(async () => {
  imaging = await openImaging()
})

afterAll(async () => {
  await imaging?.world.close()
})

/** A file of one instance. */
function fileOf(
  name: string,
  uids: Parameters<typeof identity>[0],
  more: readonly DicomElement[] = [],
  shape: FileShape = {},
): UploadFile & { readonly bytes: Uint8Array } {
  const bytes = dicomFile([...identity(uids), ...more], shape)
  return { name, bytes, source: bytesSource(bytes) }
}

async function send(files: readonly UploadFile[], more: { severalPatients?: boolean } = {}) {
  return await upload(imaging.world.context, { ...imaging.job, ...more }, files)
}

const outcomes = (files: readonly { name: string; outcome: string }[]) =>
  files.map(({ name, outcome }) => `${name} ${outcome}`)

describe("upload of instances that are there already", () => {
  const uids = { study: "2.25.10", series: "2.25.11", instance: "2.25.12" }
  const first = fileOf("a", uids, [["00200013", "IS", "1"]])
  const otherMeta: DicomElement[] = [
    ["00020010", "UI", "1.2.840.10008.1.2.1"],
    ["00020013", "SH", "ANOTHER PACS"],
  ]

  it("takes each data set once, and a data set with another group 2 for a copy", async () => {
    const again = fileOf("b", uids, [["00200013", "IS", "1"]], { metaElements: otherMeta })
    expect(Buffer.compare(first.bytes, again.bytes)).not.toBe(0)
    const { files, records } = await send([first, again, { ...first, name: "c" }])
    expect(outcomes(files)).toEqual(["a stored", "b copy", "c copy"])
    expect(records).toHaveLength(1)
    const before = await storedNames(imaging)
    const second = await send([again])
    expect(outcomes(second.files)).toEqual(["b exists"])
    expect(second.records).toEqual([])
    expect(await storedNames(imaging)).toEqual(before)
  })

  it("keeps another data set of the same UID as a version, beside the first", async () => {
    const version = fileOf("d", uids, [["00200013", "IS", "2"]])
    expect(outcomes((await send([version])).files)).toEqual(["d new-version"])
    const versions = (await fetchedBytes(imaging)).get("2.25.12") ?? []
    expect(versions).toHaveLength(2)
    for (const { bytes } of [first, version]) {
      expect(versions.filter((one) => Buffer.compare(one, bytes) === 0)).toHaveLength(1)
    }
  })

  it("keeps versions that come together, in one record", async () => {
    const ids = { study: "2.25.20", series: "2.25.21", instance: "2.25.22" }
    const pair = ["1", "2"].map((number) => fileOf(number, ids, [["00200013", "IS", number]]))
    const { files, records } = await send(pair)
    expect(outcomes(files)).toEqual(["1 stored", "2 new-version"])
    expect(records).toHaveLength(1)
    const versions = (await fetchedBytes(imaging)).get("2.25.22") ?? []
    expect(
      versions.map((one) => pair.findIndex(({ bytes }) => Buffer.compare(one, bytes) === 0)),
    ).toEqual([0, 1])
  })
})

describe("upload while the agent is asked", () => {
  const uids = (instance: string) => ({ study: "2.25.70", series: "2.25.71", instance })

  it("stores nothing when the agent gives no answer", async () => {
    const saved: unknown[] = []
    const outbox = { ...imaging.job.outbox, save: async (one: unknown) => void saved.push(one) }
    const agent = Object.create(imaging.job.agent, {
      query: { value: () => Promise.reject(new Error("no answer")) },
    })
    const before = await storedNames(imaging)
    const job = { ...imaging.job, agent, outbox }
    const file = fileOf("a", uids("2.25.72"))
    await expect(upload(imaging.world.context, job, [file])).rejects.toThrow("no answer")
    expect(saved).toEqual([])
    expect(await storedNames(imaging)).toEqual(before)
  })

  it("seals a study anew without the instances that are there", async () => {
    const [first, second] = [fileOf("a", uids("2.25.72")), fileOf("b", uids("2.25.73"))]
    await send([first])
    const { files, records } = await send([first, second])
    expect(outcomes(files)).toEqual(["a exists", "b stored"])
    expect(records.flatMap(({ upload: one }) => one.instances.map(({ uid }) => uid))).toEqual([
      "2.25.73",
    ])
    const versions = (await fetchedBytes(imaging)).get("2.25.73") ?? []
    expect(versions.map((one) => Buffer.compare(one, second.bytes))).toEqual([0])
  })
})

describe("upload of many", () => {
  it("anchors more studies than an aggregate holds in several", async () => {
    const studies = Array.from({ length: 101 }, (_, i) =>
      fileOf(`${i}`, { study: `2.25.3.${i}`, series: `2.25.4.${i}`, instance: `2.25.5.${i}` }),
    )
    const { files, records } = await send(studies)
    expect(new Set(files.map(({ outcome }) => outcome))).toEqual(new Set(["stored"]))
    expect(records).toHaveLength(101)
    expect(new Set(records.map(({ hash }) => hex(hash))).size).toBe(2)
    const fetched = await fetchedBytes(imaging)
    const whole = studies.filter(({ bytes }, i) =>
      fetched.get(`2.25.5.${i}`)?.some((one) => Buffer.compare(one, bytes) === 0),
    )
    expect(whole).toHaveLength(101)
  })
})

describe("upload refuses", () => {
  it("files by name and reason, and takes the others", async () => {
    const good = fileOf("good", { study: "2.25.30", series: "2.25.31", instance: "2.25.32" })
    const notDicom = { name: "notes.txt", source: bytesSource(new TextEncoder().encode("notes")) }
    const { files, records } = await send([notDicom, good])
    expect(outcomes(files)).toEqual(["good stored", "notes.txt refused"])
    expect(files[1]?.reason).toMatch(/^not-dicom: /)
    expect(records).toHaveLength(1)
  })

  it("patients together, unless they are meant, and sends nothing", async () => {
    const of = (patient: string) =>
      fileOf(
        patient,
        { study: `2.25.4${patient}`, series: `2.25.5${patient}`, instance: `2.25.6${patient}` },
        [["00100020", "LO", patient]],
      )
    const both = [of("1"), of("2")]
    const before = await storedNames(imaging)
    await expect(send(both)).rejects.toThrow(/of 2 patients.*--several-patients; nothing was sent/)
    expect(await storedNames(imaging)).toEqual(before)
    const { files } = await send(both, { severalPatients: true })
    expect(outcomes(files)).toEqual(["1 stored", "2 stored"])
  })

  it("everything, when none can be read, without asking anybody", async () => {
    const asked: string[] = []
    const agent = { ...imaging.job.agent, query: async () => Promise.reject(asked.push("query")) }
    const job = { ...imaging.job, agent }
    const { files, records } = await upload(imaging.world.context, job, [
      { name: "empty", source: bytesSource(new Uint8Array()) },
    ])
    expect(outcomes(files)).toEqual(["empty refused"])
    expect([records, asked]).toEqual([[], []])
  })
})
