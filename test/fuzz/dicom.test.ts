import { readFileSync, statSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { concat } from "../../src/base/bytes.ts"
import { dataTimeOf } from "../../src/dicom/date-time.ts"
import { readInstance } from "../../src/dicom/instance.ts"
import { reasonOf } from "../../src/dicom/refusal.ts"
import { seriesParts } from "../../src/dicom/series-parts.ts"
import type { DicomSource } from "../../src/dicom/source.ts"
import { groupStudies, type Study } from "../../src/dicom/study.ts"
import { summarize } from "../../src/dicom/summary.ts"
import { realDicomFiles } from "../support/dicom-catalogue.ts"
import {
  BIG_ENDIAN,
  DEFLATED,
  type DicomElement,
  dicomFile,
  IMPLICIT,
  identity,
  imageOf,
  JPEG_BASELINE,
} from "../support/dicom-file.ts"
import { countingSource } from "../support/dicom-source.ts"
import { missingShared } from "../support/shared-data.ts"
import { describeIfPresent } from "../support/skipped.ts"

/** Any bytes end as a parsed study or as a refusal: no other error, no endless loop, no reading without end. */

const SEED = 20_251_125
const SMALL = 12_000

/** One change to a file, at a place given as a part of its length. */
type Mutation = (bytes: Uint8Array) => Uint8Array

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
/** Lengths that parsers believe: none, all, huge, odd, one off. */
const word = fc.constantFrom(
  0,
  1,
  2,
  7,
  0xff,
  0xffff,
  0x10000,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
)
/** Tags that change what follows them: item, delimiters, pixel data, offset table, character set, frames. */
const tag = fc.constantFrom(
  0xe000fffe,
  0xe00dfffe,
  0xe0ddfffe,
  0x00107fe0,
  0x00017fe0,
  0x00050008,
  0x00080028,
)

const overwrite =
  (at: number, value: number): Mutation =>
  (bytes) => {
    const changed = Uint8Array.from(bytes)
    const start = Math.floor(at * Math.max(0, bytes.length - 4))
    if (bytes.length >= 4) new DataView(changed.buffer).setUint32(start, value, true)
    return changed
  }

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, word).map(([at, value]) => overwrite(at, value)),
  fc.tuple(place, tag).map(([at, value]) => overwrite(at, value)),
  fc.tuple(place, fc.nat(255)).map(
    ([at, value]): Mutation =>
      (bytes) => {
        const changed = Uint8Array.from(bytes)
        changed[Math.floor(at * bytes.length)] = value
        return changed
      },
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.slice(0, Math.floor(at * bytes.length)),
  ),
  fc.tuple(place, fc.nat(64)).map(
    ([at, length]): Mutation =>
      (bytes) => {
        const start = Math.floor(at * bytes.length)
        return concat(bytes.subarray(0, start), bytes.subarray(start + length))
      },
  ),
  fc.tuple(place, place, fc.nat(512)).map(
    ([from, to, length]): Mutation =>
      (bytes) => {
        const start = Math.floor(from * bytes.length)
        const piece = bytes.subarray(start, start + length)
        const target = Math.floor(to * bytes.length)
        return concat(bytes.subarray(0, target), piece, bytes.subarray(target))
      },
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 64 })).map(
    ([at, piece]): Mutation =>
      (bytes) => {
        const target = Math.floor(at * bytes.length)
        return concat(bytes.subarray(0, target), piece, bytes.subarray(target))
      },
  ),
)

/** Reads a file as upload does, to the last derived part. */
async function outcomeOf(bytes: Uint8Array): Promise<string> {
  const source = countingSource(bytes)
  const outcome = await read(source).catch((error: unknown) => {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    return reason
  })
  if (source.bytesRead > 16 * bytes.length + (1 << 20)) {
    throw new Error(`${source.bytesRead} bytes were read of ${bytes.length}`)
  }
  return outcome
}

