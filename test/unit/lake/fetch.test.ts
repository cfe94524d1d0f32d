import { describe, expect, it } from "vitest"
import { IntegrityError } from "../../../src/base/errors.ts"
import { downloadNames } from "../../../src/host/download-files.ts"
import { instanceParts } from "../../../src/lake/fetch.ts"
import type { ManifestPart } from "../../../src/record/manifest.ts"

function partOf(role: string, ref?: string): ManifestPart {
  const place = { blob: 0, offset: 0, length: 1, sha256: new Uint8Array(32) }
  const type = "application/dicom"
  return { role, type, coding: "identity", ...place, ...(ref === undefined ? {} : { ref }) }
}

describe("instanceParts", () => {
  it("are the parts with that role", () => {
    const parts = [partOf("instance", "1.2"), partOf("frame-index", "1"), partOf("instance", "1.3")]
    expect(instanceParts({ parts }).map(({ ref }) => ref)).toEqual(["1.2", "1.3"])
  })

  it("refuse a name that would leave the folder of downloads, or is none", () => {
    const names = [
      "../../home/user/x",
      "/etc/x",
      "a/b",
      "a\\b",
      "..",
      ".",
      "",
      "1.2\u0000",
      "a\n",
      "~2",
      undefined,
    ]
    for (const name of names) {
      const parts = [partOf("instance", "1.2"), partOf("instance", name)]
      expect(() => instanceParts({ parts })).toThrow(IntegrityError)
    }
    expect(names).toHaveLength(11)
  })
})

describe("downloadNames", () => {
  it("tell versions of one UID apart, and from every other UID", () => {
    expect(downloadNames(["1.2", "1.2.2", "1.2", "1.2-2", "1.2"])).toEqual([
      "1.2.dcm",
      "1.2.2.dcm",
      "1.2~2.dcm",
      "1.2-2.dcm",
      "1.2~3.dcm",
    ])
  })
})
