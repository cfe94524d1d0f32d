import { describe, expect, it } from "vitest"
import { padmeLength } from "../../../src/crypto/padme.ts"
import { type Instance, readInstance } from "../../../src/dicom/instance.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { groupStudies, type Study } from "../../../src/dicom/study.ts"
import { studyParts } from "../../../src/dicom/study-parts.ts"
import { summarize } from "../../../src/dicom/summary.ts"
import { sealManifest } from "../../../src/record/manifest.ts"
import { type DicomElement, dicomFile, identity } from "../../support/dicom-file.ts"
import { cidOf, hospital, secretOf, seeded, vaultId } from "../vault/samples.ts"

interface Made {
  readonly study?: string
  readonly series?: string
  readonly instance?: string
}

async function instanceOf(uids: Made, ...elements: DicomElement[]): Promise<Instance> {
  const { study = "1.1", series = "1.2", instance = "1.3" } = uids
  const file = dicomFile([...identity({ study, series, instance }), ...elements])
  return await readInstance(bytesSource(file))
}

const numbered = (series: number, instance: number): DicomElement[] => [
  ["00200011", "IS", String(series)],
  ["00200013", "IS", String(instance)],
]

const tree = (studies: readonly Study[]) =>
  studies.map(({ studyInstanceUid, series }) => [
    studyInstanceUid,
    ...series.map((one) => [
      one.seriesInstanceUid,
      ...one.instances.map(({ sopInstanceUid }) => sopInstanceUid),
    ]),
  ])

describe("groupStudies", () => {
  it("makes study › series › instance, by number, then UID", async () => {
    const instances = await Promise.all([
      instanceOf({ series: "s10", instance: "d" }, ...numbered(10, 1)),
      instanceOf({ series: "s9", instance: "c" }, ...numbered(9, 10)),
      instanceOf({ series: "s9", instance: "b" }, ...numbered(9, 9)),
      instanceOf({ series: "s9", instance: "z" }, ...numbered(9, 9)),
      instanceOf({ study: "2.1", series: "t", instance: "e" }),
      instanceOf({ series: "s0", instance: "a" }),
    ])
    const expected = [
      ["1.1", ["s0", "a"], ["s9", "b", "z", "c"], ["s10", "d"]],
      ["2.1", ["t", "e"]],
    ]
    const forwards = groupStudies(instances)
    expect(tree(forwards.studies)).toEqual(expected)
    expect([forwards.copies, forwards.versions, forwards.patients]).toEqual([[], [], 1])
    const [first, ...others] = instances
    const shuffled = groupStudies([first, ...others.toReversed()])
    expect(tree(shuffled.studies)).toEqual(expected)
  })

  it("keeps the first of copies, and every version", async () => {
    const first = await instanceOf({}, ["00200013", "IS", "1"])
    const copy = await instanceOf({}, ["00200013", "IS", "1"])
    const version = await instanceOf({}, ["00200013", "IS", "2"])
    const copyOfVersion = await instanceOf({}, ["00200013", "IS", "2"])
    const grouping = groupStudies([first, copy, version, copyOfVersion])
    expect(grouping.copies).toEqual([copy, copyOfVersion])
    expect(grouping.versions).toEqual([version])
    expect(
      grouping.studies.flatMap(({ series }) => series.flatMap((one) => one.instances)),
    ).toEqual([first, version])
  })

  it("keeps one data set under two UIDs twice", async () => {
    const grouping = groupStudies([
      await instanceOf({ instance: "1" }),
      await instanceOf({ instance: "2" }),
    ])
    expect(grouping.copies).toEqual([])
    expect(grouping.studies[0]?.series[0]?.instances).toHaveLength(2)
  })

  it("counts patients, also within one study", async () => {
    const of = (instance: string, patient: string) =>
      instanceOf({ instance }, ["00100020", "LO", patient])
    const instances = [await of("1", "A"), await of("2", "B"), await of("3", "A")]
    const { patients, studies } = groupStudies(instances)
    expect([patients, studies.length]).toEqual([2, 1])
    expect(groupStudies([]).patients).toBe(0)
  })
})

