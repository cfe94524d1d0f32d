/**
 * Signatures off chain: always over a purpose and a context, never over bare bytes (docs/FORMAT.md §1).
 *
 * @module
 */
import { concat, utf8 } from "../base/bytes.ts"
import { type DagCborValue, encodeDagCbor } from "../base/dag-cbor.ts"
import { signBytes, verifyBytes } from "./ed25519.ts"

/** `"medlake/v1/" + purpose` ‖ 0x00 ‖ cbor(ctx) ‖ body: what a keyring signs. */
export function signedBytes(purpose: string, ctx: DagCborValue, body: Uint8Array): Uint8Array {
  return concat(utf8(`medlake/v1/${purpose}`), Uint8Array.of(0), encodeDagCbor(ctx), body)
}

/** Signature (64 bytes) by the holder of `seed`. */
export function signFor(
  purpose: string,
  ctx: DagCborValue,
  body: Uint8Array,
  seed: Uint8Array,
): Uint8Array {
  return signBytes(seed, signedBytes(purpose, ctx, body))
}

/** Whether the signature is that of purpose, context and body by `publicKey`. */
export function verifyFor(
  purpose: string,
  ctx: DagCborValue,
  body: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyBytes(publicKey, signedBytes(purpose, ctx, body), signature)
}
