/**
 * Multisig accounts: who approves, and how the set of cosignatories changes (symbol.md §7.3, §7.6).
 *
 * @module
 */
import { hexOf, requireAddress, touchAddress } from "../account.ts"
import { demand, requireZeros } from "../failure.ts"
import { LIMITS } from "../network.ts"
import type { MultisigEntry, State } from "../state.ts"
import type { MultisigBody } from "../transaction-body.ts"
import type { PluginContext } from "./context.ts"

/** Which minimum an operation must reach, on every level. */
export type Operation = "normal" | "removal" | "both"

/** Whether an account has cosignatories and so can't sign by its own key. */
export function isMultisig(state: State, address: string): boolean {
  return (state.get("multisig", address)?.cosignatories.length ?? 0) > 0
}

/** The operation that an embedded transaction is. */
export function operationOf(body: MultisigBody | { readonly kind: string }): Operation {
  if (!("deletions" in body) || body.deletions.length === 0) return "normal"
  return body.additions.length > 0 ? "both" : "removal"
}

/** Whether `address` approves, given the addresses that signed. */
export function approves(
  state: State,
  address: string,
  signed: ReadonlySet<string>,
  operation: Operation,
): boolean {
  const entry = state.get("multisig", address)
  if (!entry || entry.cosignatories.length === 0) return signed.has(address)
  const given = entry.cosignatories.filter((one) => approves(state, one, signed, operation))
  return given.length >= threshold(entry, operation)
}

function threshold({ minApproval, minRemoval }: MultisigEntry, operation: Operation): number {
  if (operation === "removal") return minRemoval
  return operation === "both" ? Math.max(minApproval, minRemoval) : minApproval
}

/** The keys that may sign for an address: itself, or the leaves below it. */
export function leavesOf(state: State, address: string, into: Set<string>): void {
  const below = state.get("multisig", address)?.cosignatories ?? []
  if (below.length === 0) into.add(address)
  for (const one of below) leavesOf(state, one, into)
}

/** Rules that need no state. */
export function checkMultisig({ additions, deletions, reserved }: MultisigBody): void {
  requireZeros(reserved)
  for (const address of [...additions, ...deletions]) requireAddress(address)
  demand(deletions.length <= 1, "Multisig_Multiple_Deletes")
  const added = additions.map(hexOf)
  demand(new Set(added).size === added.length, "Multisig_Redundant_Modification")
  demand(!deletions.some((one) => added.includes(hexOf(one))), "Multisig_Account_In_Both_Sets")
}

/** Changes cosignatories and minimums of the signer. */
export function applyMultisig(context: PluginContext, body: MultisigBody): void {
  const { state, signer, height } = context
  const additions = body.additions.map(hexOf)
  const deletions = body.deletions.map(hexOf)
  for (const address of additions) requireAddable(state, signer, address)
  const old = entryOf(state, signer)
  const size = old.cosignatories.length + additions.length - deletions.length
  demand(size <= LIMITS.maxCosignatoriesPerAccount, "Multisig_Max_Cosignatories")
  for (const address of additions) {
    demand(!old.cosignatories.includes(address), "Multisig_Already_A_Cosignatory")
  }
  for (const address of deletions) {
    demand(old.cosignatories.length > 0, "Multisig_Unknown_Multisig_Account")
    demand(old.cosignatories.includes(address), "Multisig_Not_A_Cosignatory")
  }
  const minApproval = old.minApproval + body.minApprovalDelta
  const minRemoval = old.minRemoval + body.minRemovalDelta
  requireMinimums(minApproval, minRemoval, size)
  const cosignatories = [
    ...old.cosignatories.filter((one) => !deletions.includes(one)),
    ...additions,
  ]
  put(state, { ...old, minApproval, minRemoval, cosignatories: cosignatories.toSorted() })
  for (const address of additions) {
    touchAddress(state, address, height)
    const entry = entryOf(state, address)
    put(state, { ...entry, multisigs: [...entry.multisigs, signer].toSorted() })
  }
  for (const address of deletions) {
    const entry = entryOf(state, address)
    put(state, { ...entry, multisigs: entry.multisigs.filter((one) => one !== signer) })
  }
}

function requireMinimums(minApproval: number, minRemoval: number, size: number): void {
  if (size === 0) {
    demand(minApproval === 0 && minRemoval === 0, "Multisig_Min_Setting_Out_Of_Range")
    return
  }
  demand(minApproval >= 1 && minRemoval >= 1, "Multisig_Min_Setting_Out_Of_Range")
  const fits = minApproval <= size && minRemoval <= size
  demand(fits, "Multisig_Min_Setting_Larger_Than_Num_Cosignatories")
}

function requireAddable(state: State, signer: string, address: string): void {
  const entry = entryOf(state, address)
  const isFree = entry.multisigs.length < LIMITS.maxCosignedAccountsPerAccount
  demand(isFree, "Multisig_Max_Cosigned_Accounts")
  demand(address !== signer && !isBelow(state, address, signer), "Multisig_Loop")
  const depth = levelsAbove(state, signer) + levelsBelow(state, address) + 1
  demand(depth <= LIMITS.maxMultisigDepth, "Multisig_Max_Multisig_Depth")
}

function isBelow(state: State, address: string, sought: string): boolean {
  const below = state.get("multisig", address)?.cosignatories ?? []
  return below.some((one) => one === sought || isBelow(state, one, sought))
}

function levelsAbove(state: State, address: string): number {
  const above = state.get("multisig", address)?.multisigs ?? []
  return Math.max(0, ...above.map((one) => 1 + levelsAbove(state, one)))
}

function levelsBelow(state: State, address: string): number {
  const below = state.get("multisig", address)?.cosignatories ?? []
  return Math.max(0, ...below.map((one) => 1 + levelsBelow(state, one)))
}

function entryOf(state: State, address: string): MultisigEntry {
  const none = { address, minApproval: 0, minRemoval: 0, cosignatories: [], multisigs: [] }
  return state.get("multisig", address) ?? none
}

function put(state: State, entry: MultisigEntry): void {
  const isEmpty = entry.cosignatories.length === 0 && entry.multisigs.length === 0
  state.set("multisig", entry.address, isEmpty ? undefined : entry)
}
