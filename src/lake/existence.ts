/**
 * What a vault's agent holds already, asked before anything is sealed.
 *
 * @module
 */
import type { InstanceName } from "../record/instance-name.ts"
import { type Existence, openQueryAnswer, sealQuery } from "../record/query.ts"
import { writerMessageHash } from "../record/writer-message.ts"
import type { AgentPort, Identity, LakeContext } from "./ports.ts"
import type { WriterVault } from "./writer-vault.ts"

/** Keeps a query well below what an agent reads. */
const INSTANCES_PER_QUERY = 5000

/** Who asks whom. */
export interface Asking {
  readonly vault: WriterVault
  readonly writer: Identity
  readonly agent: AgentPort
  readonly signal?: AbortSignal
}

/**
 * What is anchored of these instances, in their order.
 * @throws {StaleEpochError} when the vault has a new epoch by now
 * @throws {AgentUnavailableError} no answer
 */
export async function existencesOf(
  { random }: Pick<LakeContext, "random">,
  { vault, writer, agent, signal }: Asking,
  instances: readonly InstanceName[],
): Promise<Existence[]> {
  const at = { vault: vault.id, epoch: vault.epoch }
  const told: Existence[] = []
  for (let start = 0; start < instances.length; start += INSTANCES_PER_QUERY) {
    const asked = instances.slice(start, start + INSTANCES_PER_QUERY)
    const query = await sealQuery(at, vault.intake, asked, { writer, random })
    const question = { hash: writerMessageHash(query), count: asked.length }
    const answer = await agent.query(query, signal)
    told.push(...(await openQueryAnswer(at, question, answer, writer)))
  }
  return told
}
