/**
 * A record's message and catalogue: vectors of docs/FORMAT.md §4 and §5.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import * as Digest from "multiformats/hashes/digest"
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { seal } from "../../../src/crypto/seal.ts"
import * as record from "../../../test/unit/record/samples.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, pad, salt } from "../sealed.ts"

const { vaultId, otherVault, epochKeys, EPOCH } = sample
const { recordKey, slot, readSlotKey, listSlotKey } = record

function messageOf(parts: { head?: Uint8Array; locate?: Uint8Array; index?: Uint8Array } = {}) {
  return concat(parts.head ?? HEAD, salt, parts.locate ?? locateBox(), parts.index ?? indexBox())
}
const HEAD = Uint8Array.of(0x4d, 0x4c, 0, 1, 0, 0, 0, EPOCH)
const PAIR = encodeDagCbor([record.pins.manifest.cid, sample.cidOf("catalogue")])
const locateBox = (pair = PAIR, epoch = EPOCH) =>
  seal(epochKeys.locate, "locate-box", ctx(epoch), salt, pair)
const sealedKey = (key = recordKey, from = readSlotKey) =>
  seal(from, "record-key", ctx(EPOCH), salt, key)
const indexBox = (plaintext = pad(encodeDagCbor([slot, sealedKey()]), 165)) =>
  seal(epochKeys.index, "index-box", ctx(EPOCH), salt, plaintext)

/** keccak-256, whose name is as long. */
const keccak = Digest.create(0x1b, sample.secretOf("keccak"))

async function messageCases(): Promise<Case[]> {
  const read = "record message"
  const right = messageOf()
  const reads = {
    epoch: EPOCH,
    manifest: record.pins.manifest.cid,
    catalogue: sample.cidOf("catalogue"),
    slot,
    recordKey,
  }
  const refused = refusalsOf(read)
  const index: Layer = {
    name: "index box",
    read,
    value: [slot, sealedKey()],
    reads,
    wrap: (bytes) => messageOf({ index: indexBox(pad(bytes, 165)) }),
    rules: { sealed: true, padded: true },
  }
  const head = (...bytes: number[]) => messageOf({ head: Uint8Array.from(bytes) })
  const inSlot = (code: number, key?: Uint8Array) =>
    messageOf({ index: indexBox(pad(encodeDagCbor([code, sealedKey(key)]), 165)) })
  const holding = (...pair: unknown[]) => messageOf({ locate: locateBox(encodeDagCbor(pair)) })
  const name = record.pins.manifest.cid
  const dagCbor = CID.createV1(0x71, name.multihash)
  return [
    ...(await casesOf([index])),
    { name: "another marker", read, bytes: head(0x4d, 0x4d, 0, 1, 0, 0, 0, EPOCH), reads: null },
    refused("version 2", head(0x4d, 0x4c, 0, 2, 0, 0, 0, EPOCH), "UnsupportedError"),
    refused("version 257", head(0x4d, 0x4c, 1, 1, 0, 0, 0, EPOCH), "UnsupportedError"),
    refused("383 bytes", right.slice(0, 383)),
    refused("385 bytes", concat(right, Uint8Array.of(0))),
    refused("epoch 0", head(0x4d, 0x4c, 0, 1, 0, 0, 0, 0)),
    refused("said to be of another epoch", head(0x4d, 0x4c, 0, 1, 0, 0, 0, 1), "AccessDeniedError"),
    refused("another salt", flipped(right, 8), "AccessDeniedError"),
    refused("another vault", right, "AccessDeniedError", { vault: otherVault }),
    refused("another locate key", right, "AccessDeniedError", { locate: epochKeys.index }),
    refused("another index key", right, "AccessDeniedError", { index: epochKeys.locate }),
    refused("another read slot key", right, "AccessDeniedError", { readSlotKey: listSlotKey }),
    refused("a changed locate box", flipped(right, 170), "IntegrityError"),
    refused("a changed index box", flipped(right, 383), "IntegrityError"),
    refused(
      "the locate box of another epoch",
      messageOf({ locate: locateBox(PAIR, 1) }),
      "AccessDeniedError",
    ),
    refused("a locate box of zeros", messageOf({ locate: locateBox(new Uint8Array(83)) })),
    refused("a manifest of another codec", holding(dagCbor, name)),
    refused("a catalogue of another codec", holding(name, dagCbor)),
    refused("a hash that is not SHA-256", holding(name, CID.createV1(0x55, keccak))),
    refused("month 13", inSlot((56 << 17) | (13 << 13) | (1 << 8))),
    refused("ten-minute part 6", inSlot(slot | 7)),
    refused("slot 2^29", inSlot(2 ** 29)),
    refused("a record key of 31 bytes", inSlot(slot, recordKey.slice(1))),
  ]
}

