/**
 * Transfers of mosaics and messages (symbol.md §7.2), and the balance transfer that other plugins use (§7.1).
 *
 * @module
 */
import { credit, debit, hexOf, idHex, requireAddress, touchAddress } from "../account.ts"
import { demand, requireZeros } from "../failure.ts"
import { LIMITS } from "../network.ts"
import type { TransferBody } from "../transaction-body.ts"
import type { PluginContext } from "./context.ts"
import { isActive, MOSAIC_FLAG } from "./mosaic.ts"

/** Rules that need no state. */
export function checkTransfer({ message, mosaics, recipient, reserved }: TransferBody): void {
  requireZeros(reserved)
  requireAddress(recipient)
  demand(message.length <= LIMITS.maxMessageSize, "Transfer_Message_Too_Large")
  const ascending = mosaics.every(({ id }, i) => i === 0 || id > (mosaics[i - 1]?.id ?? 0n))
  demand(ascending, "Transfer_Out_Of_Order_Mosaics")
}

/** Moves the mosaics; an unknown recipient becomes an account. */
export function applyTransfer(context: PluginContext, { recipient, mosaics }: TransferBody): void {
  const to = hexOf(recipient)
  touchAddress(context.state, to, context.height)
  for (const { id, amount } of mosaics) moveBalance(context, to, idHex(id), amount)
}

/** Moves an amount from the signer, as every transfer of balance is checked. */
function moveBalance(context: PluginContext, to: string, mosaicId: string, amount: bigint): void {
  const { state, signer, currency, height } = context
  debit(state, signer, mosaicId, amount)
  if (mosaicId !== currency) {
    const mosaic = state.get("mosaic", mosaicId)
    demand(mosaic !== undefined && isActive(mosaic, height), "Mosaic_Expired")
    const isTransferable = ((mosaic?.flags ?? 0) & MOSAIC_FLAG.transferable) !== 0
    const ownerTakesPart = mosaic?.owner === signer || mosaic?.owner === to
    demand(isTransferable || ownerTakesPart, "Mosaic_Non_Transferable")
  }
  credit(state, to, mosaicId, amount)
}
