/**
 * The manifest of a record, by its writer: how to open the blobs, and what lies where in them (docs/FORMAT.md §3).
 *
 *     record key ──▶ box ──▶ [body, writer's signature] ──▶ blobs {DEK, leaves, …} · parts {role, blob, offset, length, …}
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { decodeDagCbor, decodePaddedDagCbor } from "../base/dag-cbor.ts"
import { IntegrityError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { cidOfBytes } from "../cid/cid.ts"
import { dagOfLeaves } from "../cid/unixfs.ts"
import { verifyBytes } from "../crypto/ed25519.ts"
import { padmeLength } from "../crypto/padme.ts"
import { open, seal } from "../crypto/seal.ts"
import { signedBytes } from "../crypto/sign.ts"
import { sealedLength } from "../crypto/stream.ts"
import type { Signer } from "../vault/card.ts"
import { contextOf, type VaultId } from "../vault/context.ts"
import { padCbor } from "../vault/padded.ts"
import { bytes, cid, encodeShape, objectBytes, parseShape, text, whole } from "../vault/shape.ts"
import { type DataTime, dataTimeFields, isDataTime } from "./data-time.ts"
import { kindShape } from "./entry.ts"

/** How to open one blob. */
export interface ManifestBlob {
  /** 16 random bytes, bound into the blob. */
  readonly id: Uint8Array
  readonly kind: "bundle" | "derived"
  readonly cid: CID
  /** Bytes of ciphertext. */
  readonly size: number
  /** Bytes of content before padding. */
  readonly length: number
  /** 32 bytes. */
  readonly dek: Uint8Array
  /** Commitment of the DEK, 32 bytes. */
  readonly commit: Uint8Array
  /** SHA-256 of each leaf, joined. */
  readonly leaves: Uint8Array
}

/** One file in a blob. */
export interface ManifestPart {
  readonly role: string
  /** Media type. */
  readonly type: string
  readonly coding: "identity"
  /** Place in the list of blobs. */
  readonly blob: number
  readonly offset: number
  readonly length: number
  /** SHA-256, 32 bytes. */
  readonly sha256: Uint8Array
  /** What the part is of: a UID. */
  readonly ref?: string
}

/** What a manifest says. */
export interface Manifest extends DataTime {
  readonly kind: string
  /** Symbol public key, 32 bytes. */
  readonly writer: Uint8Array
  /** Time of sealing, milliseconds. */
  readonly sealed: number
  readonly blobs: readonly ManifestBlob[]
  readonly parts: readonly ManifestPart[]
}

const HASH = 32
/** Largest blob that is taken: 64 TiB, far below Tink's limit of 2^32 segments. */
const MAX_LENGTH = 2 ** 46

const outerShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("manifest"),
  salt: bytes(32),
  box: objectBytes,
})

const blobShape = z.strictObject({
  id: bytes(16),
  kind: z.enum(["bundle", "derived"]),
  cid,
  size: whole.max(MAX_LENGTH),
  length: whole.max(MAX_LENGTH),
  dek: bytes(32),
  commit: bytes(32),
  leaves: objectBytes.refine((leaves) => leaves.length > 0 && leaves.length % HASH === 0),
})

const partShape = z.strictObject({
  role: text(64).min(1),
  type: text(128).min(1),
  coding: z.literal("identity"),
  blob: whole,
  offset: whole,
  length: whole,
  sha256: bytes(32),
  ref: text(256).exactOptional(),
})

const bodyShape = z
  .strictObject({
    v: z.literal(1),
    kind: kindShape,
    writer: bytes(32),
    sealed: whole,
    ...dataTimeFields,
    blobs: z.array(blobShape).min(1),
    parts: z.array(partShape).min(1),
  })
  .refine(isDataTime, { path: ["before1970"] })

/**
 * Seals a manifest, signed by its writer.
 * @throws {InvalidInputError} when a field is malformed, or the whole is larger than a leaf
 */
export async function sealManifest(
  id: VaultId,
  recordKey: Uint8Array,
  manifest: Manifest,
  { writer, random }: { readonly writer: Signer; readonly random: RandomBytes },
): Promise<{ readonly bytes: Uint8Array; readonly cid: CID }> {
  const context = contextOf(id, 0)
  const { blobs, parts, ...rest } = manifest
  const body = encodeShape("manifest", bodyShape, {
    v: 1,
    ...rest,
    blobs: blobs.map((one) => ({ ...one })),
    parts: parts.map((one) => ({ ...one })),
  })
  const signature = await writer.sign(signedBytes("manifest", context, body))
  const salt = random(32)
  const box = seal(recordKey, "manifest", context, salt, padCbor([body, signature]))
  const object = encodeShape("manifest", outerShape, { v: 1, kind: "manifest", salt, box })
  return { bytes: object, cid: cidOfBytes(object) }
}

/**
 * Opens a manifest and checks all that can be checked without the blobs.
 * @throws {AccessDeniedError} when the record key is not its key, as that of another record or vault is not
 * @throws {IntegrityError} when it was changed, its writer's signature does not hold, or blobs and parts contradict each other
 * @throws {InvalidInputError} when it is malformed
 * @throws {UnsupportedError} when it has another version
 */
export function openManifest(id: VaultId, recordKey: Uint8Array, object: Uint8Array): Manifest {
  const { salt, box } = parseShape("manifest", outerShape, decodeDagCbor(object))
  const context = contextOf(id, 0)
  const opened = decodePaddedDagCbor(open(recordKey, "manifest", context, salt, box))
  const [body, signature] = parseShape("manifest", z.tuple([objectBytes, bytes(64)]), opened)
  const { v: _version, ...manifest } = parseShape("manifest", bodyShape, decodeDagCbor(body))
  if (!verifyBytes(manifest.writer, signedBytes("manifest", context, body), signature)) {
    throw new IntegrityError("the manifest is not signed by the writer it names")
  }
  manifest.blobs.forEach(requireWholeBlob)
  requireSeparateParts(manifest)
  return manifest
}

/** The leaf hashes of a blob, 32 bytes each. */
export function leavesOf({ leaves }: Pick<ManifestBlob, "leaves">): Uint8Array[] {
  return Array.from({ length: leaves.length / HASH }, (_, i) =>
    leaves.subarray(HASH * i, HASH * (i + 1)),
  )
}

function requireWholeBlob(blob: ManifestBlob, index: number): void {
  const size = sealedLength(padmeLength(blob.length))
  if (size !== blob.size) {
    throw new IntegrityError(
      `blob ${index} of the manifest has another size than its content makes`,
    )
  }
  if (!dagOfLeaves(leavesOf(blob), blob.size).root.equals(blob.cid)) {
    throw new IntegrityError(`blob ${index} of the manifest has another name than its leaves make`)
  }
}

function requireSeparateParts({ blobs, parts }: Pick<Manifest, "blobs" | "parts">): void {
  const ends = new Map<number, number>()
  const ordered = parts.toSorted(
    (a, b) => a.blob - b.blob || a.offset - b.offset || a.length - b.length,
  )
  for (const { blob, offset, length } of ordered) {
    if (offset + length > (blobs[blob]?.length ?? -1)) {
      throw new IntegrityError("a part of the manifest runs over the end of its blob")
    }
    if (offset < (ends.get(blob) ?? 0)) throw new IntegrityError("parts of the manifest overlap")
    ends.set(blob, offset + length)
  }
}
