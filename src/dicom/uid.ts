/**
 * What is taken for a UID: wider than PS3.5 §9.1, since anonymizers write letters and too many digits, and narrow enough for the name of a file.
 *
 * @module
 */

const UID = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/

/** Whether a text is taken for a UID. */
export function isUid(text: string): boolean {
  return UID.test(text)
}
