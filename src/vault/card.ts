/**
 * Cards: signed contact data by which patient and institution pin each other (docs/FORMAT.md §9).
 *
 *     body ──sign "card" by its Symbol key, sign "card-root" by the root key──▶ card
 *
 * A card that parses is signed by both keys. Whether the root is the right one is a person's decision: fingerprints are compared when
 * it is pinned.
 *
 * @module
 */
import { z } from "zod"
import { base32 } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"
import { bytes, encodeShape, objectBytes, parseShape, text, url, urls, whole } from "./shape.ts"
import { requireSignature, type Signer, type Statement, signStatement } from "./signature.ts"

/** An institution or practitioner. */
const contactShape = z.strictObject({
  kind: z.literal("contact"),
  /** Generation hash, 32 bytes. */
  network: bytes(32),
  /** Symbol public key. */
  key: bytes(32),
  /** X-Wing public key. */
  agreement: bytes(1216),
  name: text(200).min(1),
  urls,
  /** Address of the register, when the card is for one vault only. */
  register: bytes(24).exactOptional(),
  issued: whole,
})

/** Where the patient's agent is reached, and its keys. */
export const agentShape = z.strictObject({ url, key: bytes(32), agreement: bytes(1216) })

/** A patient's vault. */
const vaultShape = z.strictObject({
  kind: z.literal("vault"),
  network: bytes(32),
  /** Symbol public key of the phone. */
  key: bytes(32),
  /** Public keys of the three accounts. */
  register: bytes(32),
  vault: bytes(32),
  seats: bytes(32),
  category: text(64).min(1),
  agent: agentShape,
  lake: urls,
  control: urls,
  nodes: urls,
  issued: whole,
})

const bodyShape = z.discriminatedUnion("kind", [contactShape, vaultShape])

const cardShape = z.strictObject({
  v: z.literal(1),
  body: objectBytes,
  signature: bytes(64),
  root: bytes(32),
  rootSignature: bytes(64),
})

export type ContactBody = Readonly<z.output<typeof contactShape>>
export type VaultBody = Readonly<z.output<typeof vaultShape>>
export type CardBody = ContactBody | VaultBody
export type { Signer } from "./signature.ts"
export type AgentContact = Readonly<z.output<typeof agentShape>>

/** A card whose two signatures hold. */
export interface Card<B extends CardBody = CardBody> {
  readonly body: B
  /** The root key that vouches for it. */
  readonly root: Uint8Array
  /** The encoded card. */
  readonly bytes: Uint8Array
}

/**
 * Signs a card.
 * @param signer holder of `body.key`
 * @param root holder of the root key: an institution's own, or the patient's words
 * @throws {InvalidInputError} when a field is malformed
 * @throws {IntegrityError} when a signer does not hold its key, or `body.key` is another
 */
export async function signCard(body: CardBody, signer: Signer, root: Signer): Promise<Card> {
  const encoded = encodeShape("card", bodyShape, body)
  return parseCard(
    encodeShape("card", cardShape, {
      v: 1,
      body: encoded,
      signature: await signStatement(byKey(encoded), signer),
      root: root.key,
      rootSignature: await signStatement(byRoot(encoded), root),
    }),
  )
}

/**
 * Reads a card and verifies both signatures.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed
 * @throws {IntegrityError} when a signature does not hold
 */
export function parseCard(card: Uint8Array): Card {
  const {
    body: encoded,
    signature,
    root,
    rootSignature,
  } = parseShape("card", cardShape, decodeDagCbor(card))
  const body = parseShape("card", bodyShape, decodeDagCbor(encoded))
  requireSignature(byKey(encoded), body.key, signature)
  requireSignature(byRoot(encoded), root, rootSignature)
  return { body, root, bytes: card }
}

/** @throws as {@link parseCard}, and InvalidInputError when it is a vault's card */
export function parseContactCard(card: Uint8Array): Card<ContactBody> {
  const parsed = parseCard(card)
  if (parsed.body.kind === "contact") return { ...parsed, body: parsed.body }
  throw new InvalidInputError("this is the card of a vault, not of an institution or practitioner")
}

/** @throws as {@link parseCard}, and InvalidInputError when it is a contact's card */
export function parseVaultCard(card: Uint8Array): Card<VaultBody> {
  const parsed = parseCard(card)
  if (parsed.body.kind === "vault") return { ...parsed, body: parsed.body }
  throw new InvalidInputError("this is the card of an institution or practitioner, not of a vault")
}

/** What people compare: 32 base32 characters over the first 20 bytes of H(key), in groups of four. */
export function fingerprintOf(key: Uint8Array): string {
  const letters = base32(sha256(key).slice(0, 20))
  return (letters.match(/.{4}/g) as string[]).join("-")
}

/** Whether a typed fingerprint is that of the key; case, spaces and hyphens don't count. */
export function isFingerprintOf(typed: string, key: Uint8Array): boolean {
  return typed.toUpperCase().replaceAll(/[\s-]/g, "") === fingerprintOf(key).replaceAll("-", "")
}

function byKey(body: Uint8Array): Statement {
  return { purpose: "card", context: null, body }
}

function byRoot(body: Uint8Array): Statement {
  return { purpose: "card-root", context: null, body }
}
