/**
 * Currency for fees. On a devnet the faucet pays; on a real network a person must.
 *
 * @module
 */
import { LedgerRefusedError } from "../base/errors.ts"
import { formatAddress } from "../crypto/address.ts"
import type { SymbolLedger } from "../ledger/index.ts"

/** Atomic units in one XYM (divisibility 6). */
export const XYM = 1_000_000n

/**
 * Makes sure that an account can pay `amount` (atomic units).
 * @throws {LedgerRefusedError} with the address and the missing amount, where nobody but a person can fund it
 */
export async function ensureFunds(
  ledger: SymbolLedger,
  address: Uint8Array,
  amount: bigint,
  signal?: AbortSignal,
): Promise<void> {
  const { currencyMosaicId } = await ledger.network()
  const balance = (await ledger.account(address))?.mosaics.get(currencyMosaicId) ?? 0n
  if (balance >= amount) return
  const missing = amount - balance
  if (await ledger.fund(address, missing, signal)) return
  throw new LedgerRefusedError(
    `the account ${formatAddress(address)} lacks ${Number(missing) / Number(XYM)} XYM for fees: send it that much and run this again`,
    "Failure_Core_Insufficient_Balance",
  )
}
