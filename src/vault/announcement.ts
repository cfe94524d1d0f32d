/**
 * Announcements: what the register says about its vault, in clear, each chained to the one before it (docs/FORMAT.md §6).
 *
 *     "MA" ‖ version u16 ‖ cbor {epoch, revision, previous, vault, commit, intake, vaultFile, members, erased?}
 *
 *     (1,0) ──▶ (1,1) ──▶ (2,0) ──▶ …      previous = H(whole message before)
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { concat, hex } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError, UnsupportedError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"
import {
  bytes,
  cid,
  encodeShape,
  epochNumber,
  parseShape,
  transactionIndex,
  whole,
} from "./shape.ts"

/** Longest announcement (bytes): a message of the chain. */
export const ANNOUNCEMENT_LIMIT = 1024
const MARKER = Uint8Array.of(0x4d, 0x41)
const VERSION = 1
const HEAD = 4

/** Names a record: its aggregate (hash, 32 bytes) and the place of its transfer inside. */
export interface RecordName {
  readonly hash: Uint8Array
  readonly index: number
}

/** What an announcement says. */
export interface Announcement {
  /** Counted from 1. */
  readonly epoch: number
  /** Counted from 0 inside the epoch. */
  readonly revision: number
  /** Hash of the announcement before it; 32 zero bytes in the first. */
  readonly previous: Uint8Array
  /** Address of the vault, 24 bytes. */
  readonly vault: Uint8Array
  /** Commitment of L_e, 32 bytes. */
  readonly commit: Uint8Array
  readonly intake: CID
  readonly vaultFile: CID
  readonly members: CID
  /** Records that are erased by this announcement. */
  readonly erased?: readonly RecordName[]
}

const shape = z.strictObject({
  epoch: epochNumber,
  revision: whole,
  previous: bytes(32),
  vault: bytes(24),
  commit: bytes(32),
  intake: cid,
  vaultFile: cid,
  members: cid,
  erased: z
    .array(z.tuple([bytes(32), transactionIndex]))
    .min(1)
    .exactOptional(),
})

/** `previous` of the first announcement. */
export const NO_ANNOUNCEMENT = new Uint8Array(32)

/**
 * The message that announces.
 * @throws {InvalidInputError} when a field is wrong, or the whole is longer than 1024 bytes
 */
export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  const { erased, ...rest } = announcement
  const body = encodeShape("announcement", shape, {
    ...rest,
    ...(erased?.length ? { erased: erased.map(namePair) } : {}),
  })
  const message = concat(MARKER, Uint8Array.of(0, VERSION), body)
  if (message.length > ANNOUNCEMENT_LIMIT) {
    throw new InvalidInputError(
      `the announcement has ${message.length} bytes, ${ANNOUNCEMENT_LIMIT} fit: announce fewer erasures at once`,
    )
  }
  return message
}

/** Whether a message says of itself that it is an announcement. */
export function isAnnouncement(message: Uint8Array): boolean {
  return message[0] === MARKER[0] && message[1] === MARKER[1]
}

/**
 * Reads one announcement by itself; whether it follows is {@link followAnnouncements}'s to say.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is no announcement, malformed or too long
 */
export function parseAnnouncement(message: Uint8Array): Announcement {
  if (!isAnnouncement(message) || message.length < HEAD || message.length > ANNOUNCEMENT_LIMIT) {
    throw new InvalidInputError("the message is no announcement")
  }
  const version = ((message[2] as number) << 8) | (message[3] as number)
  if (version !== VERSION) {
    throw new UnsupportedError(
      `the announcement has version ${version}, this program knows version 1: update medlake`,
    )
  }
  const { erased, ...rest } = parseShape(
    "announcement",
    shape,
    decodeDagCbor(message.subarray(HEAD)),
  )
  return erased ? { ...rest, erased: erased.map(([hash, index]) => ({ hash, index })) } : rest
}

/** H of the whole message: what the next one names, and what the register's metadata holds. */
export function announcementHash(message: Uint8Array): Uint8Array {
  return sha256(message)
}

/** `HASH:index`, as records are printed and compared. */
export function printRecordName({ hash, index }: RecordName): string {
  return `${hex(hash).toUpperCase()}:${index}`
}

function namePair({ hash, index }: RecordName): [Uint8Array, number] {
  return [hash, index]
}
