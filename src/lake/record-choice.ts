/**
 * Which records a person means: by name, by the beginning of a name, or all that can be opened.
 *
 * @module
 */
import { AccessDeniedError, InvalidInputError, NotFoundError } from "../base/errors.ts"
import type { Manifest } from "../record/manifest.ts"
import type { RecordStanding } from "../record/standing.ts"
import { isFound, type OpenedRecord, type VaultRecords } from "./records.ts"

/** A record that is verified and open. */
export type ReadableRecord = RecordStanding<OpenedRecord> & {
  readonly facts: OpenedRecord & { readonly opened: Manifest; readonly recordKey: Uint8Array }
}

/**
 * The records named; every record when none is named.
 * @param names `HASH:index`, or at least the first 8 characters of one
 * @throws {NotFoundError} when a name fits no record, {@link InvalidInputError} when it fits several
 */
export function chooseRecords(
  { records }: Pick<VaultRecords, "records">,
  names: readonly string[],
): readonly RecordStanding<OpenedRecord>[] {
  if (names.length === 0) return records
  return names.map((name) => {
    const wanted = name.toUpperCase()
    const fitting = records.filter((one) => one.name.toUpperCase().startsWith(wanted))
    const [found, ...others] = fitting
    if (wanted.length < 8) throw new InvalidInputError(`"${name}" is too short for a record's name`)
    if (!found) throw new NotFoundError(`no record ${name} is in this vault (medlake list)`)
    if (others.length > 0) throw new InvalidInputError(`"${name}" fits ${fitting.length} records`)
    return found
  })
}

/** Whether a record's manifest and key are open and nothing speaks against it. */
export function isReadable(record: RecordStanding<OpenedRecord>): record is ReadableRecord {
  const { standing, facts } = record
  return standing === "verified" && isFound(facts.opened) && isFound(facts.recordKey)
}

/** @throws {AccessDeniedError} with the record's standing and the reason, when it can't be read */
export function requireReadable(record: RecordStanding<OpenedRecord>): ReadableRecord {
  if (isReadable(record)) return record
  const why = record.reasons.map(({ sentence }) => sentence).join("; ")
  throw new AccessDeniedError(`record ${record.name} is ${record.standing} for you: ${why}`)
}
