/**
 * Manifests: vectors of docs/FORMAT.md §3. The blob is that of `blobs.ts`.
 *
 * @module
 */
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { seal } from "../../../src/crypto/seal.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { signFor } from "../../../src/crypto/sign.ts"
import * as record from "../../../test/unit/record/samples.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, ctx0, pad, salt } from "../sealed.ts"
import { blobOf, secretsOf, streamOf } from "./blobs.ts"

const { vaultId, otherVault, EPOCH, hospital, stranger } = sample
const { recordKey, listSlotKey } = record

/** A record of two instances in one bundle, and the bundle's bytes. */
async function manifestValue() {
  const content = concat(...record.files)
  const secrets = secretsOf("bundle")
  const bytes = streamOf("bundle", secrets, pad(content))
  const blob = await blobOf("bundle", secrets, content.length, bytes)
  let offset = 0
  const parts = record.files.map((file, i) => {
    const part = {
      role: "instance",
      type: "application/dicom",
      coding: "identity",
      blob: 0,
      offset,
      length: file.length,
      sha256: sha256(file),
      ref: record.uids[i],
    }
    offset += file.length
    return part
  })
  const body = {
    v: 1,
    kind: "dicom-study",
    writer: hospital.key,
    sealed: Date.UTC(2026, 6, 4),
    ...record.dataTime,
    blobs: [blob],
    parts,
  }
  return { body, bytes }
}

const signed = (body: Uint8Array, by = hospital, context = ctx0) => [
  body,
  signFor("manifest", context, body, by.seed),
]
const manifestOf = (plaintext: Uint8Array) => ({
  v: 1,
  kind: "manifest",
  salt,
  box: seal(recordKey, "manifest", ctx0, salt, pad(plaintext)),
})

/** The object whose name the vectors of §4 and §5 hold. */
export async function manifestObject(): Promise<Uint8Array> {
  const { body } = await manifestValue()
  return encodeDagCbor(manifestOf(encodeDagCbor(signed(encodeDagCbor(body)))))
}

async function manifestCases(): Promise<Case[]> {
  const read = "manifest"
  const { body } = await manifestValue()
  const { v: _v, ...reads } = body
  const encoded = encodeDagCbor(body)
  const whole = (list: unknown) => encodeDagCbor(manifestOf(encodeDagCbor(list)))
  const right = whole(signed(encoded))
  const saying = (fields: object) => whole(signed(encodeDagCbor({ ...body, ...fields })))
  const [first, second] = body.parts as [object, object]
  const blobWith = (fields: object) => saying({ blobs: [{ ...body.blobs[0], ...fields }] })
  const partWith = (fields: object) => saying({ parts: [{ ...first, ...fields }, second] })
  const [blob] = body.blobs as [(typeof body.blobs)[0]]
  const refused = refusalsOf(read)
  const layers: Layer[] = [
    {
      name: "object",
      read,
      value: manifestOf(encodeDagCbor(signed(encoded))),
      reads,
      rules: { anyLength: ["box"] },
    },
    {
      name: "box",
      read,
      value: signed(encoded),
      reads,
      wrap: (bytes) => encodeDagCbor(manifestOf(bytes)),
      rules: { sealed: true, padded: true },
    },
    {
      name: "body",
      read,
      value: body,
      reads,
      wrap: (bytes) => whole(signed(bytes)),
      rules: { sealed: true, optional: ["ref"] },
    },
  ]
  return [
    ...(await casesOf(layers)),
    refused("another record key", right, "AccessDeniedError", { recordKey: listSlotKey }),
    refused("another vault", right, "AccessDeniedError", { vault: otherVault }),
    refused("signed by another", whole(signed(encoded, stranger)), "IntegrityError"),
    refused("signed for an epoch", whole(signed(encoded, hospital, ctx(EPOCH))), "IntegrityError"),
    refused("another writer", saying({ writer: stranger.key }), "IntegrityError"),
    refused("a leaf too many", blobWith({ leaves: concat(blob.leaves, salt) }), "IntegrityError"),
    refused("no leaf", blobWith({ leaves: new Uint8Array() })),
    refused("another leaf", blobWith({ leaves: salt }), "IntegrityError"),
    refused("another name", blobWith({ cid: sample.cidOf("other") }), "IntegrityError"),
    refused("another size", blobWith({ size: blob.size + 1 }), "IntegrityError"),
    refused("another length", blobWith({ length: blob.length * 2 }), "IntegrityError"),
    refused("an unknown kind of blob", blobWith({ kind: "film" })),
    refused("an unknown coding", partWith({ coding: "gzip" })),
    refused("a part over the end", partWith({ offset: blob.length }), "IntegrityError"),
    refused("a part too long", partWith({ length: 2 ** 53 - 1 }), "IntegrityError"),
    refused("overlapping parts", partWith({ offset: 1 }), "IntegrityError"),
    refused("a part of no blob", partWith({ blob: 1 }), "IntegrityError"),
    refused("no part", saying({ parts: [] })),
    refused("no blob", saying({ blobs: [] })),
    refused("a time with the flag before 1970", saying({ before1970: true })),
    refused("a time after 6065", saying({ time: Date.UTC(6066, 0, 1) })),
  ]
}

/** manifest. */
export async function manifestFiles(): Promise<VectorFile[]> {
  const given = { vault: vaultId, recordKey }
  return [{ file: "manifest", section: "3", with: given, cases: await manifestCases() }]
}
