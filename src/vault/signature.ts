/**
 * Signatures that must hold, and who makes them (docs/FORMAT.md §1, sign).
 *
 * @module
 */
import { IntegrityError } from "../base/errors.ts"
import { signedBytes, verifyFor } from "../crypto/sign.ts"

/** A Symbol key that signs where it lies: in a keyring, on a token. */
export interface Signer {
  /** Public key, 32 bytes. */
  readonly key: Uint8Array
  /** Ed25519 over the bytes, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** What is signed: a purpose, a context, a body. */
export interface Statement {
  readonly purpose: string
  readonly context: unknown
  readonly body: Uint8Array
}

/** The signature (64 bytes) of a statement. */
export async function signStatement(
  { purpose, context, body }: Statement,
  signer: Signer,
): Promise<Uint8Array> {
  return await signer.sign(signedBytes(purpose, context, body))
}

/** @throws {IntegrityError} when the signature is not that of the statement by `key` */
export function requireSignature(
  { purpose, context, body }: Statement,
  key: Uint8Array,
  signature: Uint8Array,
): void {
  if (!verifyFor(purpose, context, body, key, signature)) {
    throw new IntegrityError(`the signature for "${purpose}" does not hold`)
  }
}
