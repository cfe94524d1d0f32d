/**
 * A vault as an institution that writes to it sees it: where things go, and under which epoch.
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { equal } from "../base/bytes.ts"
import { AccessDeniedError, InvalidInputError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import type { Card, VaultBody } from "../vault/card.ts"
import { parseIntake } from "../vault/intake.ts"
import { checkVaultCard } from "./admit.ts"
import { getObject } from "./control-object.ts"
import type { VaultAccounts } from "./patient-vault.ts"
import type { Identity, LakeContext } from "./ports.ts"
import { readRegister } from "./register.ts"

/** All that a writer knows of a vault. */
export interface WriterVault extends VaultAccounts {
  readonly card: Card<VaultBody>
  /** Newest announced epoch. */
  readonly epoch: number
  /** X-Wing key to which deposits are sealed. */
  readonly intake: Uint8Array
}

/**
 * Opens a vault for writing.
 * @throws {AccessDeniedError} when this institution has no seat
 * @throws {IntegrityError} when card and chain contradict each other
 */
export async function openWriterVault(
  context: LakeContext,
  control: BlobStore,
  writer: Identity,
  card: Card<VaultBody>,
  signal?: AbortSignal,
): Promise<WriterVault> {
  const accounts = await checkVaultCard(context, card)
  const { ledger } = context
  const { identifier } = await ledger.network()
  const seats = await ledger.multisig(addressOf(accounts.seats, identifier), signal)
  if (!seats?.cosignatories.some((address) => equal(address, writer.address))) {
    throw new AccessDeniedError(
      "this institution has no seat in that vault: send its card to the patient (medlake admit)",
    )
  }
  const register = { address: accounts.id.register, key: accounts.register }
  const { newest } = await readRegister(ledger, register, signal)
  const object = await getObject(control, newest.announcement.intake, signal)
  const intake = parseIntake(object)
  if (intake.epoch !== newest.announcement.epoch) {
    throw new InvalidInputError(
      "the intake key in the control store is of another epoch than announced",
    )
  }
  return { ...accounts, card, epoch: intake.epoch, intake: intake.key }
}