describe("summarize", () => {
  const head: DicomElement[] = [
    ["00080005", "CS", "ISO_IR 100"],
    ["00080020", "DA", "20250114"],
    ["00080060", "CS", "CT"],
    ["00080080", "LO", "Klinikum M\xfcnchen"],
    ["00081030", "LO", "Sch\xe4del"],
    ["0008103E", "LO", "axial"],
    ["00180015", "CS", "HEAD"],
  ]

  it("says what a list shows, in the study's own character set", async () => {
    const instances = await Promise.all([
      instanceOf({ series: "s1", instance: "1" }, ...head, ...numbered(1, 1)),
      instanceOf({ series: "s1", instance: "2" }, ...head, ...numbered(1, 2)),
      instanceOf({ series: "s2", instance: "3" }, ["00080060", "CS", "SR"], ...numbered(2, 1)),
    ])
    const [study] = groupStudies(instances).studies
    expect(summarize(study as Study)).toEqual({
      studyInstanceUid: "1.1",
      description: "Schädel",
      studyDate: "20250114",
      modalities: ["CT", "SR"],
      bodyParts: ["HEAD"],
      institution: "Klinikum München",
      instances: 3,
      series: [
        { seriesInstanceUid: "s1", modality: "CT", description: "axial", instances: 2 },
        { seriesInstanceUid: "s2", modality: "SR", instances: 1 },
      ],
    })
  })

  it("leaves out what the data don't say, and who the patient is", async () => {
    const patient: DicomElement[] = [
      ["00100010", "PN", "Doe^Jane"],
      ["00100020", "LO", "4711"],
      ["00080050", "SH", "ACC1"],
    ]
    const [study] = groupStudies([await instanceOf({}, ...patient)]).studies
    expect(summarize(study as Study)).toEqual({
      studyInstanceUid: "1.1",
      modalities: [],
      bodyParts: [],
      instances: 1,
      series: [{ seriesInstanceUid: "1.2", instances: 1 }],
    })
  })
})

describe("studyParts", () => {
  /** Instances that are nothing but a name and a size. */
  const series = (name: string, count: number, size: number) => ({
    seriesInstanceUid: name,
    instances: Array.from({ length: count }, (_, i) => {
      const source = { size, read: async () => new Uint8Array() }
      return { sopInstanceUid: `${name}.${i}`, source } as unknown as Instance
    }),
  })

  it("are the study itself where one record holds it", () => {
    const study = {
      studyInstanceUid: "1",
      series: [series("a", 2000, 1 << 19), series("b", 3, 100)],
    }
    expect(studyParts(study)).toEqual([study])
    expect(studyParts({ studyInstanceUid: "1", series: [] })).toEqual([])
  })

  it("hold every instance once and in order, and keep below the largest manifest", async () => {
    const many = Array.from({ length: 1500 }, (_, i) => series(`s${i}`, 1, 100))
    const studies = [
      [series("a", 10_000, 1 << 19)],
      many,
      [series("b", 3, 20 * 2 ** 30), series("c", 2, 100)],
    ]
    for (const [i, all] of studies.entries()) {
      const parts = studyParts({ studyInstanceUid: "1", series: all })
      const flat = parts.flatMap((part) => part.series.flatMap(({ instances }) => instances))
      const sizes = await Promise.all(parts.map(manifestSize))
      expect(parts).toHaveLength([4, 2, 3][i] as number)
      expect(flat).toEqual(all.flatMap(({ instances }) => instances))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 20)
      expect(
        parts.every((part) => part.series.every(({ instances }) => instances.length > 0)),
      ).toBe(true)
    }
  })
})

/** Bytes of the largest manifest that a part can make: with the longest UIDs, every hash at its full length. */
async function manifestSize({ series }: Study): Promise<number> {
  const ref = "9".repeat(128)
  const far = 2 ** 40
  const part = {
    coding: "identity",
    blob: 2000,
    offset: far,
    length: far,
    sha256: secretOf("part"),
    ref,
  } as const
  const derived = ["series-metadata", "frame-index"].flatMap((role) =>
    series.map(() => ({ ...part, role, type: "application/dicom+json" })),
  )
  const instances = series.flatMap((one) => one.instances)
  const parts = instances.map(() => ({ ...part, role: "instance", type: "application/dicom" }))
  const blobs = series.map((one) => {
    const length = one.instances.reduce((sum, { source }) => sum + source.size, 0)
    const leaves = new Uint8Array(32 * Math.ceil((padmeLength(length) + 1) / ((1 << 20) - 16)))
    const secrets = { id: new Uint8Array(16), dek: secretOf("dek"), commit: secretOf("commit") }
    return {
      ...secrets,
      kind: "bundle" as const,
      cid: cidOf("blob"),
      size: far,
      length: far,
      leaves,
    }
  })
  const manifest = {
    kind: "dicom-study",
    writer: hospital.key,
    sealed: far,
    time: far,
    undated: false,
    before1970: false,
    blobs,
    parts: [...parts, ...derived],
  }
  const by = { writer: hospital, random: seeded("study parts") }
  const { bytes } = await sealManifest(vaultId, secretOf("record key"), manifest, by)
  return bytes.length
}
