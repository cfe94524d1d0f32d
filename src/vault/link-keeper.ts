/**
 * How a viewer proves the passcode of a link to its keeper, and gets the keeper's half (docs/FORMAT.md §11).
 *
 *     passcode ──argon2id, HKDF──▶ proof ──HPKE──▶ keeper: H(proof) as stored?  ──HPKE──▶ viewer: h
 *
 * The keeper learns neither passcode nor link key; who forwards learns nothing. Counting wrong guesses is the keeper's duty.
 *
 * @module
 */
import { z } from "zod"
import { expectLength, utf8 } from "../base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import { ARGON2ID_WRITTEN, argon2id } from "../crypto/argon2id.ts"
import { hkdf } from "../crypto/hkdf.ts"
import { hpkeSeal } from "../crypto/hpke.ts"
import { sha256 } from "../crypto/sha256.ts"
import type { HpkeHolder } from "./phone-message.ts"
import { bytes, encodeShape, parseShape } from "./shape.ts"

const NOTHING = new Uint8Array()

/** An HPKE message as it travels. */
export interface KeeperMessage {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** What a viewer asks. */
export interface KeeperRequest {
  /** 32 bytes. */
  readonly proof: Uint8Array
  /** The viewer's one-time X-Wing public key, 1216 bytes. */
  readonly viewer: Uint8Array
}

const requestShape = z.strictObject({ v: z.literal(1), proof: bytes(32), viewer: bytes(1216) })
const answerShape = z.strictObject({ v: z.literal(1), h: bytes(32) })

/**
 * The proof of a passcode, 32 bytes; takes as long as the argon2id parameters written today.
 * @param linkId 32 bytes
 */
export async function passcodeProof(passcode: string, linkId: Uint8Array): Promise<Uint8Array> {
  const salt = expectLength("link id", linkId, 32)
  const stretched = await argon2id(utf8(passcode.normalize("NFC")), salt, ARGON2ID_WRITTEN)
  return hkdf(stretched, NOTHING, utf8("medlake/v1/link-proof"), 32)
}

/** What the keeper stores of a proof: its hash. */
export function proofHash(proof: Uint8Array): Uint8Array {
  return sha256(expectLength("proof", proof, 32))
}

/**
 * Seals a viewer's request to the keeper.
 * @param keeper X-Wing public key, whose hash the link names
 */
export async function sealKeeperRequest(
  linkId: Uint8Array,
  keeper: Uint8Array,
  request: KeeperRequest,
): Promise<KeeperMessage> {
  const plaintext = encodeShape("keeper request", requestShape, { v: 1, ...request })
  return await hpkeSeal(keeper, infoOf("keeper-request", linkId), NOTHING, plaintext)
}

/**
 * @throws {AccessDeniedError} when it is sealed to another keeper or for another link
 * @throws {InvalidInputError} when it is malformed
 * @throws {UnsupportedError} when it has another version
 */
export async function openKeeperRequest(
  linkId: Uint8Array,
  keeper: HpkeHolder,
  message: KeeperMessage,
): Promise<KeeperRequest> {
  const plaintext = await keeper.openHpke(message, infoOf("keeper-request", linkId), NOTHING)
  const { proof, viewer } = parseShape("keeper request", requestShape, decodeDagCbor(plaintext))
  return { proof, viewer }
}

/** Seals the keeper's half (32 bytes) to the key of a viewer whose proof was right. */
export async function sealKeeperAnswer(
  linkId: Uint8Array,
  viewer: Uint8Array,
  h: Uint8Array,
): Promise<KeeperMessage> {
  const plaintext = encodeShape("keeper answer", answerShape, { v: 1, h })
  return await hpkeSeal(viewer, infoOf("keeper-answer", linkId), NOTHING, plaintext)
}

/**
 * The keeper's half, 32 bytes.
 * @throws as {@link openKeeperRequest}
 */
export async function openKeeperAnswer(
  linkId: Uint8Array,
  viewer: HpkeHolder,
  message: KeeperMessage,
): Promise<Uint8Array> {
  const plaintext = await viewer.openHpke(message, infoOf("keeper-answer", linkId), NOTHING)
  return parseShape("keeper answer", answerShape, decodeDagCbor(plaintext)).h
}

function infoOf(label: string, linkId: Uint8Array): Uint8Array {
  return encodeDagCbor([`medlake/v1/${label}`, expectLength("link id", linkId, 32)])
}
