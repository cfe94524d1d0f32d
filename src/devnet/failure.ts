/**
 * Refusals, by the names that a Symbol node gives them (symbol.md §7).
 *
 * @module
 */

/** A transaction that breaks a rule; `code` is what status routes and channels print. */
export class Failure extends Error {
  override readonly name = "Failure"
  readonly code: string
  /** @param rule the name without its prefix, e.g. `Core_Insufficient_Balance` */
  constructor(rule: string) {
    super(`Failure_${rule}`)
    this.code = `Failure_${rule}`
  }
}

/** Bytes that are no transaction a node of this network knows: dropped without any status (symbol.md §7.1, step 2). */
export class Unparsable extends Error {
  override readonly name = "Unparsable"
}

/** Refuses reserved bytes and padding that are not zero. */
export function requireZeros(reserved: Buffer): void {
  const isZero = reserved.every((byte) => byte === 0)
  demand(isZero, "Core_Nonzero_Internal_Padding")
}

/** Refuses by `rule` unless the condition holds. */
export function demand(condition: boolean, rule: string): void {
  if (!condition) throw new Failure(rule)
}
