/**
 * Deposits that were adopted before: which draft they have, and when they may not have another.
 *
 * @module
 */
import { equal, hex } from "../base/bytes.ts"
import { AgentRefusedError, AlreadyExistsError, TooManyRequestsError } from "../base/errors.ts"
import type { AgentVault } from "./agent-vault.ts"
import type { AdoptedRecord, AgentContext, DraftRow } from "./ports.ts"

/** Seconds after which a transaction under way has probably been confirmed. */
const UNDER_WAY_S = 30

/** What is known of some deposits. */
export interface Known {
  /** The draft over exactly these, in this order, while it is of use. */
  readonly draft?: DraftRow
  /** Those that were adopted before, in whatever draft. */
  readonly adopted: readonly AdoptedRecord[]
}

/**
 * Looks deposits up by their manifests (binary CIDs).
 * @throws {AgentRefusedError} when one was deposited by another writer
 * @throws {AlreadyExistsError} when one is anchored, in another company
 * @throws {TooManyRequestsError} when one is on its way in another aggregate
 */
export async function findKnown(
  { tables, ledger }: Pick<AgentContext, "tables" | "ledger">,
  { secrets }: AgentVault,
  by: { readonly writer: Uint8Array; readonly epoch: number },
  manifests: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<Known> {
  const adopted = await tables.drafts.adopted(secrets.register, manifests)
  if (adopted.some(({ draft }) => !equal(draft.writer, by.writer))) {
    throw new AgentRefusedError("a manifest was deposited by another writer", "other-writer")
  }
  const draft = draftOver(adopted, manifests)
  if (draft?.state === "drafted") {
    const lives = draft.epoch === by.epoch && draft.deadlineMs > (await ledger.time(signal))
    return lives ? { draft, adopted } : { adopted }
  }
  if (draft && ["submitted", "confirmed", "final"].includes(draft.state)) return { draft, adopted }
  for (const one of adopted) requireFree(one.draft)
  return { adopted }
}

/** The draft that holds exactly these, each in its place. */
function draftOver(
  adopted: readonly AdoptedRecord[],
  manifests: readonly Uint8Array[],
): DraftRow | undefined {
  const inPlace = manifests.map((manifest, position) =>
    adopted.find((one) => equal(one.manifest, manifest) && one.position === position),
  )
  const [first] = inPlace
  if (!first || first.drafted !== manifests.length) return undefined
  const isOne = inPlace.every((one) => one && equal(one.draft.id, first.draft.id))
  return isOne ? first.draft : undefined
}

function requireFree({ state, signed }: DraftRow): void {
  if (state === "submitted") {
    throw new TooManyRequestsError("a deposit is on its way in another aggregate", UNDER_WAY_S)
  }
  if (!signed || (state !== "confirmed" && state !== "final")) return
  const hash = hex(signed.hash).toUpperCase()
  throw new AlreadyExistsError(`a deposit is anchored already, by transaction ${hash}`)
}
