/**
 * A vault as its owner sees it: newest announcement, opened vault file, members.
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { equal } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import type { Card, VaultBody } from "../vault/card.ts"
import type { VaultId } from "../vault/context.ts"
import { deriveEpoch, type EpochKeys } from "../vault/epoch.ts"
import { type Members, openMembers } from "../vault/members.ts"
import { openVaultFile, type VaultFile } from "../vault/vault-file.ts"
import { getObject } from "./control-object.ts"
import type { Identity, LakeContext } from "./ports.ts"
import { type RegisterState, readRegister } from "./register.ts"

/** The public half of a vault: who its accounts are. */
export interface VaultAccounts {
  readonly id: VaultId
  /** Symbol public keys, 32 bytes each. */
  readonly register: Uint8Array
  readonly vault: Uint8Array
  readonly seats: Uint8Array
}

/** A vault opened by one of its owner's keys. */
export interface PatientVault extends VaultAccounts {
  readonly card: Card<VaultBody>
  readonly file: VaultFile
  readonly members: Members
  readonly state: RegisterState
}

/** The accounts that a vault card names, on the network with this identifier byte. */
export function accountsOf(card: VaultBody, networkByte: number): VaultAccounts {
  const { register, vault, seats } = card
  const id = {
    network: card.network,
    register: addressOf(register, networkByte),
    vault: addressOf(vault, networkByte),
  }
  return { id, register, vault, seats }
}

/**
 * Opens a vault with the words' or the phone's key.
 * @throws {NotFoundError} when the register has announced nothing, or the vault file is in no store
 * @throws {AccessDeniedError} when `owner` is none of the vault's owners
 * @throws {IntegrityError} when chain, card and files contradict each other
 */
export async function openPatientVault(
  context: LakeContext,
  control: BlobStore,
  owner: Identity,
  card: Card<VaultBody>,
  signal?: AbortSignal,
): Promise<PatientVault> {
  const network = await context.ledger.network()
  const accounts = accountsOf(card.body, network.identifier)
  return { ...(await openAccounts(context, control, owner, accounts, signal)), card }
}

/**
 * Opens a vault whose accounts are known, without a card.
 * @throws as {@link openPatientVault}
 */
export async function openAccounts<A extends Pick<VaultAccounts, "id" | "register">>(
  context: Pick<LakeContext, "ledger">,
  control: BlobStore,
  owner: Identity,
  accounts: A,
  signal?: AbortSignal,
): Promise<A & Pick<PatientVault, "file" | "members" | "state">> {
  const register = { address: accounts.id.register, key: accounts.register }
  const state = await readRegister(context.ledger, register, signal)
  const { announcement } = state.newest
  if (!equal(announcement.vault, accounts.id.vault)) {
    throw new IntegrityError("the register has announced another vault than the one expected")
  }
  const object = await getObject(control, announcement.vaultFile, signal)
  const file = await openVaultFile(object, accounts.id, owner)
  const members = openMembers(
    accounts.id,
    epochOf(accounts.id, file, announcement.epoch),
    await getObject(control, announcement.members, signal),
  )
  return { ...accounts, file, members, state }
}

/**
 * Keys of one epoch, from the vault file.
 * @throws {IntegrityError} when the file does not hold that epoch
 */
export function epochOf(id: VaultId, file: VaultFile, epoch: number): EpochKeys {
  const held = file.epochs.find((one) => one.epoch === epoch)
  if (!held) throw new IntegrityError(`the vault file does not hold epoch ${epoch}`)
  return deriveEpoch(id, epoch, held.secret)
}