async function read(source: DicomSource): Promise<"read"> {
  const instance = await readInstance(source)
  const [study] = groupStudies([instance]).studies as [Study]
  summarize(study)
  dataTimeOf(instance.header, "+00:00", 0)
  for (const series of study.series) await seriesParts(series)
  for (const { offset, length } of instance.frames.flat()) {
    if (offset < 0 || offset + length > source.size)
      throw new Error("a frame lies outside its file")
  }
  return "read"
}

/** Changes files at random and counts what became of them. */
async function fuzz(files: readonly Uint8Array[], numRuns: number) {
  const outcomes = new Map<string, number>()
  const property = fc.asyncProperty(
    fc.constantFrom(...files),
    fc.array(mutation, { minLength: 1, maxLength: 6 }),
    async (file, mutations) => {
      const outcome = await outcomeOf(mutations.reduce((bytes, change) => change(bytes), file))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    },
  )
  await fc.assert(property, { seed: SEED, numRuns })
  return outcomes
}

function madeFiles(): Uint8Array[] {
  const item: DicomElement[] = [
    ["00080005", "CS", "\\ISO 2022 IR 87"],
    ["00100010", "PN", "Yamada=\u001b$B;3ED\u001b(B"],
  ]
  const header: DicomElement[] = [
    ...identity(),
    ...imageOf(4, 4, 3),
    ["00080005", "CS", "ISO_IR 100"],
    ["00080020", "DA", "20250114"],
    ["00080060", "CS", "CT"],
    ["00091001", "UN", Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0)],
    ["00100020", "LO", "4711"],
    ["00180050", "DS", "1.5\\2"],
    ["00280009", "AT", Uint8Array.of(0x18, 0, 0x63, 0x10)],
    ["00400275", "SQ", { items: [item, []], lengths: "defined" }],
    ["00400555", "SQ", { items: [[["00400555", "SQ", { items: [item] }]], item] }],
  ]
  const native: DicomElement[] = [...header, ["7FE00010", "OB", new Uint8Array(48)]]
  const images = Array.from({ length: 5 }, (_, i) => Uint8Array.of(i, i, 0xff, 0xd9))
  const encapsulated: DicomElement[] = [
    ...header,
    ["7FE00001", "OV", [0, 12, 36]],
    ["7FE00010", "OB", { table: [0, 12, 36], fragments: images }],
  ]
  return [
    dicomFile(native),
    dicomFile(native, { syntax: IMPLICIT }),
    dicomFile(native, { syntax: BIG_ENDIAN }),
    dicomFile(native, { syntax: DEFLATED }),
    dicomFile(native, { preamble: false }),
    dicomFile(header, { preamble: false, meta: false }),
    dicomFile(header, { preamble: false, meta: false, syntax: IMPLICIT }),
    dicomFile(encapsulated, { syntax: JPEG_BASELINE }),
  ]
}

describe("made files with random changes", () => {
  it("are read or refused", async () => {
    const outcomes = await fuzz(madeFiles(), 4000)
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(4000)
    for (const seen of ["read", "truncated", "malformed", "missing-uid", "not-dicom"]) {
      expect([...outcomes.keys()]).toContain(seen)
    }
  }, 120_000)
})

describe("noise", () => {
  it("behind a beginning of DICOM is read or refused", async () => {
    const beginnings = [[], ...madeFiles().map((file) => [...file.subarray(0, 200)])]
    const noise = fc.tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 2000 }))
    const property = fc.asyncProperty(noise, async ([beginning, rest]) => {
      await outcomeOf(concat(Uint8Array.from(beginning), rest))
    })
    await expect(fc.assert(property, { seed: SEED, numRuns: 1500 })).resolves.toBeUndefined()
  }, 120_000)
})

describeIfPresent("real files with random changes", missingShared("dicom"), () => {
  it("are read or refused", async () => {
    const files = realDicomFiles().filter(({ path }) => statSync(path).size <= SMALL)
    const outcomes = await fuzz(
      files.map(({ path }) => Uint8Array.from(readFileSync(path))),
      3000,
    )
    expect(files.length).toBeGreaterThanOrEqual(60)
    expect(outcomes.size).toBeGreaterThanOrEqual(6)
  }, 120_000)
})
