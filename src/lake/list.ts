/**
 * `list`: records as people and the search database see them.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import type { RecordStanding } from "../record/standing.ts"
import { isFound, type OpenedRecord, type VaultRecords } from "./records.ts"

/** One line of a list. Plain values. */
export interface ListedRecord {
  /** `HASH:index` */
  readonly id: string
  /** Address of the register, hex. */
  readonly register: string
  readonly height: number
  readonly epoch: number
  readonly standing: string
  readonly reasons: string
  /** Time of the data, milliseconds since 1970; null where it can't be listed. */
  readonly time: number | null
  readonly undated: number
  readonly kind: string | null
  /** JSON of what may be listed. */
  readonly entry: string | null
  /** Symbol key of the writer, hex. */
  readonly writer: string | null
  readonly manifest: string | null
}

/** The lines of all records of a vault, in the order of the chain. */
export function listRecords(register: Uint8Array, { records }: VaultRecords): ListedRecord[] {
  return records.map((one) => listed(hex(register), one))
}

function listed(
  register: string,
  { facts, name, standing, reasons }: RecordStanding<OpenedRecord>,
): ListedRecord {
  const { listing, manifestCid, transfer, epoch } = facts
  const seen = isFound(listing) ? listing : undefined
  return {
    id: name,
    register,
    height: Number(transfer.height),
    epoch,
    standing,
    reasons: reasons.map(({ sentence }) => sentence).join("; "),
    time: seen?.time ?? null,
    undated: seen?.undated === true ? 1 : 0,
    kind: seen?.kind ?? null,
    entry: seen ? JSON.stringify(seen.entry) : null,
    writer: seen ? hex(seen.writer) : null,
    manifest: isFound(manifestCid) ? manifestCid.toString() : null,
  }
}
