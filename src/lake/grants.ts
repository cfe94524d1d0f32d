/**
 * The grants that an account has of one vault, found on the chain and opened with both halves (FORMAT §8).
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { equal, hex } from "../base/bytes.ts"
import { AccessDeniedError, NotFoundError } from "../base/errors.ts"
import { decodeMessage } from "../ledger/index.ts"
import type { VaultId } from "../vault/context.ts"
import { type GrantBody, type GrantMessage, openGrant, parseGrantMessage } from "../vault/grant.ts"
import { getObject } from "./control-object.ts"
import type { VaultAccounts } from "./patient-vault.ts"
import type { Identity, LakeContext } from "./ports.ts"

/** A grant as its grantee has it. */
export interface HeldGrant {
  readonly message: GrantMessage
  /** Undefined when the grant was withdrawn: no store has its envelope, or it was sealed anew to another key. */
  readonly body: GrantBody | undefined
}

/** Length of an encrypted grant message. */
export const GRANT_TRANSFER_LENGTH = 349

/**
 * Reads the grants that a vault's register sent to an account; of several messages with one id the newest counts.
 * @throws {IntegrityError} when an envelope is not what its message says
 */
export async function readGrants(
  { ledger }: Pick<LakeContext, "ledger">,
  control: BlobStore,
  vault: Pick<VaultAccounts, "id" | "register">,
  holder: Identity,
  signal?: AbortSignal,
): Promise<HeldGrant[]> {
  const newest = new Map<string, GrantMessage>()
  const key = await holder.messageKey(vault.register)
  const query = { recipient: holder.address, signer: vault.register, ...(signal && { signal }) }
  for await (const { message, signer } of ledger.transfers(query)) {
    if (message.length !== GRANT_TRANSFER_LENGTH || !equal(signer, vault.register)) continue
    const plaintext = decodeMessage(key, message)
    if (!plaintext) continue
    const grant = parseGrantMessage(plaintext)
    newest.set(hex(grant.id), grant)
  }
  const held: HeldGrant[] = []
  for (const message of newest.values()) {
    held.push({ message, body: await openBody(control, vault.id, message, holder, signal) })
  }
  return held
}

async function openBody(
  control: BlobStore,
  vault: VaultId,
  message: GrantMessage,
  holder: Identity,
  signal: AbortSignal | undefined,
): Promise<GrantBody | undefined> {
  // A store that refuses is not one that has nothing: only absence withdraws a grant.
  const envelope = await getObject(control, message.envelope, signal).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined
    throw error
  })
  if (!envelope) return undefined
  try {
    return await openGrant(envelope, vault, message, holder)
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined
    throw error
  }
}
