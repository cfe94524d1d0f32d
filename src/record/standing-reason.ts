/**
 * Why a record stands where it stands: stable codes for programs, a sentence for people.
 *
 * @module
 */

/** Codes are API: never renamed, never reused. */
export const REASONS = {
  "not-one-unit": "not exactly one unit of the data mosaic moved",
  "other-sender": "the sender is not the vault that was announced",
  "not-a-record": "the message is no record message",
  malformed: "the record message is malformed",
  unsupported: "the record message has a version that this program does not know",
  "not-announced": "nothing was announced before it",
  "other-epoch": "its epoch is not the newest announced before it",
  "locate-shut": "the locate box does not open with the key of its epoch",
  "same-manifest": "the same manifest was anchored before",
  erased: "the register announced it as erased",
  "no-locate-key": "the reader has no locate key of its epoch",
  "no-index-key": "the reader has no index key of its epoch",
  "index-shut": "the index box does not open with the key of its epoch",
  "no-list-key": "no granted time range lets the reader list its slot",
  "catalogue-absent": "no store has the catalogue",
  "catalogue-shut": "the catalogue does not open, or is not what it should be",
  "members-absent": "no store has the members object of the announcement before it",
  "members-shut": "the members object of the announcement before it does not open",
  "not-signed-by-writer": "the writer did not sign the aggregate",
  "not-signed-by-patient": "neither the phone nor the agent signed the aggregate",
  "not-signed-by-both": "the writer is no member, and phone and agent did not both sign",
  "no-read-key": "no granted time range lets the reader read its slot",
  "record-key-shut": "the record key does not open with the read key of its slot",
  "manifest-absent": "no store has the manifest",
  "manifest-shut": "the manifest does not open, or is not what it should be",
  "other-writer": "manifest and catalogue name different writers",
  "other-time": "the slot is not that of the manifest's time",
} as const

/** One reason by its code. */
export type ReasonCode = keyof typeof REASONS

/** A reason with its sentence. */
export interface Reason {
  readonly code: ReasonCode
  readonly sentence: string
}

/** The reason of a code. */
export function reasonOf(code: ReasonCode): Reason {
  return { code, sentence: REASONS[code] }
}
