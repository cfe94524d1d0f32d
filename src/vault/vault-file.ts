/**
 * The vault file: all that the patient's own keys must never lose, in one envelope (docs/FORMAT.md §7).
 *
 * Opened by words or phone (account slots without a chain half), or by a passphrase. A new version is a new object with a new CID.
 *
 * @module
 */
import { z } from "zod"
import type { RandomBytes } from "../base/random.ts"
import { agentShape } from "./card.ts"
import type { VaultId } from "./context.ts"
import { openEnvelope, parseEnvelope, sealEnvelope } from "./envelope.ts"
import type { AgreementHolder } from "./envelope-slot.ts"
import { capabilityShape } from "./grant.ts"
import { CARD_LIMIT } from "./members.ts"
import {
  bytes,
  bytesUpTo,
  cid,
  epochNumber,
  isAscending,
  parseShape,
  text,
  urls,
  whole,
} from "./shape.ts"
import { SLOT_END } from "./slot.ts"

const cardBytes = bytesUpTo(CARD_LIMIT)
const slotEnd = z.int().min(0).max(SLOT_END)

const grantShape = z
  .strictObject({
    id: bytes(16),
    /** Its newest envelope, deleted when it is replaced or revoked. */
    envelope: cid,
    /** Encoded card of the grantee. */
    card: cardBytes,
    capability: capabilityShape,
    /** Slot, inclusive. */
    from: slotEnd,
    /** Slot, exclusive. */
    to: slotEnd,
    /** Milliseconds since 1970; 0 is an open end. */
    until: whole,
    purpose: text(200),
  })
  .refine(({ from, to }) => from < to, { path: ["to"] })

const bodyShape = z.strictObject({
  kind: z.literal("vault-file"),
  category: text(64).min(1),
  epochs: z
    .array(z.strictObject({ epoch: epochNumber, secret: bytes(32), intake: bytes(32) }))
    .min(1)
    .refine((epochs) => isAscending(epochs.map((one) => one.epoch))),
  dedup: bytes(32),
  registerSeed: bytes(32),
  /** Words and phone: for whom the next version is sealed. */
  owners: z
    .array(z.strictObject({ key: bytes(32), agreement: bytes(1216) }))
    .min(1)
    .max(8),
  lake: urls,
  control: urls,
  agent: agentShape,
  cards: z.array(cardBytes),
  grants: z.array(grantShape),
})

/** A grant as its giver remembers it. */
export type RememberedGrant = Readonly<z.output<typeof grantShape>>

/**
 * What the vault file holds: per epoch (ascending) S_e and the X-Wing seed of the intake key, k_dedup, the seed of the
 * register's original key, stores, the agent's contact, pinned cards, grants.
 */
export type VaultFile = Readonly<Omit<z.output<typeof bodyShape>, "kind">>

/**
 * Seals a vault file for its owners, and for whoever knows one of the passphrases.
 * @throws {InvalidInputError} when a field is malformed
 */
export async function sealVaultFile(
  vault: VaultId,
  file: VaultFile,
  random: RandomBytes,
  passphrases: readonly string[] = [],
): Promise<Uint8Array> {
  return await sealEnvelope(
    {
      kind: "vault-file",
      vault,
      id: random(16),
      slots: [
        ...file.owners.map((recipient) => ({ kind: "account" as const, recipient })),
        ...passphrases.map((passphrase) => ({
          kind: "passphrase" as const,
          passphrase,
        })),
      ],
      body: parseShape("vault file", bodyShape, { kind: "vault-file", ...file }),
    },
    random,
  )
}

/**
 * Opens a vault file.
 * @param owner the account that holds words or phone, or a passphrase
 * @throws {AccessDeniedError} when the owner is none of those it was sealed for
 * @throws {IntegrityError} when it is of another vault, or was changed
 * @throws {InvalidInputError} when it is malformed
 * @throws {UnsupportedError} when it has another version
 */
export async function openVaultFile(
  object: Uint8Array,
  vault: VaultId,
  owner: AgreementHolder | { readonly passphrase: string },
): Promise<VaultFile> {
  const opener =
    "passphrase" in owner
      ? ({ kind: "passphrase", passphrase: owner.passphrase } as const)
      : ({ kind: "account", holder: owner } as const)
  const body = await openEnvelope(parseEnvelope(object, "vault-file"), opener, vault)
  const { kind: _kind, ...file } = parseShape("vault file", bodyShape, body)
  return file
}
