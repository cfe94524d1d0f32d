/**
 * The one way by which this layer accepts a signature.
 *
 * @module
 */
import { IntegrityError } from "../base/errors.ts"
import { verifyBytes } from "../crypto/ed25519.ts"
import { signedBytes } from "../crypto/sign.ts"
import type { Context } from "../vault/context.ts"

/**
 * @param purpose also names the thing in the message: "manifest"
 * @throws {IntegrityError} when the signature is not that of purpose, context and body by the key
 */
export function requireSignature(
  purpose: string,
  context: Context,
  body: Uint8Array,
  { key, signature }: { readonly key: Uint8Array; readonly signature: Uint8Array },
): void {
  if (!verifyBytes(key, signedBytes(purpose, context, body), signature)) {
    throw new IntegrityError(`the signature of the ${purpose} is not its writer's for this vault`)
  }
}
