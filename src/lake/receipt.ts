/**
 * The receipt of an upload: what was anchored, where, and the digest of every instance (FORMAT §14).
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { printRecordName } from "../vault/announcement.ts"
import type { VaultId } from "../vault/context.ts"
import type { Anchored } from "./anchor.ts"

/** As it is written to a file; bytes as hex. */
export interface Receipt {
  readonly medlakeReceipt: 1
  /** Generation hash. */
  readonly network: string
  /** Addresses. */
  readonly register: string
  readonly vault: string
  readonly records: readonly RecordReceipt[]
}

/** One record of it. */
export interface RecordReceipt {
  /** `HASH:index` */
  readonly record: string
  readonly transaction: { readonly hash: string; readonly index: number; readonly height: number }
  /** Study Instance UID. */
  readonly study: string
  /** CIDs. */
  readonly manifest: string
  readonly blobs: readonly { readonly cid: string; readonly size: number }[]
  /** SHA-256 is that of the whole file, byte for byte. */
  readonly instances: readonly { readonly sopInstanceUid: string; readonly sha256: string }[]
}

/** The receipt over records of one vault. */
export function receiptOf(
  { network, register, vault }: VaultId,
  records: readonly Anchored[],
): Receipt {
  return {
    medlakeReceipt: 1,
    network: hex(network),
    register: hex(register),
    vault: hex(vault),
    records: records.map(recordReceipt),
  }
}

function recordReceipt({ upload, hash, index, height }: Anchored): RecordReceipt {
  const transaction = { hash: hex(hash).toUpperCase(), index, height }
  return {
    record: printRecordName({ hash, index }),
    transaction,
    study: upload.study,
    manifest: upload.manifestCid,
    blobs: upload.blobs.map(({ cid, size }) => ({ cid, size })),
    instances: upload.instances.map(({ uid, sha256 }) => ({
      sopInstanceUid: uid,
      sha256: hex(sha256),
    })),
  }
}
