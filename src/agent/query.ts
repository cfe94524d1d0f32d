/**
 * Queries: which instances are anchored in the vault already. Members only; identifiers are known here by their tags alone.
 *
 * @module
 */
import { equal, hex } from "../base/bytes.ts"
import type { HpkeMessage } from "../lake/ports.ts"
import type { InstanceTags } from "../record/catalogue.ts"
import { type Existence, openQuery, sealQueryAnswer, verifyQuery } from "../record/query.ts"
import { instanceTags } from "../record/tags.ts"
import type { WriterMessage } from "../record/writer-message.ts"
import { type AgentVaults, holderOf } from "./agent-vault.ts"
import { readMessages } from "./incoming.ts"
import type { AgentContext } from "./ports.ts"
import { settleDrafts } from "./settle.ts"
import { memberCard } from "./vault-state.ts"

/**
 * Answers a query, sealed to its writer.
 * @throws {IntegrityError} when the signature does not hold for a vault of this agent
 * @throws {StaleEpochError} when it is sealed for another epoch than the newest
 * @throws {AccessDeniedError} when the writer has no seat, or the query is sealed to another key
 */
export async function answerQuery(
  context: AgentContext,
  vaults: AgentVaults,
  message: Uint8Array,
  signal?: AbortSignal,
): Promise<HpkeMessage> {
  const { state, read } = await readMessages(context, vaults, [message], verifyQuery, signal)
  const [query] = read as [WriterMessage]
  const { vault, held, epoch } = state
  const card = memberCard(state, query.writer)
  const instances = await openQuery(vault.id, query, holderOf(held.intake))
  await settleDrafts(context, signal)
  const { dedup, register } = vault.secrets
  const asked = instances.map(({ uid, digest }) => instanceTags(dedup, uid, digest))
  const anchored = await context.tables.drafts.anchored(
    register,
    asked.map(({ uid }) => uid),
  )
  const at = { vault: vault.id, epoch: epoch.epoch }
  const answer = existences(asked, anchored)
  return await sealQueryAnswer(at, query.hash, card.body.agreement, answer, context.random)
}

function existences(
  asked: readonly InstanceTags[],
  anchored: readonly InstanceTags[],
): Existence[] {
  const contents = new Map<string, Uint8Array[]>()
  for (const { uid, content } of anchored) {
    contents.set(hex(uid), [...(contents.get(hex(uid)) ?? []), content])
  }
  return asked.map(({ uid, content }) => {
    const known = contents.get(hex(uid))
    if (!known) return "new"
    return known.some((one) => equal(one, content)) ? "exists" : "other-version"
  })
}
