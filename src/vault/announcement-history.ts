/**
 * The register's announcements in chain order: which count, which don't and why, and what held at a moment.
 *
 * An announcement that does not follow the newest one before it is ignored and reported; nothing that comes later revives it.
 * Source: docs/FORMAT.md §6.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { MedlakeError, UnsupportedError } from "../base/errors.ts"
import {
  type Announcement,
  announcementHash,
  isAnnouncement,
  NO_ANNOUNCEMENT,
  parseAnnouncement,
  printRecordName,
} from "./announcement.ts"

/** A place in the chain: block, transaction in the block, embedded transaction in the aggregate. */
export interface ChainPosition {
  readonly height: bigint
  readonly transaction: number
  readonly index: number
}

/** A transfer register → register, as found on the chain. */
export interface AnnouncementTransfer extends ChainPosition {
  /** The transfer's message. */
  readonly message: Uint8Array
  /** Hash of the transaction, or of the aggregate that holds it. */
  readonly hash: Uint8Array
}

/** An announcement that counts. */
export interface Announced<T extends AnnouncementTransfer = AnnouncementTransfer> {
  readonly announcement: Announcement
  /** H of the message. */
  readonly digest: Uint8Array
  readonly transfer: T
}

/** Why a transfer does not count. */
export type IgnoredReason =
  | "not-an-announcement"
  | "malformed"
  | "unsupported"
  | "does-not-follow"
  | "other-previous"
  | "other-vault"
  | "other-commitment"

export interface IgnoredTransfer<T extends AnnouncementTransfer = AnnouncementTransfer> {
  readonly reason: IgnoredReason
  readonly transfer: T
}

/** What a register has announced. */
export interface AnnouncementHistory<T extends AnnouncementTransfer = AnnouncementTransfer> {
  /** `undefined` before the first announcement. */
  readonly newest: Announced<T> | undefined
  /** All that count, oldest first. */
  readonly history: readonly Announced<T>[]
  readonly ignored: readonly IgnoredTransfer<T>[]
  /** `HASH:index` of each erased record. */
  readonly erased: ReadonlySet<string>
}

/** Follows transfers in any order, as the chain orders them. Refuses none: what does not follow is in `ignored`. */
export function followAnnouncements<T extends AnnouncementTransfer>(
  transfers: Iterable<T>,
): AnnouncementHistory<T> {
  const history: Announced<T>[] = []
  const ignored: IgnoredTransfer<T>[] = []
  const erased = new Set<string>()
  for (const transfer of [...transfers].toSorted(comparePositions)) {
    const read = readAnnouncement(transfer.message)
    const reason = typeof read === "string" ? read : whyNot(read, history.at(-1))
    if (typeof read === "string" || reason) {
      ignored.push({ reason: reason as IgnoredReason, transfer })
      continue
    }
    history.push({ announcement: read, digest: announcementHash(transfer.message), transfer })
    for (const record of read.erased ?? []) erased.add(printRecordName(record))
  }
  return { newest: history.at(-1), history, ignored, erased }
}

/** The newest announcement before a place in the chain, or `undefined`. */
export function announcedAt<T extends AnnouncementTransfer>(
  history: readonly Announced<T>[],
  position: ChainPosition,
): Announced<T> | undefined {
  return history.findLast((one) => comparePositions(one.transfer, position) < 0)
}

/** Chain order: negative when `a` is before `b`. */
export function comparePositions(a: ChainPosition, b: ChainPosition): number {
  if (a.height !== b.height) return a.height < b.height ? -1 : 1
  return a.transaction - b.transaction || a.index - b.index
}

function readAnnouncement(message: Uint8Array): Announcement | IgnoredReason {
  if (!isAnnouncement(message)) return "not-an-announcement"
  try {
    return parseAnnouncement(message)
  } catch (error) {
    if (error instanceof UnsupportedError) return "unsupported"
    if (error instanceof MedlakeError) return "malformed"
    throw error
  }
}

function whyNot(next: Announcement, last: Announced | undefined): IgnoredReason | undefined {
  if (!last) {
    if (next.epoch !== 1 || next.revision !== 0) return "does-not-follow"
    return equal(next.previous, NO_ANNOUNCEMENT) ? undefined : "other-previous"
  }
  const { announcement, digest } = last
  const isRevision =
    next.epoch === announcement.epoch && next.revision === announcement.revision + 1
  const isNewEpoch = next.epoch === announcement.epoch + 1 && next.revision === 0
  if (!isRevision && !isNewEpoch) return "does-not-follow"
  if (!equal(next.previous, digest)) return "other-previous"
  if (isRevision && !equal(next.vault, announcement.vault)) return "other-vault"
  if (isRevision && !equal(next.commit, announcement.commit)) return "other-commitment"
  return undefined
}
