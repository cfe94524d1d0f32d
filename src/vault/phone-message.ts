/**
 * What the phone tells the agent in private: sealed to the agent's key, signed by the phone's (docs/FORMAT.md §10).
 *
 *     cbor {v, kind, enc, ct, signer, signature}      HPKE info = cbor["medlake/v1/" + kind], AAD = signer
 *
 * @module
 */
import { z } from "zod"
import { concat } from "../base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import { hpkeSeal } from "../crypto/hpke.ts"
import { bytes, encodeShape, objectBytes, parseShape } from "./shape.ts"
import { requireSignature, type Signer, type Statement, signStatement } from "./signature.ts"

/** The private half of an X-Wing key, as a keyring offers it. */
export interface HpkeHolder {
  openHpke(
    message: { readonly enc: Uint8Array; readonly ct: Uint8Array },
    info: Uint8Array,
    aad: Uint8Array,
  ): Promise<Uint8Array>
}

/** What the phone may tell; each has labels of its own. */
export type PhoneMessageKind = "hand-over" | "keep-link" | "drop-link"

const shapeOf = (kind: PhoneMessageKind) =>
  z.strictObject({
    v: z.literal(1),
    kind: z.literal(kind),
    enc: bytes(1120),
    ct: objectBytes,
    signer: bytes(32),
    signature: bytes(64),
  })

/** @param agreement the agent's X-Wing key (at pairing its pairing key), 1216 bytes */
export async function sealPhoneMessage(
  kind: PhoneMessageKind,
  plaintext: Uint8Array,
  agreement: Uint8Array,
  phone: Signer,
): Promise<Uint8Array> {
  const { enc, ct } = await hpkeSeal(agreement, infoOf(kind), phone.key, plaintext)
  const signature = await signStatement(statementOf(kind, enc, ct), phone)
  const message = { v: 1 as const, kind, enc, ct, signer: phone.key, signature }
  return encodeShape(kind, shapeOf(kind), message)
}

/**
 * Verifies, then opens. Whether `signer` is the phone of a vault is the caller's to say.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed or of another kind
 * @throws {IntegrityError} when the signature does not hold
 * @throws {AccessDeniedError} when it is sealed to another key
 */
export async function openPhoneMessage(
  kind: PhoneMessageKind,
  message: Uint8Array,
  agent: HpkeHolder,
): Promise<{ readonly plaintext: Uint8Array; readonly signer: Uint8Array }> {
  const { enc, ct, signer, signature } = parseShape(kind, shapeOf(kind), decodeDagCbor(message))
  requireSignature(statementOf(kind, enc, ct), signer, signature)
  return { plaintext: await agent.openHpke({ enc, ct }, infoOf(kind), signer), signer }
}

function infoOf(kind: PhoneMessageKind): Uint8Array {
  return encodeDagCbor([`medlake/v1/${kind}`])
}

function statementOf(kind: PhoneMessageKind, enc: Uint8Array, ct: Uint8Array): Statement {
  return { purpose: kind, context: null, body: concat(enc, ct) }
}
