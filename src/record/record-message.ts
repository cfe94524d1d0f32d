/**
 * The record message: 384 bytes that travel with one unit of the data mosaic (docs/FORMAT.md §5).
 *
 *     0  marker "ML" · 2  version u16 · 4  epoch u32 · 8  salt 32
 *     40  locate box 131   L_e ─▶ manifest CID, catalogue CID
 *     171 index box 213    C_e ─▶ slot, record key sealed by the read slot key
 *
 * Guarantees: every message has one length; a box opens only with the key of its epoch and vault, and opening one says nothing of
 * the other. Nothing outside the boxes is authenticated but by the chain.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { concat, expectLength } from "../base/bytes.ts"
import {
  decodeDagCbor,
  decodePaddedDagCbor,
  encodeDagCbor,
  encodePaddedDagCbor,
} from "../base/dag-cbor.ts"
import { InvalidInputError, UnsupportedError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { boxKey, open, openWith, seal } from "../crypto/seal.ts"
import { slotKey, type Tree } from "../vault/calendar.ts"
import { contextOf, type VaultId } from "../vault/context.ts"
import { bytes, cid, epochNumber, parseShape } from "../vault/shape.ts"
import { isSlot, requireSlot } from "../vault/slot.ts"

/** Bytes of every record message. */
export const RECORD_MESSAGE_LENGTH = 384
/** Plaintext bytes of the two boxes. */
const LOCATE_LENGTH = 83
const INDEX_LENGTH = 165
/** Bytes of a sealed record key. */
const SEALED_KEY_LENGTH = 80

const VERSION = 1
const MARKER = Uint8Array.of(0x4d, 0x4c)
const SALT_AT = 8
const LOCATE_AT = 40
const INDEX_AT = 171

/** Keys of the epoch under which a record is anchored. */
export interface RecordMessageKeys {
  readonly epoch: number
  /** L_e */
  readonly locate: Uint8Array
  /** C_e */
  readonly index: Uint8Array
  /** Root of the read tree. */
  readonly readRoot: Tree
}

/** What a locate box holds. */
export interface Located {
  readonly manifest: CID
  readonly catalogue: CID
}

/** What an index box holds. */
export interface Indexed {
  readonly slot: number
  /** Opened by the read slot key: see {@link openRecordKey}. */
  readonly sealedKey: Uint8Array
}

/** What a record message says. */
export interface RecordMessageContent extends Located {
  readonly slot: number
  /** 32 bytes. */
  readonly recordKey: Uint8Array
}

/** A record message with its boxes shut. */
export interface RecordMessage {
  readonly epoch: number
  readonly salt: Uint8Array
  readonly locateBox: Uint8Array
  readonly indexBox: Uint8Array
}

const locatedShape = z.tuple([cid, cid])
const indexedShape = z.tuple([z.int().refine(isSlot), bytes(SEALED_KEY_LENGTH)])

/**
 * Seals a record message.
 * @throws {InvalidInputError} when the slot is none, a key has another length or a CID is not one of ours
 * @throws {AccessDeniedError} when the read tree does not hold the slot
 */
export function encodeRecordMessage(
  id: VaultId,
  keys: RecordMessageKeys,
  { manifest, catalogue, slot, recordKey }: RecordMessageContent,
  random: RandomBytes,
): Uint8Array {
  const epoch = parseShape("epoch", epochNumber, keys.epoch)
  const context = contextOf(id, epoch)
  const salt = expectLength("salt", random(32), 32)
  const readKey = slotKey(keys.readRoot, requireSlot(slot), "read", context)
  expectLength("record key", recordKey, 32)
  const sealedKey = seal(readKey, "record-key", context, salt, recordKey)
  const located = encodeDagCbor(parseShape("locate box", locatedShape, [manifest, catalogue]))
  const indexed = encodePaddedDagCbor([slot, sealedKey], INDEX_LENGTH)
  return concat(
    MARKER,
    Uint8Array.of(0, VERSION, epoch >>> 24, epoch >>> 16, epoch >>> 8, epoch),
    salt,
    seal(keys.locate, "locate-box", context, salt, expectLength("pair", located, LOCATE_LENGTH)),
    seal(keys.index, "index-box", context, salt, indexed),
  )
}

/**
 * Reads the clear part; `undefined` when the message does not bear our marker.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it has another length or no epoch
 */
export function parseRecordMessage(message: Uint8Array): RecordMessage | undefined {
  if (message[0] !== MARKER[0] || message[1] !== MARKER[1]) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  if (message.length >= 4 && view.getUint16(2) !== VERSION) {
    throw new UnsupportedError(
      `the record message has version ${view.getUint16(2)}, this program knows version 1: update medlake`,
    )
  }
  expectLength("record message", message, RECORD_MESSAGE_LENGTH)
  return {
    epoch: parseShape("epoch", epochNumber, view.getUint32(4)),
    salt: message.slice(SALT_AT, LOCATE_AT),
    locateBox: message.slice(LOCATE_AT, INDEX_AT),
    indexBox: message.slice(INDEX_AT),
  }
}

/** The 76 bytes that open the locate box of this message and no other: what the agent shows a writer. */
export function locateOpener(
  id: VaultId,
  { epoch, salt }: RecordMessage,
  locate: Uint8Array,
): Uint8Array {
  return boxKey(locate, "locate-box", contextOf(id, epoch), salt)
}

/**
 * Opens the locate box with L_e.
 * @throws {AccessDeniedError} when the key is not that of vault and epoch
 * @throws {IntegrityError} when the box was changed
 * @throws {InvalidInputError} when what it holds is malformed
 */
export function openLocate(id: VaultId, message: RecordMessage, locate: Uint8Array): Located {
  return openLocateWith(message, locateOpener(id, message, locate))
}

/** Opens the locate box with its opener; throws as {@link openLocate}. */
export function openLocateWith(message: RecordMessage, opener: Uint8Array): Located {
  const pair = decodeDagCbor(openWith(opener, message.locateBox))
  const [manifest, catalogue] = parseShape("locate box", locatedShape, pair)
  return { manifest, catalogue }
}

/** Opens the index box with C_e; throws as {@link openLocate}, IntegrityError also for padding that is not zero. */
export function openIndex(id: VaultId, message: RecordMessage, index: Uint8Array): Indexed {
  const context = contextOf(id, message.epoch)
  const box = decodePaddedDagCbor(open(index, "index-box", context, message.salt, message.indexBox))
  const [slot, sealedKey] = parseShape("index box", indexedShape, box)
  return { slot, sealedKey }
}

/**
 * The record key (32 bytes), by the read slot key of the slot in the index box.
 * @throws {AccessDeniedError} when the key is not that of slot, vault and epoch
 * @throws {IntegrityError} when the sealed key was changed
 */
export function openRecordKey(
  id: VaultId,
  { epoch, salt }: RecordMessage,
  { sealedKey }: Indexed,
  readSlotKey: Uint8Array,
): Uint8Array {
  const recordKey = open(readSlotKey, "record-key", contextOf(id, epoch), salt, sealedKey)
  if (recordKey.length !== 32) throw new InvalidInputError("the sealed key holds no record key")
  return recordKey
}
