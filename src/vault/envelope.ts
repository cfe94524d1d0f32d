/**
 * Envelopes: a small sealed object that several keys open (docs/FORMAT.md §7).
 *
 *     account key ─┐
 *     passphrase  ─┼─▶ slot: seal(K, CK) ──▶ CK ──┬─ MAC over the header (which slots there are)
 *     link key    ─┘                              └─ seal(CK, body)
 *
 * Guarantees: whoever opens it notices a changed, added or removed slot; the cost of a passphrase is capped before it is paid. Does not
 * hide how many slots there are, nor of which kind.
 *
 * @module
 */
import { z } from "zod"
import { concat, equalConstantTime, expectLength, utf8 } from "../base/bytes.ts"
import { decodeDagCbor, decodePaddedDagCbor } from "../base/dag-cbor.ts"
import { AccessDeniedError, IntegrityError, UnsupportedError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { kdf } from "../crypto/hkdf.ts"
import { open, seal } from "../crypto/seal.ts"
import { hmacSha256 } from "../crypto/sha256.ts"
import {
  type Context,
  contextOf,
  contextShape,
  requireVault,
  type VaultId,
  vaultOf,
} from "./context.ts"
import {
  makeSlot,
  openSlot,
  SLOT_KINDS,
  type Slot,
  type SlotOpener,
  type SlotRequest,
  slotShape,
} from "./envelope-slot.ts"
import { padCbor } from "./padded.ts"
import { bytes, encodeShape, objectBytes, parseShape } from "./shape.ts"

/** What an envelope is: its MAC holds this word, so that one is never taken for the other. */
export type EnvelopeKind = "envelope" | "vault-file"

/** Most slots of an envelope, and most that cost a passphrase hash. */
const MAX_SLOTS = 64
const MAX_PASSPHRASES = 8

const outerShape = z.strictObject({
  v: z.literal(1),
  kind: z.enum(["envelope", "vault-file"]),
  header: objectBytes,
  mac: bytes(32),
  body: objectBytes,
})

const headerShape = z.strictObject({
  ctx: contextShape,
  id: bytes(16),
  salt: bytes(32),
  slots: z.array(slotShape).min(1).max(MAX_SLOTS).refine(fewPassphrases),
})

/** An envelope before any key was tried: nothing in it is authenticated. */
export interface ParsedEnvelope {
  readonly kind: EnvelopeKind
  readonly vault: VaultId
  readonly context: Context
  readonly id: Uint8Array
  readonly salt: Uint8Array
  readonly slots: readonly Slot[]
  readonly header: Uint8Array
  readonly mac: Uint8Array
  readonly body: Uint8Array
}

/** What is sealed, for whom. */
export interface EnvelopeContent {
  readonly kind: EnvelopeKind
  readonly vault: VaultId
  /** 16 bytes. */
  readonly id: Uint8Array
  /** 1 to 64, at most 8 of them passphrases. */
  readonly slots: readonly SlotRequest[]
  /** What dag-cbor can hold. */
  readonly body: unknown
}

/**
 * Seals a body for its slots.
 * @throws {InvalidInputError} when there are no or too many slots, or a key has another length
 */
export async function sealEnvelope(
  { kind, vault, id, slots: requests, body }: EnvelopeContent,
  random: RandomBytes,
): Promise<Uint8Array> {
  const context = contextOf(vault, 0)
  const shared = { context, id: expectLength("envelope id", id, 16), salt: random(32) }
  const contentKey = random(32)
  const slots: Slot[] = []
  for (const request of requests) slots.push(await makeSlot(shared, request, contentKey, random))
  const header = encodeShape("envelope header", headerShape, {
    ctx: context as [Uint8Array, Uint8Array, Uint8Array, 0],
    id,
    salt: shared.salt,
    slots,
  })
  return encodeShape("envelope", outerShape, {
    v: 1,
    kind,
    header,
    mac: macOf(contentKey, context, kind, header),
    body: seal(contentKey, "envelope", context, shared.salt, padCbor(body)),
  })
}

/**
 * Reads an envelope without opening it.
 * @throws {UnsupportedError} when it has another version or a slot of an unknown kind
 * @throws {InvalidInputError} when it is malformed or of the other kind
 */
export function parseEnvelope(envelope: Uint8Array, kind: EnvelopeKind): ParsedEnvelope {
  const { header, mac, body } = parseShape(
    kind,
    outerShape.extend({ kind: z.literal(kind) }),
    decodeDagCbor(envelope),
  )
  const decoded = decodeDagCbor(header)
  refuseUnknownSlots(decoded)
  const { ctx: context, id, salt, slots } = parseShape(`${kind} header`, headerShape, decoded)
  return { kind, vault: vaultOf(context), context, id, salt, slots, header, mac, body }
}

/**
 * Opens the first slot that the opener fits and returns the decoded body, not yet of any shape.
 * @throws {AccessDeniedError} when it fits none
 * @throws {IntegrityError} when the envelope is of another vault than `vault`, or anything in it was changed
 * @throws {InvalidInputError} when the body is not dag-cbor, or a passphrase asks for more work than is allowed
 */
export async function openEnvelope(
  envelope: ParsedEnvelope,
  opener: SlotOpener,
  vault?: VaultId,
): Promise<unknown> {
  if (vault) requireVault(envelope.kind, envelope.vault, vault)
  const { context, kind, header, salt } = envelope
  const contentKey = await contentKeyOf(envelope, opener)
  if (!equalConstantTime(macOf(contentKey, context, kind, header), envelope.mac)) {
    throw new IntegrityError(`the header of the ${kind} was changed`)
  }
  return decodePaddedDagCbor(open(contentKey, "envelope", context, salt, envelope.body))
}

async function contentKeyOf(envelope: ParsedEnvelope, opener: SlotOpener): Promise<Uint8Array> {
  for (const slot of envelope.slots) {
    const contentKey = await openSlot(envelope, slot, opener)
    if (contentKey) return expectLength("content key", contentKey, 32)
  }
  throw new AccessDeniedError(`this ${opener.kind} opens no slot of the ${envelope.kind}`)
}

function macOf(
  contentKey: Uint8Array,
  context: Context,
  kind: EnvelopeKind,
  header: Uint8Array,
): Uint8Array {
  const key = kdf(contentKey, "envelope-mac", context)
  return hmacSha256(key, concat(utf8(kind), Uint8Array.of(0), header))
}

function fewPassphrases(slots: readonly Slot[]): boolean {
  return slots.filter((slot) => slot.kind === "passphrase").length <= MAX_PASSPHRASES
}

function refuseUnknownSlots(header: unknown): void {
  const slots = (header as { slots?: unknown } | null)?.slots
  if (!Array.isArray(slots)) return
  for (const slot of slots as unknown[]) {
    const kind = (slot as { kind?: unknown } | null)?.kind
    if (typeof kind === "string" && !SLOT_KINDS.includes(kind)) {
      throw new UnsupportedError("the envelope has a slot of a kind this program does not know")
    }
  }
}
