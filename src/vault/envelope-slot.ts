/**
 * Slots of an envelope: ways to its content key, each a committing box of one key K (docs/FORMAT.md §7).
 *
 * @module
 */
import { z } from "zod"
import { concat, expectLength, utf8 } from "../base/bytes.ts"
import { encodeDagCbor } from "../base/dag-cbor.ts"
import { AccessDeniedError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { ARGON2ID_WRITTEN, argon2id } from "../crypto/argon2id.ts"
import { hkdf } from "../crypto/hkdf.ts"
import { open, seal } from "../crypto/seal.ts"
import { encapsulate } from "../crypto/x-wing.ts"
import type { Context } from "./context.ts"
import { bytes, whole } from "./shape.ts"

const BOX_LENGTH = 80
const NOTHING = new Uint8Array()

const accountShape = z.strictObject({
  kind: z.literal("account"),
  enc: bytes(1120),
  box: bytes(BOX_LENGTH),
})
const passphraseShape = z.strictObject({
  kind: z.literal("passphrase"),
  salt: bytes(16),
  memoryKiB: whole,
  passes: whole,
  lanes: whole,
  box: bytes(BOX_LENGTH),
})
const linkShape = z.strictObject({
  kind: z.literal("link"),
  keeper: z.boolean(),
  box: bytes(BOX_LENGTH),
})

export const slotShape = z.discriminatedUnion("kind", [accountShape, passphraseShape, linkShape])
export type Slot = z.output<typeof slotShape>
export const SLOT_KINDS: readonly string[] = ["account", "passphrase", "link"]

/** Public keys of an account: Symbol 32 bytes, X-Wing 1216 bytes. */
export interface Recipient {
  readonly key: Uint8Array
  readonly agreement: Uint8Array
}

/** The private half of an account, as a keyring offers it. */
export interface AgreementHolder {
  readonly key: Uint8Array
  /** X-Wing: 1120 bytes in, the 32-byte shared secret out. */
  decapsulate(enc: Uint8Array): Promise<Uint8Array>
}

/** For whom a slot is made. */
export type SlotRequest =
  | {
      readonly kind: "account"
      readonly recipient: Recipient
      /** The half that travels on chain (32 bytes); absent in a vault file. */
      readonly a?: Uint8Array
    }
  | { readonly kind: "passphrase"; readonly passphrase: string }
  | {
      readonly kind: "link"
      /** Link key, 32 bytes. */
      readonly key: Uint8Array
      /** The keeper's half (32 bytes); absent in a link without keeper. */
      readonly h?: Uint8Array
    }

/** With what a slot is opened. */
export type SlotOpener =
  | { readonly kind: "account"; readonly holder: AgreementHolder; readonly a?: Uint8Array }
  | { readonly kind: "passphrase"; readonly passphrase: string }
  | { readonly kind: "link"; readonly key: Uint8Array; readonly h?: Uint8Array }

/** What all slots of one envelope share. */
export interface SlotHeader {
  /** ctx0 */
  readonly context: Context
  /** Envelope id, 16 bytes. */
  readonly id: Uint8Array
  /** Salt of every box, 32 bytes. */
  readonly salt: Uint8Array
}

/**
 * Makes a slot that leads to the content key.
 * @throws {InvalidInputError} when a key has another length
 */
export async function makeSlot(
  header: SlotHeader,
  request: SlotRequest,
  contentKey: Uint8Array,
  random: RandomBytes,
): Promise<Slot> {
  const box = (key: Uint8Array) => seal(key, "slot", header.context, header.salt, contentKey)
  if (request.kind === "account") {
    const { enc, sharedSecret } = encapsulate(request.recipient.agreement, random)
    const key = accountKey(header, sharedSecret, request.a, request.recipient.key)
    return { kind: "account", enc, box: box(key) }
  }
  if (request.kind === "passphrase") {
    const salt = random(16)
    const key = await argon2id(passphraseBytes(request.passphrase), salt, ARGON2ID_WRITTEN)
    return { kind: "passphrase", salt, ...ARGON2ID_WRITTEN, box: box(key) }
  }
  const key = linkSlotKey(header, request.key, request.h)
  return { kind: "link", keeper: request.h !== undefined, box: box(key) }
}

/**
 * The content key, or `undefined` when the slot is for someone else.
 * @throws {InvalidInputError} when a passphrase slot asks for more work than is allowed
 * @throws {IntegrityError} when the slot is ours, and was changed
 */
export async function openSlot(
  header: SlotHeader,
  slot: Slot,
  opener: SlotOpener,
): Promise<Uint8Array | undefined> {
  const key = await keyFor(header, slot, opener)
  if (!key) return undefined
  try {
    return open(key, "slot", header.context, header.salt, slot.box)
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined
    throw error
  }
}

async function keyFor(
  header: SlotHeader,
  slot: Slot,
  opener: SlotOpener,
): Promise<Uint8Array | undefined> {
  if (slot.kind === "account" && opener.kind === "account") {
    const secret = await opener.holder.decapsulate(slot.enc)
    return accountKey(header, secret, opener.a, opener.holder.key)
  }
  if (slot.kind === "passphrase" && opener.kind === "passphrase") {
    return await argon2id(passphraseBytes(opener.passphrase), slot.salt, slot)
  }
  if (slot.kind === "link" && opener.kind === "link" && slot.keeper === (opener.h !== undefined)) {
    return linkSlotKey(header, opener.key, opener.h)
  }
  return undefined
}

function accountKey(
  { context, id }: SlotHeader,
  secret: Uint8Array,
  a: Uint8Array = NOTHING,
  grantee: Uint8Array,
): Uint8Array {
  const info = encodeDagCbor(["medlake/v1/grant", context, expectLength("key", grantee, 32)])
  return hkdf(concat(secret, half("a", a)), id, info, 32)
}

function linkSlotKey(
  { context, id }: SlotHeader,
  key: Uint8Array,
  h: Uint8Array = NOTHING,
): Uint8Array {
  const info = encodeDagCbor(["medlake/v1/link", context])
  return hkdf(concat(expectLength("link key", key, 32), half("h", h)), id, info, 32)
}

function half(name: string, part: Uint8Array): Uint8Array {
  return part.length === 0 ? part : expectLength(name, part, 32)
}

function passphraseBytes(passphrase: string): Uint8Array {
  return utf8(passphrase.normalize("NFC"))
}