const pinsValue = {
  manifest: Object.values(record.pins.manifest),
  blobs: record.pins.blobs.map((one) => Object.values(one)),
}
const listValue = {
  ...record.listing,
  tags: record.listing.tags.map(({ uid, content }) => [uid, content]),
}
const pinsBox = (plaintext = pad(encodeDagCbor(pinsValue))) =>
  seal(epochKeys.locate, "pins-box", ctx(EPOCH), salt, plaintext)
const listBox = (plaintext = pad(encodeDagCbor(listValue))) =>
  seal(listSlotKey, "list-box", ctx(EPOCH), salt, plaintext)
const catalogueOf = (fields: object = {}) => ({
  v: 1,
  kind: "catalogue",
  epoch: EPOCH,
  salt,
  pins: pinsBox(),
  list: listBox(),
  ...fields,
})

async function catalogueCases(): Promise<Case[]> {
  const read = "catalogue"
  const reads = { pins: record.pins, list: record.listing }
  const right = encodeDagCbor(catalogueOf())
  const refused = refusalsOf(read)
  const listing = (fields: object) =>
    encodeDagCbor(catalogueOf({ list: listBox(pad(encodeDagCbor({ ...listValue, ...fields }))) }))
  let deep: unknown = 1
  for (let depth = 0; depth < 8; depth++) deep = [deep]
  const sealed = { sealed: true, padded: true }
  const layers: Layer[] = [
    {
      name: "object",
      read,
      value: catalogueOf(),
      reads,
      rules: { anyLength: ["pins", "list"] },
    },
    {
      name: "pins box",
      read,
      value: pinsValue,
      reads,
      wrap: (bytes) => encodeDagCbor(catalogueOf({ pins: pinsBox(pad(bytes)) })),
      rules: sealed,
    },
    {
      name: "list box",
      read,
      value: listValue,
      reads,
      wrap: (bytes) => encodeDagCbor(catalogueOf({ list: listBox(pad(bytes)) })),
      rules: { ...sealed, free: ["entry"] },
    },
  ]
  return [
    ...(await casesOf(layers)),
    refused("another locate key", right, "AccessDeniedError", { locate: epochKeys.index }),
    refused("another list slot key", right, "AccessDeniedError", { listSlotKey: readSlotKey }),
    refused("another vault", right, "AccessDeniedError", { vault: otherVault }),
    refused("another epoch is asked for", right, "InvalidInputError", { epoch: 1 }),
    refused(
      "given out as of another epoch",
      encodeDagCbor(catalogueOf({ epoch: 3 })),
      "AccessDeniedError",
      { epoch: 3 },
    ),
    refused(
      "boxes swapped",
      encodeDagCbor(catalogueOf({ pins: listBox(), list: pinsBox() })),
      "AccessDeniedError",
    ),
    refused(
      "a changed list box",
      encodeDagCbor(catalogueOf({ list: flipped(listBox(), -1) })),
      "IntegrityError",
    ),
    refused("an entry that is a list", listing({ entry: [] })),
    refused("an entry with a CID", listing({ entry: { cid: sample.cidOf("other") } })),
    refused("an entry with a float", listing({ entry: { half: 0.5 } })),
    refused("an entry of nine levels", listing({ entry: { deep } })),
    refused("an empty kind", listing({ kind: "" })),
    refused("undated and before 1970", listing({ time: 0, undated: true, before1970: true })),
  ]
}

/** catalogue, record-message. */
export async function recordFiles(): Promise<VectorFile[]> {
  const { locate, index } = epochKeys
  return [
    {
      file: "catalogue",
      section: "4",
      with: { vault: vaultId, epoch: EPOCH, locate, listSlotKey },
      cases: await catalogueCases(),
    },
    {
      file: "record-message",
      section: "5",
      with: { vault: vaultId, locate, index, readSlotKey },
      cases: await messageCases(),
    },
  ]
}
