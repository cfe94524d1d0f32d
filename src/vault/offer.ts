/**
 * Admission by files: what patient and institution hand each other (docs/FORMAT.md §10).
 *
 *     patient ──offer {vault card, aggregate signed by the phone}──▶ institution ──answer {cosignature}──▶ patient
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { CARD_LIMIT } from "./members.ts"
import { bytes, bytesUpTo, encodeShape, parseShape } from "./shape.ts"

/** Longest aggregate (bytes) of an offer. */
const AGGREGATE_LIMIT = 8192

const offerShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("offer"),
  card: bytesUpTo(CARD_LIMIT),
  aggregate: bytesUpTo(AGGREGATE_LIMIT),
})

const answerShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("offer-answer"),
  hash: bytes(32),
  key: bytes(32),
  signature: bytes(64),
})

/** A seat that the patient offers. */
export interface Offer {
  /** The patient's vault card, encoded. */
  readonly card: Uint8Array
  /** The admitting aggregate, signed by the phone. */
  readonly aggregate: Uint8Array
}

/** The newcomer's cosignature. */
export interface OfferAnswer {
  /** Hash of the aggregate, 32 bytes. */
  readonly hash: Uint8Array
  /** Symbol public key of the newcomer. */
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

/**
 * What one side was handed, by its `kind`; a card has none outside its body. Whether it is whole, its own parser says.
 * @throws {InvalidInputError} when it is no canonical dag-cbor
 */
export function handedOver(file: Uint8Array): "offer" | "offer-answer" | "card" {
  const value = decodeDagCbor(file)
  const kind =
    typeof value === "object" && value !== null ? (value as { kind?: unknown }).kind : undefined
  return kind === "offer" || kind === "offer-answer" ? kind : "card"
}

/** @throws {InvalidInputError} when a field is malformed */
export function encodeOffer(offer: Offer): Uint8Array {
  return encodeShape("offer", offerShape, { v: 1, kind: "offer", ...offer })
}

/** @throws {UnsupportedError} of another version; {InvalidInputError} when malformed */
export function parseOffer(file: Uint8Array): Offer {
  const { card, aggregate } = parseShape("offer", offerShape, decodeDagCbor(file))
  return { card, aggregate }
}

/** @throws {InvalidInputError} when a field is malformed */
export function encodeOfferAnswer(answer: OfferAnswer): Uint8Array {
  return encodeShape("answer to an offer", answerShape, { v: 1, kind: "offer-answer", ...answer })
}

/** @throws {UnsupportedError} of another version; {InvalidInputError} when malformed */
export function parseOfferAnswer(file: Uint8Array): OfferAnswer {
  const answer = parseShape("answer to an offer", answerShape, decodeDagCbor(file))
  return { hash: answer.hash, key: answer.key, signature: answer.signature }
}
