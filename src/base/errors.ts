/**
 * Every failure that medlake raises on purpose.
 *
 * Four things are never confused: *absent* (proof that it is not there), *refused* (someone said no), *broken* (bytes
 * that fail a check) and *unreachable* (nobody answered). `code` is for programs and is API: never renamed, never
 * reused. `message` is for whoever must act: what, on which, what to do next. `cause` is for the log. No message ever
 * holds a key, a name or a patient identifier.
 *
 * @module
 */

/** Stable failure codes; the CLI's exit codes and the HTTP status of every server are tables over this union. */
export type ErrorCode =
  | "invalid_input"
  | "unsupported"
  | "not_found"
  | "already_exists"
  | "access_denied"
  | "integrity_failed"
  | "storage_unavailable"
  | "storage_full"
  | "ledger_unavailable"
  | "ledger_refused"
  | "foreign_network"
  | "deadline_passed"
  | "clock_skewed"
  | "stale_epoch"
  | "agent_unavailable"
  | "agent_refused"
  | "institution_unavailable"
  | "too_many_requests"
  | "partly_failed"

/** Root of every failure raised on purpose; anything else that escapes is a bug. */
export abstract class MedlakeError extends Error {
  abstract readonly code: ErrorCode
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean = false
}

/** What was given cannot be right: a wrong length, an unknown field, a path that does not exist. */
export class InvalidInputError extends MedlakeError {
  override readonly name = "InvalidInputError"
  readonly code = "invalid_input"
}

/** Well formed, but of a version, coding or kind that this program does not know. */
export class UnsupportedError extends MedlakeError {
  override readonly name = "UnsupportedError"
  readonly code = "unsupported"
}

/** Proof of absence: the one who would have it says that it is not there. */
export class NotFoundError extends MedlakeError {
  override readonly name = "NotFoundError"
  readonly code = "not_found"
}

/** The name is taken by other content. */
export class AlreadyExistsError extends MedlakeError {
  override readonly name = "AlreadyExistsError"
  readonly code = "already_exists"
}

/** A key that does not open, a credential that does not suffice, a party that may not. */
export class AccessDeniedError extends MedlakeError {
  override readonly name = "AccessDeniedError"
  readonly code = "access_denied"
}

/** Bytes that fail a check: a tag, a hash, a signature, a length, a merkle path. */
export class IntegrityError extends MedlakeError {
  override readonly name = "IntegrityError"
  readonly code = "integrity_failed"
}

/** The store did not answer, or answered that it cannot now. */
export class StorageUnavailableError extends MedlakeError {
  override readonly name = "StorageUnavailableError"
  readonly code = "storage_unavailable"
  override readonly retryable: boolean = true
}

/** The store has no room left, or is read-only. */
export class StorageFullError extends MedlakeError {
  override readonly name = "StorageFullError"
  readonly code = "storage_full"
}

/** The node did not answer. */
export class LedgerUnavailableError extends MedlakeError {
  override readonly name = "LedgerUnavailableError"
  readonly code = "ledger_unavailable"
  override readonly retryable = true
}

/** The network refused a transaction; `status` is the node's own code, such as `Failure_Core_Insufficient_Balance`. */
export class LedgerRefusedError extends MedlakeError {
  override readonly name = "LedgerRefusedError"
  readonly code = "ledger_refused"
  readonly status: string
  constructor(message: string, status: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** A node, card or file of another network than the one pinned. */
export class ForeignNetworkError extends MedlakeError {
  override readonly name = "ForeignNetworkError"
  readonly code = "foreign_network"
}

/** A deadline passed before the work was confirmed; it may be begun again. */
export class DeadlineError extends MedlakeError {
  override readonly name = "DeadlineError"
  readonly code = "deadline_passed"
  override readonly retryable = true
}

/** This machine's clock and the network's are too far apart to set a deadline. */
export class ClockSkewError extends MedlakeError {
  override readonly name = "ClockSkewError"
  readonly code = "clock_skewed"
}

/** Sealed for an epoch that is no longer the newest: seal it again. */
export class StaleEpochError extends MedlakeError {
  override readonly name = "StaleEpochError"
  readonly code = "stale_epoch"
  override readonly retryable = true
}

/** The patient's agent did not answer. */
export class AgentUnavailableError extends MedlakeError {
  override readonly name = "AgentUnavailableError"
  readonly code = "agent_unavailable"
  override readonly retryable = true
}

/** The patient's agent said no; `rule` names why. */
export class AgentRefusedError extends MedlakeError {
  override readonly name = "AgentRefusedError"
  readonly code = "agent_refused"
  readonly rule: string
  constructor(message: string, rule: string, options?: ErrorOptions) {
    super(message, options)
    this.rule = rule
  }
}

/** The institution's server can't be reached. */
export class InstitutionUnavailableError extends MedlakeError {
  override readonly name = "InstitutionUnavailableError"
  readonly code = "institution_unavailable"
  override readonly retryable = true
}

/** Asked too often; `retryAfterS` seconds is what the other side asks for. */
export class TooManyRequestsError extends MedlakeError {
  override readonly name = "TooManyRequestsError"
  readonly code = "too_many_requests"
  override readonly retryable = true
  readonly retryAfterS: number
  constructor(message: string, retryAfterS: number, options?: ErrorOptions) {
    super(message, options)
    this.retryAfterS = retryAfterS
  }
}

/** Some of the work was done, some was refused; the result lists both. */
export class PartlyFailedError extends MedlakeError {
  override readonly name = "PartlyFailedError"
  readonly code = "partly_failed"
}
