/**
 * What the agent knows of a vault at this moment, read from the chain and the control store.
 *
 *     announcements ──proven newest──▶ epoch (keys held, commitment compared) ──▶ members, and seats on chain
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { AccessDeniedError, AgentRefusedError, IntegrityError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { getObject } from "../lake/control-object.ts"
import { type RegisterState, readRegister } from "../lake/register.ts"
import { type Card, type ContactBody, parseContactCard } from "../vault/card.ts"
import { deriveEpoch, type EpochKeys } from "../vault/epoch.ts"
import { type Members, openMembers } from "../vault/members.ts"
import type { AgentVault } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"
import type { HeldEpoch } from "./secrets.ts"

/** A vault as it stands. */
export interface VaultState {
  readonly vault: AgentVault
  readonly register: RegisterState
  /** The newest announced epoch. */
  readonly epoch: EpochKeys
  readonly held: HeldEpoch
  readonly members: Members
  /** Addresses with a vote in the seats: the register's and the institutions'. */
  readonly seats: readonly Uint8Array[]
}

type Reading = Pick<AgentContext, "ledger">

/** The register's announcements; throws as `readRegister`. */
export async function readAnnouncements(
  { ledger }: Reading,
  { id, secrets }: AgentVault,
  signal?: AbortSignal,
): Promise<RegisterState> {
  return await readRegister(ledger, { address: id.register, key: secrets.register }, signal)
}

/**
 * Reads how a vault stands.
 * @throws {NotFoundError} when the register has announced nothing, or the members object is in no store
 * @throws {AgentRefusedError} when the phone did not hand over the newest epoch
 * @throws {IntegrityError} when the epoch handed over is not the one announced, or the register announced another vault
 */
export async function readVault(
  context: Reading,
  vault: AgentVault,
  signal?: AbortSignal,
): Promise<VaultState> {
  const register = await readAnnouncements(context, vault, signal)
  const { announcement } = register.newest
  if (!equal(announcement.vault, vault.id.vault)) {
    throw new IntegrityError(
      "the register has announced another vault than this agent was paired with",
    )
  }
  const { held, epoch } = heldEpoch(vault, announcement.epoch)
  if (!equal(epoch.commit, announcement.commit)) {
    throw new IntegrityError("the epoch that was handed over is not the one that was announced")
  }
  const object = await getObject(vault.stores.control, announcement.members, signal)
  const members = openMembers(vault.id, epoch, object)
  return { vault, register, epoch, held, members, seats: await readSeats(context, vault, signal) }
}

/**
 * Keys of an epoch, from what was handed over.
 * @throws {AgentRefusedError} when it was not
 */
export function heldEpoch(
  { id, secrets }: AgentVault,
  epoch: number,
): { readonly held: HeldEpoch; readonly epoch: EpochKeys } {
  const held = secrets.epochs.find((one) => one.epoch === epoch)
  if (!held) {
    throw new AgentRefusedError(
      `the phone has not handed epoch ${epoch} over to this agent yet`,
      "epoch-not-handed-over",
    )
  }
  return { held, epoch: deriveEpoch(id, epoch, held.secret) }
}

/** Addresses of the cosignatories of the seats' account; none before it exists. */
export async function readSeats(
  { ledger }: Reading,
  { secrets }: AgentVault,
  signal?: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const { identifier } = await ledger.network()
  const entry = await ledger.multisig(addressOf(secrets.seats, identifier), signal)
  return entry?.cosignatories ?? []
}

/**
 * The card of a writer who is a member: named in the members object, with a seat on chain.
 * @throws {AccessDeniedError} when it is not
 */
export function memberCard(
  { members, seats, vault }: VaultState,
  writer: Uint8Array,
): Card<ContactBody> {
  const cards = members.cards.map(parseContactCard)
  const card = cards.find(({ body }) => equal(body.key, writer))
  // The first byte of every address names its network.
  const address = addressOf(writer, vault.id.register[0] as number)
  if (!card || !isForVault(card, vault) || !seats.some((seat) => equal(seat, address))) {
    throw new AccessDeniedError("the writer has no seat in this vault: ask the patient to admit it")
  }
  return card
}

/** Whether a contact's card was made for this vault's network, and for this vault if for one only. */
export function isForVault({ body }: Card<ContactBody>, { id }: AgentVault): boolean {
  return equal(body.network, id.network) && (!body.register || equal(body.register, id.register))
}
