/**
 * The context of every key, box and signature of a vault: which network, which vault, which epoch (docs/FORMAT.md §1).
 *
 * @module
 */

import { z } from "zod"
import { equal } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { bytes, parseShape } from "./shape.ts"

/** Names one vault in the world. */
export interface VaultId {
  /** Generation hash of the network, 32 bytes. */
  readonly network: Uint8Array
  /** Address of the register, 24 bytes. */
  readonly register: Uint8Array
  /** Address of the vault, 24 bytes. */
  readonly vault: Uint8Array
}

/** `[generation hash, register, vault, epoch]`, as it goes into dag-cbor. */
export type Context = readonly [Uint8Array, Uint8Array, Uint8Array, number]

/** Shape of a context of epoch 0, as a header carries it. */
export const contextShape = z.tuple([bytes(32), bytes(24), bytes(24), z.literal(0)])

const anyContextShape = z.tuple([bytes(32), bytes(24), bytes(24), z.int().min(0).max(0xffffffff)])
/** Contexts once made: thousands of boxes of a vault have the same few. */
const contexts = new WeakMap<VaultId, Map<number, Context>>()

/**
 * ctx(epoch) of FORMAT §1; epoch 0 is ctx0.
 * @throws {InvalidInputError} when an address or the generation hash has another length
 */
export function contextOf(id: VaultId, epoch: number): Context {
  const known = contexts.get(id)?.get(epoch)
  if (known) return known
  const context = parseShape("context", anyContextShape, [id.network, id.register, id.vault, epoch])
  const ofVault = contexts.get(id) ?? new Map<number, Context>()
  contexts.set(id, ofVault.set(epoch, context))
  return context
}

/** The vault that a context names. */
export function vaultOf(context: Context): VaultId {
  return { network: context[0], register: context[1], vault: context[2] }
}

/** Whether both name the same vault of the same network. */
export function isSameVault(a: VaultId, b: VaultId): boolean {
  return equal(a.network, b.network) && equal(a.register, b.register) && equal(a.vault, b.vault)
}

/**
 * Refuses what was made for another vault.
 * @throws {IntegrityError} when `found` is not `expected`
 */
export function requireVault(name: string, found: VaultId, expected: VaultId): void {
  if (!isSameVault(found, expected)) {
    throw new IntegrityError(`the ${name} was made for another vault or network`)
  }
}
