/**
 * What a block's transactions pay a byte, and what rental fees follow from it (symbol.md §4.6, §7.12).
 *
 * @module
 */
import { FEES } from "./network.ts"
import { bufferOf } from "./rows.ts"
import type { ChainStore } from "./store.ts"
import type { Transaction } from "./transaction.ts"

/** Blocks whose fees make the dynamic multiplier. */
const FEE_WINDOW = 60
const MAX_MULTIPLIER = 2 ** 32 - 1

/** Fee multiplier in a stored header. */
export function multiplierOf(header: unknown): number {
  return bufferOf(header).readUInt32LE(368)
}

/** The most that every transaction of a block can pay, a byte; 0 for an empty block. */
export function blockMultiplier(transactions: readonly Transaction[]): number {
  if (transactions.length === 0) return 0
  return transactions.reduce(
    (least, { maxFee, size }) => Math.min(least, Number(maxFee / BigInt(size))),
    MAX_MULTIPLIER,
  )
}

/** Median of the newest blocks' multipliers; empty and missing blocks count as the default. */
export function dynamicFeeMultiplier(store: ChainStore): number {
  const select = "SELECT header FROM block ORDER BY height DESC LIMIT ?"
  const usual = FEES.defaultDynamicFeeMultiplier
  const found = store.rows(select, FEE_WINDOW).map((row) => multiplierOf(row["header"]) || usual)
  while (found.length < FEE_WINDOW) found.push(usual)
  return found.toSorted((a, b) => a - b)[FEE_WINDOW / 2] ?? usual
}
