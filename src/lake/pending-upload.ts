/**
 * An upload under way, as the outbox holds it: all that a restart needs to finish it without guessing.
 *
 * Sealed by the outbox. Holds keys, names of files and the derived parts, never pixel data.
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import { IntegrityError } from "../base/errors.ts"
import { dataTimeFields } from "../record/data-time.ts"
import { type Entry, entryShape } from "../record/entry.ts"

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)

const blobShape = z.strictObject({
  kind: z.enum(["bundle", "derived"]),
  id: bytes,
  dek: bytes,
  salt: bytes,
  prefix: bytes,
  length: z.int(),
  /** SHA-256 of each leaf, joined. */
  leaves: bytes,
  /** Name in the lake. */
  cid: z.string(),
  size: z.int(),
  /** Files whose bytes the blob joins, in order; none in a derived one. */
  files: z.array(z.strictObject({ name: z.string(), length: z.int() })),
  /** Content of a derived blob. */
  content: bytes.exactOptional(),
})

const instanceShape = z.strictObject({ uid: z.string(), digest: bytes, sha256: bytes })

const anchorShape = z.strictObject({
  aggregate: bytes,
  index: z.int(),
  /** All uploads that the aggregate anchors, by id, and their places. */
  company: z.array(z.strictObject({ id: z.string(), index: z.int() })),
})

const uploadShape = z.strictObject({
  v: z.literal(1),
  /** Random, hex. */
  id: z.string(),
  /** Address of the register, 24 bytes. */
  register: bytes,
  study: z.string(),
  kind: z.string(),
  recordKey: bytes,
  /** The sealed manifest, and its name. */
  manifest: bytes,
  manifestCid: z.string(),
  blobs: z.array(blobShape),
  ...dataTimeFields,
  entry: entryShape,
  instances: z.array(instanceShape),
  /** Whether blobs and manifest are durable in their stores. */
  stored: z.boolean(),
  /** The aggregate that anchors it, once signed, and the place of its transfer. */
  anchor: anchorShape.exactOptional(),
})

export type PendingBlob = Readonly<z.output<typeof blobShape>>
export type PendingUpload = Readonly<Omit<z.output<typeof uploadShape>, "entry">> & {
  readonly entry: Entry
}

/** Bytes of an upload, to be sealed. */
export function encodePendingUpload(upload: PendingUpload): Uint8Array {
  return encodeDagCbor(upload)
}

/** @throws {IntegrityError} when the bytes are not an upload of this version */
export function parsePendingUpload(encoded: Uint8Array): PendingUpload {
  const parsed = uploadShape.safeParse(decodeDagCbor(encoded))
  if (!parsed.success) {
    throw new IntegrityError("an upload in the outbox has another form than this version writes", {
      cause: parsed.error,
    })
  }
  return parsed.data
}
