/**
 * Record messages: vectors of docs/FORMAT.md §5. They name the manifest of §3 and the catalogue of §4.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import * as Digest from "multiformats/hashes/digest"
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { cidOfBytes } from "../../../src/cid/cid.ts"
import { seal } from "../../../src/crypto/seal.ts"
import * as record from "../../../test/unit/record/samples.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, pad, salt } from "../sealed.ts"
import { catalogueObject } from "./catalogues.ts"
import { manifestObject } from "./manifests.ts"

const { vaultId, otherVault, epochKeys, EPOCH } = sample
const { recordKey, slot, readSlotKey, listSlotKey } = record

function messageOf(parts: { head?: Uint8Array; locate?: Uint8Array; index?: Uint8Array } = {}) {
  return concat(parts.head ?? HEAD, salt, parts.locate ?? locateBox(), parts.index ?? indexBox())
}
const HEAD = Uint8Array.of(0x4d, 0x4c, 0, 1, 0, 0, 0, EPOCH)
const MANIFEST = cidOfBytes(await manifestObject())
const CATALOGUE = cidOfBytes(catalogueObject())
const PAIR = encodeDagCbor([MANIFEST, CATALOGUE])
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
    manifest: MANIFEST,
    catalogue: CATALOGUE,
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
  const name = MANIFEST
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

/** record-message. */
export async function recordMessageFiles(): Promise<VectorFile[]> {
  const { locate, index } = epochKeys
  const given = { vault: vaultId, secret: sample.epochSecret, locate, index, readSlotKey }
  return [{ file: "record-message", section: "5", with: given, cases: await messageCases() }]
}
