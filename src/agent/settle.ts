/**
 * What became of submitted drafts: asked of the chain when it matters, and at the start, so that a restart loses none.
 *
 *     drafted ──submit──▶ submitted ──▶ confirmed ──▶ final
 *                             └──────────▶ failed (refused, or past its deadline)
 *
 * @module
 */
import { withCosignature, withSignature } from "../ledger/index.ts"
import type { AgentVaults } from "./agent-vault.ts"
import type { AgentContext, DraftRow, DraftState } from "./ports.ts"

type Context = Pick<AgentContext, "ledger" | "tables">

/** Writes down how each submitted draft stands on the chain. */
export async function settleDrafts(
  { ledger, tables }: Context,
  signal?: AbortSignal,
): Promise<void> {
  const drafts = await tables.drafts.unsettled()
  if (drafts.length === 0) return
  const { finalizedHeight } = await ledger.chain(signal)
  const { blockTargetMs } = await ledger.network()
  const now = await ledger.time(signal)
  for (const draft of drafts) {
    const state = await stateOf(draft, now - blockTargetMs)
    if (state !== draft.state) await tables.drafts.setState(draft.id, state)
  }

  /** @param before deadlines before this time (network time, ms) can't be met any more */
  async function stateOf(draft: DraftRow, before: number): Promise<DraftState> {
    if (!draft.signed) throw new Error("a submitted draft has a signature")
    const found = await ledger.state(draft.signed.hash, signal)
    if (found.group === "confirmed") return found.height <= finalizedHeight ? "final" : "confirmed"
    if (found.group === "failed") return "failed"
    return draft.deadlineMs < before ? "failed" : "submitted"
  }
}

/** Announces again what was submitted before a restart and is not on the chain yet. */
export async function resumeDrafts(
  context: Context,
  vaults: AgentVaults,
  signal?: AbortSignal,
): Promise<void> {
  await settleDrafts(context, signal)
  for (const draft of await context.tables.drafts.unsettled()) {
    if (draft.state === "submitted") await announceDraft(context, vaults, draft, signal)
  }
}

/** Cosigns a submitted draft and hands it to the node. Doing it twice is doing it once: the hash is the same. */
export async function announceDraft(
  { ledger }: Pick<Context, "ledger">,
  vaults: AgentVaults,
  { register, aggregate, signed }: DraftRow,
  signal?: AbortSignal,
): Promise<void> {
  const vault = vaults.find(register)
  if (!vault || !signed) throw new Error("a submitted draft is of a vault of this agent and signed")
  const { identity } = vault
  const cosignature = { publicKey: identity.key, signature: await identity.sign(signed.hash) }
  const complete = withCosignature(withSignature(aggregate, signed.signature), cosignature)
  await ledger.announce(complete, signal)
}
