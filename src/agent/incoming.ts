/**
 * Messages of writers as they come in: whose vault they are for, and that they are sealed for its newest epoch.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { IntegrityError, InvalidInputError, StaleEpochError } from "../base/errors.ts"
import type { VaultEpoch, WriterMessage } from "../record/writer-message.ts"
import type { AgentVault, AgentVaults } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"
import { readVault, type VaultState } from "./vault-state.ts"

/** `verifyDeposit` or `verifyQuery`. */
type Verify = (newest: VaultEpoch, message: Uint8Array) => WriterMessage

/** Verified messages of one writer, and how the vault stands that they are for. */
export interface Incoming {
  readonly state: VaultState
  readonly read: readonly WriterMessage[]
}

/**
 * Verifies messages of one writer and finds their vault: the one in whose context the signatures hold.
 * @throws {InvalidInputError} when one is malformed, or they are of several writers
 * @throws {UnsupportedError} when one has another version
 * @throws {IntegrityError} when a signature does not hold for any vault of this agent
 * @throws {StaleEpochError} when one is sealed for another epoch than the newest
 */
export async function readMessages(
  context: Pick<AgentContext, "ledger">,
  vaults: AgentVaults,
  messages: readonly Uint8Array[],
  verify: Verify,
  signal?: AbortSignal,
): Promise<Incoming> {
  const [first] = messages
  const vault = first && vaults.all().find((one) => isSignedFor(one, first, verify))
  if (!vault) {
    throw new IntegrityError("the message is not signed by its writer for a vault of this agent")
  }
  const state = await readVault(context, vault, signal)
  const newest = { vault: vault.id, epoch: state.epoch.epoch }
  const read = messages.map((message) => verify(newest, message))
  if (read.some(({ writer }) => !equal(writer, (read[0] as WriterMessage).writer))) {
    throw new InvalidInputError("the deposits of a request come from one writer")
  }
  return { state, read }
}

/** Whether the signature holds for this vault, whatever epoch it was made for. */
function isSignedFor({ id }: AgentVault, message: Uint8Array, verify: Verify): boolean {
  try {
    verify({ vault: id, epoch: 0 }, message)
    return true
  } catch (error) {
    if (error instanceof StaleEpochError) return true
    if (error instanceof IntegrityError) return false
    throw error
  }
}
