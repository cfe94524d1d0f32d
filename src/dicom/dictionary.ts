/**
 * Value representations by tag (PS3.6), for implicit VR and for elements of unknown VR.
 *
 * @module
 */
import dcmjs from "dcmjs"

interface Entry {
  readonly vr: string
}

/** Tags as dcmjs writes them, "(0008,0005)"; repeating groups as "(60xx,3000)". */
const dictionary = dcmjs.data.DicomMetaDictionary.dictionary as Readonly<
  Record<string, Entry | undefined>
>

/** The VR of a tag such as `x00080005`; `UN` for private and unknown ones, `UL` for group lengths. */
export function vrOf(tag: string): string {
  const group = tag.slice(1, 5).toUpperCase()
  const element = tag.slice(5).toUpperCase()
  if (element === "0000") return "UL"
  if (Number.parseInt(group, 16) % 2 === 1) return /^00[1-9A-F]/.test(element) ? "LO" : "UN"
  const entry =
    dictionary[`(${group},${element})`] ?? dictionary[`(${group.slice(0, 2)}xx,${element})`]
  return choose(entry?.vr)
}

/** The dictionary names two for elements whose VR depends on others; the wider one reads both. */
function choose(vr: string | undefined): string {
  if (vr === undefined || vr === "") return "UN"
  if (vr === "xs") return "US"
  return vr === "ox" || vr.includes(" ") || vr.includes("/") ? "OW" : vr
}
