/**
 * The second factor in the agent: five tries, then an hour's wait; the try is taken durably before anything is compared.
 *
 * @module
 */
import { AccessDeniedError, TooManyRequestsError } from "../base/errors.ts"
import type { HpkeMessage } from "../lake/ports.ts"
import { isApproved, openFactor } from "../vault/second-factor.ts"
import type { AgentVault } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"

/** Wrong tries before the lock, and how long it lasts. */
const LIMIT = { most: 5, lockMs: 60 * 60_000 } as const

/**
 * Verifies the factor that came with an act. One that was sealed for another act or agent costs no try.
 * @param hash of the aggregate, 32 bytes
 * @throws {AccessDeniedError} when it is wrong, or sealed for another act
 * @throws {TooManyRequestsError} while it is locked
 */
export async function requireFactor(
  { tables, clock }: Pick<AgentContext, "tables" | "clock">,
  { identity, secrets }: AgentVault,
  hash: Uint8Array,
  factor: HpkeMessage,
): Promise<void> {
  const given = await openFactor(hash, factor, identity)
  const taken = await tables.factors.spend(secrets.register, clock.now(), LIMIT)
  if ("lockedUntil" in taken) throw locked(taken.lockedUntil - clock.now())
  if (await isApproved(given, secrets.approval)) {
    await tables.factors.reset(secrets.register)
    return
  }
  if (taken.left === 0) throw locked(LIMIT.lockMs)
  throw new AccessDeniedError(`the second factor is wrong: ${taken.left} tries are left`)
}

function locked(ms: number): TooManyRequestsError {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return new TooManyRequestsError(
    `the second factor was wrong too often: try again in ${Math.ceil(seconds / 60)} minutes`,
    seconds,
  )
}
