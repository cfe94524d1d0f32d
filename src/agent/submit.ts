/**
 * A draft that its writer signed: cosigned and announced, if it is byte for byte the agent's own.
 *
 * The signature is bound to the draft durably before anything is announced: one draft, one transaction hash, whatever is asked again.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { AgentRefusedError, DeadlineError, StaleEpochError } from "../base/errors.ts"
import { aggregateHash, verifyAggregate, withSignature } from "../ledger/index.ts"
import type { AgentVault, AgentVaults } from "./agent-vault.ts"
import { draftId } from "./draft.ts"
import type { AgentContext, DraftRow } from "./ports.ts"
import { announceDraft, settleDrafts } from "./settle.ts"
import type { Turns } from "./turns.ts"
import { memberCard, readVault } from "./vault-state.ts"

type Context = Pick<AgentContext, "ledger" | "tables">

const UNSIGNED = new Uint8Array(64)

/**
 * Submits a draft.
 * @returns the transaction hash, 32 bytes; the same when it was submitted before
 * @throws {IntegrityError} when the writer's signature does not hold
 * @throws {AgentRefusedError} when it is no draft of this agent, was replaced by a newer one, or signed twice in two ways
 * @throws {DeadlineError} when its deadline has passed: deposit again
 * @throws {StaleEpochError} when a new epoch was announced meanwhile
 * @throws {AccessDeniedError} when the writer has lost its seat
 */
export async function submit(
  context: Context,
  vaults: AgentVaults,
  turns: Turns,
  signed: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const network = await context.ledger.network()
  const { signature, cosignatures } = verifyAggregate(network, signed)
  const unsigned = withSignature(signed, UNSIGNED)
  const id = draftId(unsigned)
  const draft = cosignatures.length === 0 ? await context.tables.drafts.find(id) : undefined
  const vault = draft && vaults.find(draft.register)
  if (!draft || !vault || !equal(draft.aggregate, unsigned)) {
    throw new AgentRefusedError(
      "the aggregate is not, byte for byte, a draft of this agent",
      "draft",
    )
  }
  const hash = aggregateHash(network, signed)
  return await turns.take(draft.register, async () => {
    await settleDrafts(context, signal)
    const current = (await context.tables.drafts.find(id)) as DraftRow
    if (isOnChain(current, hash)) return hash
    await requireCurrent(context, vault, current, signal)
    if (!(await context.tables.drafts.submit(id, signature, hash))) {
      throw new AgentRefusedError(
        "the draft was replaced by a newer one, or submitted under another signature",
        "draft",
      )
    }
    await announceDraft(context, vaults, { ...current, signed: { signature, hash } }, signal)
    return hash
  })
}

function isOnChain({ state, signed }: DraftRow, hash: Uint8Array): boolean {
  const isThere = state === "confirmed" || state === "final"
  return isThere && signed !== undefined && equal(signed.hash, hash)
}

/** Refuses what could only fail on the chain, or should not be there any more. */
async function requireCurrent(
  context: Context,
  vault: AgentVault,
  draft: DraftRow,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (draft.deadlineMs <= (await context.ledger.time(signal))) {
    throw new DeadlineError("the draft's deadline has passed: deposit again for a new one")
  }
  const state = await readVault(context, vault, signal)
  if (state.epoch.epoch !== draft.epoch) {
    throw new StaleEpochError(
      `the draft is of epoch ${draft.epoch}, the newest is ${state.epoch.epoch}: seal the deposit again`,
    )
  }
  memberCard(state, draft.writer)
}
