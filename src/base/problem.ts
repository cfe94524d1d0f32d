/**
 * Failures over HTTP: RFC 9457 problem details out, the same typed error in again.
 *
 * @module
 */
import {
  AccessDeniedError,
  AgentRefusedError,
  AgentUnavailableError,
  AlreadyExistsError,
  ClockSkewError,
  DeadlineError,
  type ErrorCode,
  ForeignNetworkError,
  InstitutionUnavailableError,
  IntegrityError,
  InvalidInputError,
  LedgerRefusedError,
  LedgerUnavailableError,
  MedlakeError,
  NotFoundError,
  PartlyFailedError,
  StaleEpochError,
  StorageFullError,
  StorageUnavailableError,
  TooManyRequestsError,
  UnsupportedError,
} from "./errors.ts"

/** Media type of a problem (RFC 9457 §3). */
export const PROBLEM_TYPE = "application/problem+json"

/** A problem's body; `detail` is for people, `code` for programs. */
export interface Problem {
  readonly status: number
  readonly code: ErrorCode | "internal"
  readonly title: string
  /** The agent's rule, or the node's Failure code. */
  readonly reason?: string
  readonly retryAfterS?: number
}

/** A code without a row does not compile. */
const STATUS = {
  invalid_input: 400,
  unsupported: 415,
  not_found: 404,
  already_exists: 409,
  access_denied: 403,
  integrity_failed: 422,
  storage_unavailable: 503,
  storage_full: 507,
  ledger_unavailable: 503,
  ledger_refused: 422,
  foreign_network: 421,
  deadline_passed: 410,
  clock_skewed: 403,
  stale_epoch: 409,
  agent_unavailable: 503,
  agent_refused: 403,
  institution_unavailable: 503,
  too_many_requests: 429,
  partly_failed: 207,
} as const satisfies Record<ErrorCode, number>

const WITH_MESSAGE: Partial<Record<ErrorCode, new (message: string) => MedlakeError>> = {
  invalid_input: InvalidInputError,
  unsupported: UnsupportedError,
  not_found: NotFoundError,
  already_exists: AlreadyExistsError,
  access_denied: AccessDeniedError,
  integrity_failed: IntegrityError,
  storage_unavailable: StorageUnavailableError,
  storage_full: StorageFullError,
  ledger_unavailable: LedgerUnavailableError,
  foreign_network: ForeignNetworkError,
  deadline_passed: DeadlineError,
  clock_skewed: ClockSkewError,
  stale_epoch: StaleEpochError,
  agent_unavailable: AgentUnavailableError,
  institution_unavailable: InstitutionUnavailableError,
  partly_failed: PartlyFailedError,
}

/** The problem of anything thrown; what is no `MedlakeError` becomes an opaque 500. */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof MedlakeError)) {
    return { status: 500, code: "internal", title: "an internal error: see this server's log" }
  }
  const problem = { status: STATUS[error.code], code: error.code, title: error.message }
  if (error instanceof AgentRefusedError) return { ...problem, reason: error.rule }
  if (error instanceof LedgerRefusedError) return { ...problem, reason: error.status }
  if (error instanceof TooManyRequestsError) return { ...problem, retryAfterS: error.retryAfterS }
  return problem
}

/** The typed error of a problem's JSON, or `undefined` when it is not one of ours. */
export function fromProblem(body: unknown): MedlakeError | undefined {
  if (typeof body !== "object" || body === null) return undefined
  const { code, title, reason, retryAfterS } = body as Record<string, unknown>
  if (typeof title !== "string" || typeof code !== "string") return undefined
  const told = typeof reason === "string" ? reason : ""
  if (code === "agent_refused") return new AgentRefusedError(title, told)
  if (code === "ledger_refused") return new LedgerRefusedError(title, told)
  if (code === "too_many_requests") {
    return new TooManyRequestsError(title, typeof retryAfterS === "number" ? retryAfterS : 1)
  }
  // The code is a stranger's text: "constructor" is a field of every object.
  const known = Object.hasOwn(WITH_MESSAGE, code) ? WITH_MESSAGE[code as ErrorCode] : undefined
  return known && new known(title)
}
