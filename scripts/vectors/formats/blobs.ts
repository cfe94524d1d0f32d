/**
 * Blobs: vectors of docs/FORMAT.md §2. Streams are sealed here from AES-256-GCM and HKDF, named by `ipfs-unixfs-importer`.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import { concat, utf8 } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { gcmEncrypt } from "../../../src/crypto/aes-gcm.ts"
import { hkdf } from "../../../src/crypto/hkdf.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import type { ManifestBlob } from "../../../src/record/manifest.ts"
import { LEAF, nameOf } from "../../../test/support/blobs.ts"
import { files } from "../../../test/unit/record/samples.ts"
import { secretOf } from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { NOTHING, pad } from "../sealed.ts"

/** Secrets of a blob, named by a label. */
export function secretsOf(label: string) {
  return {
    id: secretOf(`${label} id`).slice(0, 16),
    dek: secretOf(`${label} DEK`),
    salt: secretOf(`${label} salt`),
    prefix: secretOf(`${label} prefix`).slice(0, 7),
  }
}
type Secrets = ReturnType<typeof secretsOf>

/** A stream over a plaintext that is padded already; `last` marks its last segment. */
export function streamOf(
  kind: string,
  { id, dek, salt, prefix }: Secrets,
  plaintext: Uint8Array,
  { head = 40, first = 0, last = true } = {},
): Uint8Array {
  const key = hkdf(dek, salt, encodeDagCbor(["medlake/v1/blob", kind, id]), 32)
  const pieces = [Uint8Array.of(head), salt, prefix]
  for (let at = 0, index = first, room = LEAF - 56; ; index++, room = LEAF - 16) {
    const isLast = at + room >= plaintext.length
    const nonce = new Uint8Array(12)
    nonce.set(prefix)
    new DataView(nonce.buffer).setUint32(7, index)
    nonce[11] = isLast && last ? 1 : 0
    pieces.push(gcmEncrypt(key, nonce, plaintext.subarray(at, at + room)))
    at += room
    if (isLast) return concat(...pieces)
  }
}

/** What a manifest says of a blob with these bytes. */
export async function blobOf(
  kind: "bundle" | "derived",
  { id, dek }: Secrets,
  length: number,
  bytes: Uint8Array,
): Promise<ManifestBlob> {
  const leaves: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += LEAF) leaves.push(sha256(bytes.subarray(at, at + LEAF)))
  return {
    id,
    kind,
    cid: CID.parse(await nameOf(bytes)),
    size: bytes.length,
    length,
    dek,
    commit: hkdf(dek, NOTHING, utf8("medlake/v1/commit"), 32),
    leaves: concat(...leaves),
  }
}

/** Byte i is i mod 251. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251)
}

async function longBlob(length: number): Promise<Case> {
  const secrets = secretsOf(`blob of ${length}`)
  const bytes = streamOf("bundle", secrets, pad(pattern(length)))
  const { cid, size, leaves, commit } = await blobOf("bundle", secrets, length, bytes)
  return {
    name: `${length} bytes, byte i being i mod 251`,
    read: "pattern blob",
    with: { kind: "bundle", ...secrets, length },
    reads: { cid, size, leaves, commit, sha256: sha256(bytes) },
  }
}

async function blobCases(): Promise<Case[]> {
  const read = "blob"
  const secrets = secretsOf("bundle")
  const content = concat(...files)
  const sealed = (plaintext: Uint8Array, options = {}) =>
    streamOf("bundle", secrets, plaintext, options)
  const right = sealed(pad(content))
  const blob = await blobOf("bundle", secrets, content.length, right)
  const named = async (bytes: Uint8Array) => ({
    blob: await blobOf("bundle", secrets, content.length, bytes),
  })
  const empty = streamOf("derived", secrets, NOTHING)
  const refused = refusalsOf(read)
  const asNamed = async (name: string, bytes: Uint8Array) =>
    refused(name, bytes, "IntegrityError", await named(bytes))
  const padded = pad(content).length
  return [
    { name: "blob", read, with: { blob }, bytes: right, reads: content },
    {
      name: "a range",
      read,
      with: { blob, offset: 18, count: 5 },
      bytes: right,
      reads: content.slice(18, 23),
    },
    {
      name: "no content",
      read,
      with: { blob: await blobOf("derived", secrets, 0, empty) },
      bytes: empty,
      reads: NOTHING,
    },
    await longBlob(LEAF - 57),
    await longBlob(LEAF - 56),
    await longBlob(LEAF - 55),
    await longBlob(2_500_000),
    refused("a changed byte", flipped(right, 60), "IntegrityError", { blob }),
    refused("cut", right.slice(0, -1), "IntegrityError", { blob }),
    refused("nothing", NOTHING, "IntegrityError", { blob }),
    await asNamed("a changed byte, named anew", flipped(right, 60)),
    await asNamed("a changed salt", flipped(right, 1)),
    await asNamed("a changed nonce prefix", flipped(right, 39)),
    await asNamed("another header length", sealed(pad(content), { head: 41 })),
    await asNamed("the number of another segment", sealed(pad(content), { first: 1 })),
    await asNamed("not marked as last", sealed(pad(content), { last: false })),
    await asNamed(
      "padding that is not zero",
      sealed(concat(content, new Uint8Array(padded - content.length).fill(1))),
    ),
    refused("another kind", right, "IntegrityError", { blob: { ...blob, kind: "derived" } }),
    refused("another id", right, "IntegrityError", { blob: { ...blob, id: secretsOf("x").id } }),
    refused("another DEK", right, "IntegrityError", { blob: { ...blob, dek: secretsOf("x").dek } }),
    refused("another commitment", right, "IntegrityError", {
      blob: { ...blob, commit: flipped(blob.commit, 0) },
    }),
  ]
}

/** blob. */
export async function blobFiles(): Promise<VectorFile[]> {
  return [{ file: "blob", section: "2", with: {}, cases: await blobCases() }]
}
