/**
 * Grants in two halves: a message on chain and an envelope in the control store; neither opens anything alone (docs/FORMAT.md §7, §8).
 *
 *     message {id, a, vault, envelope CID, until, stores} ─┐
 *     envelope: slot K = HKDF(X-Wing ss ‖ a) ──────────────┴─▶ body {capability, epochs: keys, nodes}
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { z } from "zod"
import { equal, expectLength } from "../base/bytes.ts"
import { decodePaddedDagCbor, encodePaddedDagCbor } from "../base/dag-cbor.ts"
import { IntegrityError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import { encodeNodes, parseNodes, type TreeNode } from "./calendar.ts"
import type { VaultId } from "./context.ts"
import { openEnvelope, parseEnvelope, sealEnvelope } from "./envelope.ts"
import type { AgreementHolder, Recipient } from "./envelope-slot.ts"
import {
  bytes,
  cid,
  epochNumber,
  isAscending,
  parseShape,
  text,
  url,
  urls,
  whole,
} from "./shape.ts"

/** What a grant gives, each one more than the one before. */
export const CAPABILITIES = ["locate", "list", "read"] as const
export type Capability = (typeof CAPABILITIES)[number]
export const capabilityShape = z.enum(CAPABILITIES)

/** Bytes of the message before Symbol's encryption. */
export const GRANT_MESSAGE_LENGTH = 320

/** Keys of one granted epoch. */
export interface GrantedEpoch {
  readonly epoch: number
  /** L_e for locate, else C_e; 32 bytes. */
  readonly key: Uint8Array
  /** Nodes of the list tree; none for locate. */
  readonly list: readonly TreeNode[]
  /** Nodes of the read tree; none for locate and list. */
  readonly read: readonly TreeNode[]
}

/** What the envelope of a grant holds. */
export interface GrantBody {
  readonly capability: Capability
  readonly purpose: string
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  readonly lake: readonly string[]
  readonly control: readonly string[]
  /** Ascending. */
  readonly epochs: readonly GrantedEpoch[]
}

/** What the message on chain holds. */
export interface GrantMessage {
  /** 16 bytes; the newest message per id wins. */
  readonly id: Uint8Array
  /** The chain half, 32 bytes. */
  readonly a: Uint8Array
  /** Address of the vault, 24 bytes. */
  readonly vault: Uint8Array
  readonly envelope: CID
  readonly until: number
  /** At most two control stores. */
  readonly stores: readonly string[]
}

const node = bytes(37)
const epochShape = z.strictObject({
  epoch: epochNumber,
  key: bytes(32),
  list: z.array(node).max(4096),
  read: z.array(node).max(4096),
})

const bodyShape = z
  .strictObject({
    kind: z.literal("grant"),
    capability: capabilityShape,
    purpose: text(200),
    until: whole,
    lake: urls,
    control: urls,
    epochs: z.array(epochShape).min(1).max(4096),
  })
  .refine(({ epochs }) => isAscending(epochs.map((one) => one.epoch)), { path: ["epochs"] })
  .refine(({ capability, epochs }) => epochs.every((one) => nodesFit(capability, one)), {
    path: ["capability"],
  })

const messageShape = z.strictObject({
  v: z.literal(1),
  kind: z.literal("grant"),
  id: bytes(16),
  a: bytes(32),
  vault: bytes(24),
  envelope: cid,
  until: whole,
  stores: z.array(url).max(2),
})

/**
 * Seals the envelope of a grant for one account.
 * @param half `id` (16 bytes) and `a` (32 bytes), as the message carries them
 * @throws {InvalidInputError} when the body is malformed, gives more nodes than its capability, or nodes that overlap
 */
export async function sealGrant(
  vault: VaultId,
  half: Pick<GrantMessage, "id" | "a">,
  grantee: Recipient,
  body: GrantBody,
  random: RandomBytes,
): Promise<Uint8Array> {
  const a = expectLength("a", half.a, 32)
  return await sealEnvelope(
    {
      kind: "envelope",
      vault,
      id: half.id,
      slots: [{ kind: "account", recipient: grantee, a }],
      body: parseShape("grant", bodyShape, {
        ...body,
        kind: "grant",
        epochs: body.epochs.map((one) => ({
          ...one,
          list: encodeNodes(one.list),
          read: encodeNodes(one.read),
        })),
      }),
    },
    random,
  )
}

/**
 * Opens a grant with both halves.
 * @throws {AccessDeniedError} when the account or `a` does not open it
 * @throws {IntegrityError} when it is of another vault or another grant than the message says, or was changed
 * @throws {InvalidInputError} when it is malformed
 * @throws {UnsupportedError} when it has another version
 */
export async function openGrant(
  envelope: Uint8Array,
  vault: VaultId,
  message: Pick<GrantMessage, "id" | "a">,
  holder: AgreementHolder,
): Promise<GrantBody> {
  const parsed = parseEnvelope(envelope, "envelope")
  if (!equal(parsed.id, message.id)) {
    throw new IntegrityError("the envelope belongs to another grant than the message says")
  }
  const opened = await openEnvelope(parsed, { kind: "account", holder, a: message.a }, vault)
  const { capability, purpose, until, lake, control, epochs } = parseShape(
    "grant",
    bodyShape,
    opened,
  )
  return {
    capability,
    purpose,
    until,
    lake,
    control,
    epochs: epochs.map((one) => ({
      ...one,
      list: parseNodes(one.list),
      read: parseNodes(one.read),
    })),
  }
}

/**
 * The 320 bytes that go into Symbol's encrypted message.
 * @throws {InvalidInputError} when a field is malformed, or the store URLs are too long to fit
 */
export function encodeGrantMessage(message: GrantMessage): Uint8Array {
  const fields = parseShape("grant message", messageShape, { ...message, v: 1, kind: "grant" })
  return encodePaddedDagCbor(fields, GRANT_MESSAGE_LENGTH)
}

/**
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is malformed
 * @throws {IntegrityError} when its padding is not zero
 */
export function parseGrantMessage(plaintext: Uint8Array): GrantMessage {
  expectLength("grant message", plaintext, GRANT_MESSAGE_LENGTH)
  const { id, a, vault, envelope, until, stores } = parseShape(
    "grant message",
    messageShape,
    decodePaddedDagCbor(plaintext),
  )
  return { id, a, vault, envelope, until, stores }
}

function nodesFit(
  capability: Capability,
  { list, read }: { readonly list: readonly unknown[]; readonly read: readonly unknown[] },
): boolean {
  if (capability === "read") return true
  return read.length === 0 && (capability === "list" || list.length === 0)
}
