/**
 * One exit code per failure kind. Codes are API: never renumbered. 1 is a bug, 2 a wrong command line.
 *
 * @module
 */
import { type ErrorCode, MedlakeError } from "../base/errors.ts"

/** Exit code of a wrong command line. */
export const USAGE = 2

/** Documented in docs/cli.md; a code without a row does not compile. */
export const EXIT_CODES = {
  invalid_input: 10,
  unsupported: 11,
  not_found: 12,
  already_exists: 13,
  access_denied: 14,
  integrity_failed: 15,
  storage_unavailable: 20,
  storage_full: 21,
  ledger_unavailable: 30,
  ledger_refused: 31,
  foreign_network: 32,
  deadline_passed: 33,
  clock_skewed: 34,
  stale_epoch: 40,
  agent_unavailable: 41,
  agent_refused: 42,
  too_many_requests: 43,
  institution_unavailable: 44,
  partly_failed: 50,
} as const satisfies Record<ErrorCode, number>

/** Exit code of anything thrown. 130 when it was the user's own Ctrl-C. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof MedlakeError) return EXIT_CODES[error.code]
  if (error instanceof Error && error.name === "AbortError") return 130
  return 1
}
