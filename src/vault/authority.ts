/**
 * Who can move an account: pure reasoning over trees of m-of-n accounts.
 *
 *     vault 2-of ─┬─ phone (patient)          coalition {phone, hospital} ──▶ phone + seats = 2 ✓
 *                 ├─ agent (patient)          coalition {hospital, lab}   ──▶ seats         = 1 ✗
 *                 └─ seats 1-of ─┬─ register 2-of {phone, agent, words}
 *                                └─ hospital, lab, … (institutions)
 *
 * An account counts as moved by who reaches the lower of its two minimums: whoever may remove cosignatories can, step by
 * step, become the quorum. Source: docs/DESIGN.md §4, Symbol's multisig rules.
 *
 * @module
 */
import { InvalidInputError } from "../base/errors.ts"

/** A key that signs by itself. `name` tells keys apart; a key may sit in several accounts. */
export interface LeafKey {
  readonly name: string
  readonly owner: "patient" | "institution"
}

/** An m-of-n account. */
export interface MultisigAccount {
  readonly name: string
  readonly minApproval: number
  readonly minRemoval: number
  readonly cosignatories: readonly Authority[]
}

export type Authority = LeafKey | MultisigAccount

/** The network's limits: cosignatories of one account, levels of accounts above the leaves. */
const MAX_COSIGNATORIES = 25
const MAX_DEPTH = 3

/** Whether the keys named in `coalition` can move the account. */
export function approves(account: Authority, coalition: ReadonlySet<string>): boolean {
  if (isLeaf(account)) return coalition.has(account.name)
  const votes = account.cosignatories.filter((one) => approves(one, coalition)).length
  return votes >= quorumOf(account)
}

/** The smallest coalitions of leaf keys that can move the account: every other one contains one of these. */
export function approvingCoalitions(account: Authority): string[][] {
  const found = coalitionsOf(account).map((names) => names.toSorted())
  return found.toSorted((a, b) => a.length - b.length || (a.join() < b.join() ? -1 : 1))
}

/** All leaf keys below an account, each once. */
export function leafKeys(account: Authority): LeafKey[] {
  if (isLeaf(account)) return [account]
  const byName = new Map<string, LeafKey>()
  for (const key of account.cosignatories.flatMap(leafKeys)) byName.set(key.name, key)
  return [...byName.values()]
}

/**
 * Accepts a shape in which no number of institutions can move the account without a key of the patient.
 * @throws {InvalidInputError} when institutions alone reach the quorum, or the network would refuse the shape
 */
export function requireAuthority(account: Authority): void {
  requirePossible(account)
  const institutions = leafKeys(account).filter((key) => key.owner === "institution")
  if (approves(account, new Set(institutions.map((key) => key.name)))) {
    throw new InvalidInputError(
      `in this shape institutions alone could move "${account.name}": give the patient's keys the deciding vote`,
    )
  }
}

/**
 * The shape of DESIGN §4: register 2-of-3 of the patient's keys, seats 1-of the register and all institutions, vault 2-of-3.
 * @param institutions names of the institutions' keys, at most 24
 */
export function standardShape(institutions: readonly string[]): {
  readonly register: MultisigAccount
  readonly seats: MultisigAccount
  readonly vault: MultisigAccount
} {
  const [phone, agent, words] = (["phone", "agent", "words"] as const).map(
    (name): LeafKey => ({ name, owner: "patient" }),
  ) as [LeafKey, LeafKey, LeafKey]
  const members = institutions.map((name): LeafKey => ({ name, owner: "institution" }))
  const register = quorum("register", 2, [phone, agent, words])
  const seats = quorum("seats", 1, [register, ...members])
  const vault = quorum("vault", 2, [phone, agent, seats])
  return { register, seats, vault }
}

/** An account whose both minimums are `m`. */
export function quorum(
  name: string,
  m: number,
  cosignatories: readonly Authority[],
): MultisigAccount {
  return { name, minApproval: m, minRemoval: m, cosignatories }
}

function isLeaf(account: Authority): account is LeafKey {
  return "owner" in account
}

function quorumOf(account: MultisigAccount): number {
  return Math.min(account.minApproval, account.minRemoval)
}

function requirePossible(account: Authority): void {
  if (isLeaf(account)) return
  const { name, minApproval, minRemoval, cosignatories } = account
  const count = cosignatories.length
  if (count === 0 || count > MAX_COSIGNATORIES) {
    throw new InvalidInputError(`"${name}" has ${count} cosignatories; 1 to 25 are possible`)
  }
  if (new Set(cosignatories.map((one) => one.name)).size !== count) {
    throw new InvalidInputError(`"${name}" has a cosignatory twice`)
  }
  for (const minimum of [minApproval, minRemoval]) {
    if (!Number.isInteger(minimum) || minimum < 1 || minimum > count) {
      throw new InvalidInputError(`a minimum of "${name}" is not in 1 … ${count}`)
    }
  }
  if (depthOf(account) > MAX_DEPTH) {
    throw new InvalidInputError(`"${name}" is more than ${MAX_DEPTH} levels deep`)
  }
  cosignatories.forEach(requirePossible)
}

function depthOf(account: Authority): number {
  return isLeaf(account) ? 0 : 1 + Math.max(...account.cosignatories.map(depthOf))
}

function coalitionsOf(account: Authority): string[][] {
  if (isLeaf(account)) return [[account.name]]
  const options = account.cosignatories.map(coalitionsOf)
  let partial: { votes: number; names: string[] }[] = [{ votes: 0, names: [] }]
  for (const choices of options) {
    const withVote = partial.flatMap(({ votes, names }) =>
      votes === quorumOf(account)
        ? []
        : choices.map((choice) => ({ votes: votes + 1, names: union(names, choice) })),
    )
    partial = [...partial, ...withVote]
  }
  return minimal(partial.filter((one) => one.votes === quorumOf(account)).map((one) => one.names))
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])]
}

function minimal(coalitions: readonly string[][]): string[][] {
  const kept: string[][] = []
  for (const one of coalitions.toSorted((a, b) => a.length - b.length)) {
    if (!kept.some((smaller) => smaller.every((name) => one.includes(name)))) kept.push(one)
  }
  return kept
}
