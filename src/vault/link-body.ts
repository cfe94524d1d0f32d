/**
 * What a link opens: an envelope with the record keys of chosen records (docs/FORMAT.md §7).
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import type { RandomBytes } from "../base/random.ts"
import type { VaultId } from "./context.ts"
import { openEnvelope, parseEnvelope, sealEnvelope } from "./envelope.ts"
import { linkEnvelopeId } from "./link.ts"
import {
  bytes,
  cid,
  epochNumber,
  parseShape,
  text,
  transactionIndex,
  urls,
  whole,
} from "./shape.ts"

/** One record that a link opens. */
export interface LinkedRecord {
  /** Aggregate hash, 32 bytes, and index of the transfer. */
  readonly hash: Uint8Array
  readonly index: number
  readonly epoch: number
  readonly manifest: CID
  /** Record key, 32 bytes. */
  readonly key: Uint8Array
}

/** What the envelope of a link holds. */
export interface LinkBody {
  readonly label: string
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  readonly lake: readonly string[]
  readonly control: readonly string[]
  readonly records: readonly LinkedRecord[]
}

/** What opens the envelope of a link. */
export interface LinkKeys {
  /** Link key, 32 bytes. */
  readonly key: Uint8Array
  /** The keeper's half, 32 bytes; absent in a link without keeper. */
  readonly h?: Uint8Array
}

const shape = z.strictObject({
  kind: z.literal("link"),
  label: text(80),
  until: whole,
  lake: urls,
  control: urls,
  records: z
    .array(
      z.strictObject({
        hash: bytes(32),
        index: transactionIndex,
        epoch: epochNumber,
        manifest: cid,
        key: bytes(32),
      }),
    )
    .min(1)
    .max(4096),
})

/**
 * Seals the envelope of a link.
 * @param linkId 32 random bytes
 * @throws {InvalidInputError} when a field is malformed
 */
export async function sealLinkEnvelope(
  vault: VaultId,
  linkId: Uint8Array,
  keys: LinkKeys,
  body: LinkBody,
  random: RandomBytes,
): Promise<Uint8Array> {
  return await sealEnvelope(
    {
      kind: "envelope",
      vault,
      id: linkEnvelopeId(linkId),
      slots: [{ kind: "link", ...keys }],
      body: parseShape("link", shape, { ...body, kind: "link" }),
    },
    random,
  )
}

/**
 * Opens the envelope of a link; it says itself which vault it is of.
 * @throws {AccessDeniedError} when the keys do not open it
 * @throws {IntegrityError} when it was changed
 * @throws {InvalidInputError} when it is malformed
 * @throws {UnsupportedError} when it has another version
 */
export async function openLinkEnvelope(
  envelope: Uint8Array,
  keys: LinkKeys,
): Promise<LinkBody & { readonly vault: VaultId }> {
  const parsed = parseEnvelope(envelope, "envelope")
  const opened = await openEnvelope(parsed, { kind: "link", ...keys })
  const { kind: _kind, ...body } = parseShape("link", shape, opened)
  return { ...body, vault: parsed.vault }
}
