/**
 * Mosaic definition and supply (symbol.md §7.8).
 *
 * @module
 */
import { balanceOf, credit, debit, idHex } from "../account.ts"
import { demand } from "../failure.ts"
import { sha3 } from "../hash.ts"
import { LIMITS } from "../network.ts"
import type { MosaicEntry } from "../state.ts"
import type { MosaicDefinitionBody, MosaicSupplyBody } from "../transaction-body.ts"
import type { PluginContext } from "./context.ts"

export const MOSAIC_FLAG = {
  supplyMutable: 1,
  transferable: 2,
  restrictable: 4,
  revokable: 8,
} as const
const ALL_FLAGS = 0x0f
const ALIAS_BIT = 1n << 63n
const RENTAL_RECEIPT = 0x124d
const INCREASE = 1

/** Id of the mosaic that an owner defines with a nonce (symbol.md §3). */
export function mosaicIdOf(owner: string, nonce: number): bigint {
  const nonceBytes = Buffer.alloc(4)
  nonceBytes.writeUInt32LE(nonce)
  return sha3(nonceBytes, Buffer.from(owner, "hex")).readBigUInt64LE(0) & ~ALIAS_BIT
}

/** Whether a mosaic may be used at a height. */
export function isActive({ startHeight, duration }: MosaicEntry, height: number): boolean {
  return duration === 0n || BigInt(height) < BigInt(startHeight) + duration
}

/** Rules that need no state. */
export function checkMosaicDefinition(body: MosaicDefinitionBody, signer: string): void {
  demand(body.flags <= ALL_FLAGS, "Mosaic_Invalid_Flags")
  demand(body.divisibility <= LIMITS.maxMosaicDivisibility, "Mosaic_Invalid_Divisibility")
  demand(body.duration <= LIMITS.maxMosaicDuration, "Mosaic_Invalid_Duration")
  demand(body.id !== 0n && (body.id & ALIAS_BIT) === 0n, "Mosaic_Invalid_Id")
  demand(body.id === mosaicIdOf(signer, body.nonce), "Mosaic_Id_Mismatch")
}

/** Charges the rental fee, then defines or, while there is no supply, redefines. */
export function applyMosaicDefinition(context: PluginContext, body: MosaicDefinitionBody): void {
  const { state, signer, currency, mosaicRental, sink, height } = context
  debit(state, signer, currency, mosaicRental)
  credit(state, sink, currency, mosaicRental)
  context.receipt({
    type: RENTAL_RECEIPT,
    mosaicId: currency,
    amount: mosaicRental,
    target: signer,
    recipient: sink,
  })
  const id = idHex(body.id)
  const old = state.get("mosaic", id)
  if (old === undefined || !isActive(old, height)) {
    const { flags, divisibility, duration } = body
    const fresh = { id, supply: 0n, startHeight: height, owner: signer, revision: 1 }
    state.set("mosaic", id, { ...fresh, flags, divisibility, duration })
    return
  }
  // Its owner is the signer: the id was checked to follow from the signer's address.
  const changes = body.flags !== 0 || body.divisibility !== 0 || body.duration !== 0n
  demand(changes, "Mosaic_Modification_No_Changes")
  const onlyDuration = body.flags === 0 && body.divisibility === 0
  demand(onlyDuration || old.supply === 0n, "Mosaic_Modification_Disallowed")
  const duration = old.duration + body.duration
  const extendsEternal = old.duration === 0n && body.duration !== 0n
  demand(!extendsEternal && duration <= LIMITS.maxMosaicDuration, "Mosaic_Invalid_Duration")
  state.set("mosaic", id, {
    ...old,
    revision: old.revision + 1,
    flags: old.flags ^ body.flags,
    divisibility: old.divisibility ^ body.divisibility,
    duration,
  })
}

/** Rules that need no state. */
export function checkMosaicSupply({ action, delta }: MosaicSupplyBody): void {
  demand(action === 0 || action === INCREASE, "Mosaic_Invalid_Supply_Change_Action")
  demand(delta > 0n, "Mosaic_Invalid_Supply_Change_Amount")
}

/** Makes or destroys units in the owner's hand. */
export function applyMosaicSupply(context: PluginContext, body: MosaicSupplyBody): void {
  const { state, signer, height } = context
  const id = idHex(body.id)
  const mosaic = state.get("mosaic", id)
  demand(mosaic !== undefined && isActive(mosaic, height), "Mosaic_Expired")
  if (!mosaic) return
  demand(mosaic.owner === signer, "Mosaic_Owner_Conflict")
  const held = balanceOf(state, signer, id)
  const isMutable = (mosaic.flags & MOSAIC_FLAG.supplyMutable) !== 0
  demand(isMutable || held === mosaic.supply, "Mosaic_Supply_Immutable")
  if (body.action === INCREASE) {
    const supply = mosaic.supply + body.delta
    demand(supply <= LIMITS.maxMosaicAtomicUnits, "Mosaic_Supply_Exceeded")
    credit(state, signer, id, body.delta)
    state.set("mosaic", id, { ...mosaic, supply })
    return
  }
  demand(held >= body.delta, "Mosaic_Supply_Negative")
  debit(state, signer, id, body.delta)
  state.set("mosaic", id, { ...mosaic, supply: mosaic.supply - body.delta })
}
