/**
 * Our reading of real files, for comparison with that of foreign programs.
 *
 * @module
 */
import { readDataSet } from "../../src/dicom/data-set.ts"
import { type DicomJson, toDicomJson } from "../../src/dicom/dicom-json.ts"
import { reasonOf } from "../../src/dicom/refusal.ts"
import { fileSource } from "../../src/host/file-source.ts"
import { type RealFile, realDicomFiles } from "../support/dicom-catalogue.ts"

const BIG_ENDIAN = "1.2.840.10008.1.2.2"
/** Behind pixel data nothing is read, and pixel data are named only. */
const PIXEL_DATA = "7FE00010"
/** Of a series' many alike files every so manieth is enough. */
const STEP = 12

/** Our JSON of a file's header up to its pixel data; `undefined` where the file is refused. */
export async function ourJson(path: string): Promise<DicomJson | undefined> {
  try {
    const { dataSet, transferSyntaxUid } = await readDataSet(await fileSource(path))
    const json: unknown = JSON.parse(
      JSON.stringify(toDicomJson(dataSet, transferSyntaxUid === BIG_ENDIAN)),
    )
    return headerOf(json as DicomJson)
  } catch (error) {
    if (reasonOf(error) === undefined) throw error
    return undefined
  }
}

/** What both sides are compared by: no group lengths, nothing from the pixel data on, also not in items. */
export function headerOf(json: DicomJson): DicomJson {
  const kept = Object.entries(json).filter(
    ([tag]) => tag < PIXEL_DATA && !tag.startsWith("0002") && !tag.endsWith("0000"),
  )
  return Object.fromEntries(
    kept.map(([tag, { vr, Value, ...rest }]) => {
      const value = vr === "SQ" ? Value?.map((item) => headerOf(item as DicomJson)) : Value
      return [tag, { vr, ...(value && { Value: value }), ...rest }]
    }),
  )
}

/** Every single file, and some of each series. */
export function sampleFiles(): RealFile[] {
  return realDicomFiles().filter(({ dcmtk }, i) => dcmtk !== undefined || i % STEP === 0)
}
