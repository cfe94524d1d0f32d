/**
 * Where two DICOM JSON objects say different things.
 *
 * @module
 */
import type { DicomJson, JsonAttribute } from "../../src/dicom/dicom-json.ts"

/** How a foreign program's attribute may differ from ours and mean the same. */
export type MeansTheSame = (ours: JsonAttribute, theirs: JsonAttribute, tag: string) => boolean

/** The paths at which two objects differ, each with both sides; items are compared one by one. */
export function jsonDifferences(
  ours: DicomJson,
  theirs: DicomJson,
  meansTheSame: MeansTheSame,
  path = "",
): string[] {
  const tags = new Set([...Object.keys(ours), ...Object.keys(theirs)])
  return [...tags].toSorted().flatMap((tag) => {
    const here = `${path}/${tag}`
    const [one, other] = [ours[tag], theirs[tag]]
    const isSequence = one?.vr === "SQ" && other?.vr === "SQ"
    const items = isSequence ? (one.Value ?? []) : []
    const otherItems = isSequence ? (other.Value ?? []) : []
    if (isSequence && items.length === otherItems.length) {
      return items.flatMap((item, i) =>
        jsonDifferences(
          item as DicomJson,
          otherItems[i] as DicomJson,
          meansTheSame,
          `${here}/${i + 1}`,
        ),
      )
    }
    const isSame = one && other && meansTheSame(one, other, tag)
    return isSame ? [] : [`${here}: ${shorten(one)} | ${shorten(other)}`]
  })
}

/** Whether two attributes are equal, or stand for the same bytes: where ours are bulk data, only the VR is compared. */
export function isEqual(ours: JsonAttribute, theirs: JsonAttribute): boolean {
  if (ours.BulkDataURI !== undefined) return ours.vr === theirs.vr
  return JSON.stringify(ours) === JSON.stringify(theirs)
}

function shorten(attribute: JsonAttribute | undefined): string {
  return (JSON.stringify(attribute) ?? "absent").slice(0, 120)
}
