/**
 * The catalogue of a record, by the agent: what to pin, and what may be listed (docs/FORMAT.md §4).
 *
 *     L_e ─▶ pins box: manifest and blobs by name and size        list slot key ─▶ list box: kind, writer, time, entry, tags
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { decodeDagCbor, decodePaddedDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { cidOfBytes } from "../cid/cid.ts"
import { open, seal } from "../crypto/seal.ts"
import { slotKey, type Tree } from "../vault/calendar.ts"
import { contextOf, type VaultId } from "../vault/context.ts"
import { padCbor } from "../vault/padded.ts"
import { bytes, encodeShape, epochNumber, objectBytes, parseShape } from "../vault/shape.ts"
import { type DataTime, dataTimeFields, isDataTime } from "./data-time.ts"
import {
  type Entry,
  entryShape,
  kindShape,
  type Pinned,
  pinnedShape,
  readPinned,
  writePinned,
} from "./entry.ts"

/** Keys of the epoch under which a record is catalogued. */
export interface CatalogueKeys {
  readonly epoch: number
  /** L_e */
  readonly locate: Uint8Array
  /** Root of the list tree. */
  readonly listRoot: Tree
}

/** What a mirror must hold. */
export interface Pins {
  readonly manifest: Pinned
  readonly blobs: readonly Pinned[]
}

/** The two tags of one instance: see `tags.ts`. */
export interface InstanceTags {
  /** 16 bytes. */
  readonly uid: Uint8Array
  /** 32 bytes. */
  readonly content: Uint8Array
}

/** What may be listed of a record. */
export interface Listing extends DataTime {
  readonly kind: string
  /** Symbol public key, 32 bytes. */
  readonly writer: Uint8Array
  readonly entry: Entry
  readonly tags: readonly InstanceTags[]
}

/** A catalogue with its boxes shut. */
export interface Catalogue {
  readonly epoch: number
  readonly salt: Uint8Array
  readonly pins: Uint8Array
  readonly list: Uint8Array
}

const shape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("catalogue"),
  epoch: epochNumber,
  salt: bytes(32),
  pins: objectBytes,
  list: objectBytes,
})

const pinsShape = z.strictObject({ manifest: pinnedShape, blobs: z.array(pinnedShape) })

const listShape = z
  .strictObject({
    kind: kindShape,
    writer: bytes(32),
    ...dataTimeFields,
    entry: entryShape,
    tags: z.array(z.tuple([bytes(16), bytes(32)])),
  })
  .refine(isDataTime, { path: ["before1970"] })

/**
 * Seals the catalogue of a record in a slot.
 * @throws {InvalidInputError} when a field is malformed or the slot is none
 * @throws {AccessDeniedError} when the list tree does not hold the slot
 */
export function sealCatalogue(
  id: VaultId,
  keys: CatalogueKeys,
  slot: number,
  { pins, list }: { readonly pins: Pins; readonly list: Listing },
  random: RandomBytes,
): { readonly bytes: Uint8Array; readonly cid: CID } {
  const context = contextOf(id, keys.epoch)
  const salt = random(32)
  const pinned = parseShape("pins box", pinsShape, {
    manifest: writePinned(pins.manifest),
    blobs: pins.blobs.map(writePinned),
  })
  const listed = parseShape("list box", listShape, {
    ...list,
    tags: list.tags.map(({ uid, content }) => [uid, content]),
  })
  const listKey = slotKey(keys.listRoot, slot, "list", context)
  const object = encodeShape("catalogue", shape, {
    v: 1,
    kind: "catalogue",
    epoch: keys.epoch,
    salt,
    pins: seal(keys.locate, "pins-box", context, salt, padCbor(pinned)),
    list: seal(listKey, "list-box", context, salt, padCbor(listed)),
  })
  return { bytes: object, cid: cidOfBytes(object) }
}

/**
 * Reads a catalogue without opening it.
 * @param epoch that of the record message which names it
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed or of another epoch
 */
export function parseCatalogue(object: Uint8Array, epoch: number): Catalogue {
  const { salt, pins, list, ...head } = parseShape("catalogue", shape, decodeDagCbor(object))
  if (head.epoch !== epoch) {
    throw new InvalidInputError(`the catalogue is of epoch ${head.epoch}, not ${epoch}`)
  }
  return { epoch, salt, pins, list }
}

/**
 * Opens the pins box with L_e.
 * @throws {AccessDeniedError} when the key is not that of vault and epoch
 * @throws {IntegrityError} when the box was changed or padded with anything but zeros
 * @throws {InvalidInputError} when what it holds is malformed
 */
export function openPins(id: VaultId, catalogue: Catalogue, locate: Uint8Array): Pins {
  const box = openBox(id, catalogue, "pins-box", locate, catalogue.pins)
  const { manifest, blobs } = parseShape("pins box", pinsShape, box)
  return { manifest: readPinned(manifest), blobs: blobs.map(readPinned) }
}

/** Opens the list box with the list slot key of the record's slot; throws as {@link openPins}. */
export function openList(id: VaultId, catalogue: Catalogue, listSlotKey: Uint8Array): Listing {
  const box = openBox(id, catalogue, "list-box", listSlotKey, catalogue.list)
  const { tags, ...rest } = parseShape("list box", listShape, box)
  return { ...rest, tags: tags.map(([uid, content]) => ({ uid, content })) }
}

function openBox(
  id: VaultId,
  { epoch, salt }: Catalogue,
  label: "pins-box" | "list-box",
  key: Uint8Array,
  box: Uint8Array,
): unknown {
  return decodePaddedDagCbor(open(key, label, contextOf(id, epoch), salt, box))
}
