/**
 * Catalogues: vectors of docs/FORMAT.md §4.
 *
 * @module
 */
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { seal } from "../../../src/crypto/seal.ts"
import * as record from "../../../test/unit/record/samples.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, pad, salt } from "../sealed.ts"

const { vaultId, otherVault, epochKeys, EPOCH } = sample
const { readSlotKey, listSlotKey } = record

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

/** The object whose name the vectors of §5 hold. */
export function catalogueObject(): Uint8Array {
  return encodeDagCbor(catalogueOf())
}

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

/** catalogue. */
export async function catalogueFiles(): Promise<VectorFile[]> {
  const given = { vault: vaultId, epoch: EPOCH, locate: epochKeys.locate, listSlotKey }
  return [{ file: "catalogue", section: "4", with: given, cases: await catalogueCases() }]
}
