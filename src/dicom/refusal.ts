/**
 * Why a file is not taken: a reason that tests and tables can name, and a sentence for people.
 *
 * @module
 */
import { IntegrityError, InvalidInputError, type MedlakeError } from "../base/errors.ts"

/** Stable reasons; `docs/dicom.md` explains each. */
export type DicomRefusal =
  | "empty"
  | "not-dicom"
  | "media-directory"
  | "no-transfer-syntax"
  | "malformed"
  | "truncated"
  | "too-large"
  | "missing-uid"
  | "invalid-uid"

const SENTENCES: Readonly<Record<DicomRefusal, string>> = {
  empty: "the file is empty",
  "not-dicom": "the file is no DICOM object: it has neither the prefix DICM nor a data set",
  "media-directory":
    "the file is the directory of a medium (DICOMDIR), not an instance: give the folder's images",
  "no-transfer-syntax": "the file meta information names no transfer syntax (0002,0010)",
  malformed: "the data set does not follow PS3.5 and can't be read",
  truncated: "the file ends in the middle of its data set: get a whole copy",
  "too-large":
    "the file is larger than 24 GiB, its header or inflated data set than 512 MiB, or it has more parts than any real one",
  "missing-uid": "the data set lacks its study, series, instance or SOP class UID",
  "invalid-uid":
    "a UID of the data set holds other characters than letters, digits, dot, hyphen and underscore, or is too long",
}

/** Every reason. */
export const REFUSALS = Object.keys(SENTENCES) as DicomRefusal[]

/** Reasons that speak of damage; the others speak of the wrong kind of file. */
const DAMAGE: readonly DicomRefusal[] = ["malformed", "truncated"]

/** The error of a refusal; its message begins with the reason. */
export function refuse(reason: DicomRefusal, cause?: unknown): MedlakeError {
  const Kind = DAMAGE.includes(reason) ? IntegrityError : InvalidInputError
  return new Kind(`${reason}: ${SENTENCES[reason]}`, { cause })
}

/** The reason of a refusal that {@link refuse} made, or `undefined`. */
export function reasonOf(error: unknown): DicomRefusal | undefined {
  if (!(error instanceof Error)) return undefined
  const [reason = ""] = error.message.split(":", 1)
  return reason in SENTENCES ? (reason as DicomRefusal) : undefined
}
