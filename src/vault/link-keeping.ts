/**
 * How the phone gives the half of a link to the keeper, and takes it back (docs/FORMAT.md §11).
 *
 * Whoever keeps must refuse an id that it has or had: a message played again must not revive a dead link.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { type HpkeHolder, openPhoneMessage, sealPhoneMessage } from "./phone-message.ts"
import { bytes, cid, encodeShape, parseShape, text, whole } from "./shape.ts"
import type { Signer } from "./signature.ts"

/** What a keeper keeps of one link. */
export interface KeptLink {
  /** Link id, 32 bytes. */
  readonly link: Uint8Array
  /** H(proof), 32 bytes. */
  readonly proofHash: Uint8Array
  /** The keeper's half, 32 bytes. */
  readonly h: Uint8Array
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  readonly envelope: CID
  /** The FHIR Bundle for plain readers: a compact JWE under the link key. */
  readonly jwe: string
}

const keepShape = z.strictObject({
  link: bytes(32),
  proofHash: bytes(32),
  h: bytes(32),
  until: whole,
  envelope: cid,
  jwe: text(1_048_576),
})
const dropShape = z.strictObject({ link: bytes(32) })

/** @throws {InvalidInputError} when a field is malformed */
export async function sealKeepLink(
  link: KeptLink,
  agreement: Uint8Array,
  phone: Signer,
): Promise<Uint8Array> {
  const plaintext = encodeShape("keep-link", keepShape, link)
  return await sealPhoneMessage("keep-link", plaintext, agreement, phone)
}

/** Verifies and opens; throws as `openPhoneMessage`. `signer` must be the phone of a vault: the caller's to say. */
export async function openKeepLink(
  message: Uint8Array,
  keeper: HpkeHolder,
): Promise<{ readonly link: KeptLink; readonly signer: Uint8Array }> {
  const { plaintext, signer } = await openPhoneMessage("keep-link", message, keeper)
  return { link: parseShape("keep-link", keepShape, decodeDagCbor(plaintext)), signer }
}

/** @param linkId 32 bytes */
export async function sealDropLink(
  linkId: Uint8Array,
  agreement: Uint8Array,
  phone: Signer,
): Promise<Uint8Array> {
  const plaintext = encodeShape("drop-link", dropShape, { link: linkId })
  return await sealPhoneMessage("drop-link", plaintext, agreement, phone)
}

/** Verifies and opens; throws as `openPhoneMessage`. */
export async function openDropLink(
  message: Uint8Array,
  keeper: HpkeHolder,
): Promise<{ readonly linkId: Uint8Array; readonly signer: Uint8Array }> {
  const { plaintext, signer } = await openPhoneMessage("drop-link", message, keeper)
  return { linkId: parseShape("drop-link", dropShape, decodeDagCbor(plaintext)).link, signer }
}
