/**
 * Account metadata: XOR changes against the old value (symbol.md §7.7).
 *
 * @module
 */
import { hexOf, idHex, requireAddress, touchAddress } from "../account.ts"
import { demand } from "../failure.ts"
import { sha3 } from "../hash.ts"
import { LIMITS } from "../network.ts"
import type { AccountMetadataBody } from "../transaction-body.ts"
import type { PluginContext } from "./context.ts"

const ACCOUNT_TYPE = 0

/** Key of an entry: H(source ‖ target ‖ key ‖ target id 0 ‖ type 0). */
export function metadataHash(source: string, target: string, key: bigint): string {
  const tail = Buffer.alloc(17)
  tail.writeBigUInt64LE(key, 0)
  tail.writeUInt8(ACCOUNT_TYPE, 16)
  return hexOf(sha3(Buffer.from(source, "hex"), Buffer.from(target, "hex"), tail))
}

/** Rules that need no state. */
export function checkAccountMetadata({ target, value, valueSizeDelta }: AccountMetadataBody): void {
  requireAddress(target)
  demand(value.length > 0, "Metadata_Value_Too_Small")
  demand(value.length <= LIMITS.maxMetadataValueSize, "Metadata_Value_Too_Large")
  demand(Math.abs(valueSizeDelta) <= value.length, "Metadata_Value_Size_Delta_Too_Large")
}

/** Writes, changes or removes the entry of (signer, target, key). */
export function applyAccountMetadata(context: PluginContext, body: AccountMetadataBody): void {
  const { state, signer, height } = context
  const target = hexOf(body.target)
  touchAddress(state, target, height)
  const compositeHash = metadataHash(signer, target, body.key)
  const entry = state.get("metadata", compositeHash)
  const old = Buffer.from(entry?.value ?? "", "hex")
  const expected = entry ? body.value.length - Math.max(body.valueSizeDelta, 0) : 0
  const fits = entry ? expected === old.length : body.valueSizeDelta === body.value.length
  demand(fits, "Metadata_Value_Size_Delta_Mismatch")
  const changed = Buffer.from(body.value)
  for (let i = 0; i < old.length; i++) changed[i] = (changed[i] ?? 0) ^ (old[i] as number)
  const size = old.length + body.valueSizeDelta
  const isReversible = changed.subarray(size).every((byte) => byte === 0)
  demand(isReversible, "Metadata_Value_Change_Irreversible")
  const value = hexOf(changed.subarray(0, size))
  const next = { compositeHash, source: signer, target, key: idHex(body.key), value }
  state.set("metadata", compositeHash, size === 0 ? undefined : next)
}
