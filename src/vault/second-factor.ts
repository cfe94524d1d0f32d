/**
 * The patient's second factor: a PIN that the phone sends with each register act, and the agent verifies.
 *
 *     PIN ──argon2id──▶ verifier (handed over at pairing)      PIN ──HPKE, bound to one act──▶ agent
 *
 * Counting wrong tries is the agent's duty.
 *
 * @module
 */
import { equalConstantTime, expectLength, fromUtf8, utf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { ARGON2ID_WRITTEN, argon2id } from "../crypto/argon2id.ts"
import { labelInfo } from "../crypto/hkdf.ts"
import { hpkeSeal } from "../crypto/hpke.ts"
import type { ApprovalVerifier } from "./hand-over.ts"
import type { HpkeHolder } from "./phone-message.ts"

const NOTHING = new Uint8Array()
/** Longest factor (bytes of UTF-8) that is hashed. */
const FACTOR_LIMIT = 1024

/** A second factor on its way to the agent. */
export interface SealedFactor {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** The verifier of a factor, with a fresh salt. */
export async function approvalVerifier(
  factor: string,
  random: RandomBytes,
): Promise<ApprovalVerifier> {
  const salt = random(16)
  const hash = await argon2id(bytesOf(factor), salt, ARGON2ID_WRITTEN)
  return { salt, ...ARGON2ID_WRITTEN, hash }
}

/** Whether this is the factor of the verifier; takes as long as its argon2id parameters say. */
export async function isApproved(factor: string, verifier: ApprovalVerifier): Promise<boolean> {
  return equalConstantTime(await argon2id(bytesOf(factor), verifier.salt, verifier), verifier.hash)
}

/**
 * Seals a factor for one act.
 * @param hash of the aggregate, 32 bytes
 * @param agreement the agent's X-Wing key, 1216 bytes
 */
export async function sealFactor(
  factor: string,
  hash: Uint8Array,
  agreement: Uint8Array,
  random?: RandomBytes,
): Promise<SealedFactor> {
  return await hpkeSeal(agreement, infoOf(hash), NOTHING, bytesOf(factor), random)
}

/**
 * Opens the factor that came with an act.
 * @throws {AccessDeniedError} when it was sealed for another act or another agent
 */
export async function openFactor(
  hash: Uint8Array,
  message: SealedFactor,
  agent: HpkeHolder,
): Promise<string> {
  return fromUtf8(await agent.openHpke(message, infoOf(hash), NOTHING))
}

function bytesOf(factor: string): Uint8Array {
  const encoded = utf8(factor.normalize("NFC"))
  if (encoded.length === 0 || encoded.length > FACTOR_LIMIT) {
    throw new InvalidInputError(`a second factor has 1 to ${FACTOR_LIMIT} bytes`)
  }
  return encoded
}

function infoOf(hash: Uint8Array): Uint8Array {
  return labelInfo("factor", expectLength("aggregate hash", hash, 32))
}
