import { gunzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { decodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { readInstance } from "../../../src/dicom/instance.ts"
import { seriesParts } from "../../../src/dicom/series-parts.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import {
  BIG_ENDIAN,
  dicomFile,
  type FileShape,
  identity,
  imageOf,
  JPEG_BASELINE,
} from "../../support/dicom-file.ts"

const native = dicomFile(
  [
    ...identity({ instance: "1.1" }),
    ...imageOf(4, 2, 2),
    ["7FE00010", "OB", new Uint8Array(16).fill(7)],
  ],
  { syntax: BIG_ENDIAN } satisfies FileShape,
)
const fragments = [Uint8Array.of(1, 1), Uint8Array.of(2, 2, 2, 2), Uint8Array.of(3, 3)]
const encapsulated = dicomFile(
  [
    ...identity({ instance: "1.2" }),
    ...imageOf(4, 2, 2),
    ["7FE00010", "OB", { table: [0, 22], fragments }],
  ],
  { syntax: JPEG_BASELINE },
)
const report = dicomFile([...identity({ instance: "1.3" }), ["0040A040", "CS", "TEXT"]])

async function partsOf(...files: readonly Uint8Array[]) {
  const instances = await Promise.all(files.map((file) => readInstance(bytesSource(file))))
  return await seriesParts({ seriesInstanceUid: "2.25.2", instances })
}

describe("series metadata", () => {
  it("are gzipped DICOM JSON of each instance, with its transfer syntax", async () => {
    const { metadata } = await partsOf(native, encapsulated, report)
    const json = JSON.parse(gunzipSync(metadata).toString()) as Record<string, unknown>[]
    expect(
      json.map((one) => [one["00080018"], one["00083002"], one["00280010"], one["7FE00010"]]),
    ).toEqual([
      [
        { vr: "UI", Value: ["1.1"] },
        { vr: "UI", Value: [BIG_ENDIAN] },
        { vr: "US", Value: [2] },
        { vr: "OB", BulkDataURI: "bulkdata/7FE00010" },
      ],
      [
        { vr: "UI", Value: ["1.2"] },
        { vr: "UI", Value: [JPEG_BASELINE] },
        { vr: "US", Value: [2] },
        { vr: "OB", BulkDataURI: "bulkdata/7FE00010" },
      ],
      [
        { vr: "UI", Value: ["1.3"] },
        { vr: "UI", Value: ["1.2.840.10008.1.2.1"] },
        undefined,
        undefined,
      ],
    ])
  })
})

describe("frame index", () => {
  it("names the ranges of each frame within the file", async () => {
    const files = [native, encapsulated, report]
    const { frameIndex } = await partsOf(...files)
    const index = decodeDagCbor(frameIndex) as {
      v: number
      instances: { uid: string; syntax: string; frames: [number, number][][] }[]
    }
    expect([index.v, index.instances.map(({ uid, syntax }) => [uid, syntax])]).toEqual([
      1,
      [
        ["1.1", BIG_ENDIAN],
        ["1.2", JPEG_BASELINE],
        ["1.3", "1.2.840.10008.1.2.1"],
      ],
    ])
    const frames = index.instances.map(({ frames: ranges }, i) =>
      ranges.map((frame) =>
        frame.map(([offset, length]) => [
          ...(files[i] as Uint8Array).subarray(offset, offset + length),
        ]),
      ),
    )
    const eight = Array.from({ length: 8 }, () => 7)
    expect(frames).toEqual([
      [[eight], [eight]],
      [
        [
          [1, 1],
          [2, 2, 2, 2],
        ],
        [[3, 3]],
      ],
      [],
    ])
  })
})
