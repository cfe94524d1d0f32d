/**
 * Value representations by tag (PS3.6), for implicit VR and for elements of unknown VR.
 *
 * @module
 */
import dcmjs from "dcmjs"

interface Entry {
  readonly vr: string
}

/** By tag, such as "(0028,0106)"; repeating groups such as (6002,3000) are found like others. */
const dictionary = dcmjs.data.DicomMetaDictionary.dictionary as Readonly<
  Record<string, Entry | undefined>
>

/** What the dictionary writes where the VR depends on other elements; of OB and OW the one that implicit VR has (PS3.5 §A.1). */
const CHOICES: Readonly<Record<string, string>> = { ox: "OW", lt: "OW", up: "UL", na: "UN" }
const PIXEL_VALUE = "xs"

/**
 * The VR of a tag such as `x00080005`; `UN` for private and unknown ones, `UL` for group lengths.
 * @param signed whether Pixel Representation (0028,0103) is 1, which makes pixel values `SS` (PS3.5 §A.1)
 */
export function vrOf(tag: string, signed: boolean): string {
  const group = tag.slice(1, 5).toUpperCase()
  const element = tag.slice(5).toUpperCase()
  if (element === "0000") return "UL"
  if (Number.parseInt(group, 16) % 2 === 1) return /^00[1-9A-F]/.test(element) ? "LO" : "UN"
  const vr = dictionary[`(${group},${element})`]?.vr ?? "UN"
  if (vr === PIXEL_VALUE) return signed ? "SS" : "US"
  return CHOICES[vr] ?? vr
}
