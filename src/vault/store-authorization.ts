/**
 * Who asks a store to keep or erase an object: an HTTP header signed for this one call (docs/FORMAT.md §12).
 *
 *     Authorization: Medlake <base64url cbor {v, register, signer, at, signature}>
 *
 * Proves who signed, for which register, which call and when. Whether that key may do it on that register is the caller's to say.
 *
 * @module
 */
import { z } from "zod"
import { base64url, fromBase64url } from "../base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import { ClockSkewError, InvalidInputError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { bytes, encodeShape, parseShape, whole } from "./shape.ts"
import { requireSignature, type Signer, type Statement, signStatement } from "./signature.ts"

const SCHEME = "Medlake "
/** How far (ms) the signer's clock and the store's may be apart. */
const WINDOW_MS = 5 * 60_000
/** Longest header value (characters) that is read. */
const HEADER_LIMIT = 1024

/** The one call that is authorized. */
export interface StoreCall {
  readonly method: "PUT" | "DELETE"
  readonly folder: "blobs" | "objects"
  /** CID in text form. */
  readonly cid: string
  /** Bytes of a PUT; 0 for a DELETE. */
  readonly size: number
}

/** The network on which the register lives. */
export interface StoreNetwork {
  /** Generation hash, 32 bytes. */
  readonly generationHash: Uint8Array
  /** Identifier byte of its addresses. */
  readonly networkByte: number
}

/** Who signed, and for which register. */
export interface StoreAuthorization {
  /** Public key of the register, 32 bytes, and its address, 24 bytes. */
  readonly register: Uint8Array
  readonly registerAddress: Uint8Array
  /** Public key of the signer, 32 bytes. */
  readonly signer: Uint8Array
  /** Milliseconds since 1970. */
  readonly at: number
}

const shape = z.strictObject({
  v: z.literal(1),
  register: bytes(32),
  signer: bytes(32),
  at: whole,
  signature: bytes(64),
})

/**
 * The value of the `Authorization` header for one call.
 * @param register public key of the register, 32 bytes
 * @param at now, milliseconds since 1970
 */
export async function authorizeStoreCall(
  call: StoreCall,
  network: StoreNetwork,
  register: Uint8Array,
  signer: Signer,
  at: number,
): Promise<string> {
  const signature = await signStatement(statementOf(call, network, register, at), signer)
  const fields = { v: 1 as const, register, signer: signer.key, at, signature }
  return SCHEME + base64url(encodeShape("authorization", shape, fields))
}

/**
 * Reads and verifies the header of a call.
 * @param now the store's clock, milliseconds since 1970
 * @throws {InvalidInputError} when there is no such header, or it is malformed
 * @throws {UnsupportedError} when it has another version
 * @throws {ClockSkewError} when it was made more than five minutes from `now`
 * @throws {IntegrityError} when it was signed for another call, register or network, or not by its signer
 */
export function verifyStoreCall(
  header: string | undefined,
  call: StoreCall,
  network: StoreNetwork,
  now: number,
): StoreAuthorization {
  if (!header?.startsWith(SCHEME) || header.length > HEADER_LIMIT) {
    throw new InvalidInputError("the call carries no Medlake authorization")
  }
  const { register, signer, at, signature } = parseShape(
    "authorization",
    shape,
    decodeDagCbor(fromBase64url(header.slice(SCHEME.length))),
  )
  if (Math.abs(now - at) > WINDOW_MS) {
    throw new ClockSkewError(
      "this machine's clock and the store's are more than five minutes apart: set the clock",
    )
  }
  requireSignature(statementOf(call, network, register, at), signer, signature)
  return { register, registerAddress: addressOf(register, network.networkByte), signer, at }
}

function statementOf(
  { method, folder, cid, size }: StoreCall,
  { generationHash, networkByte }: StoreNetwork,
  register: Uint8Array,
  at: number,
): Statement {
  const context = [generationHash, addressOf(register, networkByte)]
  return { purpose: "store", context, body: encodeDagCbor([method, folder, cid, size, at]) }
}
