/**
 * What a plugin sees when it validates and applies one transaction.
 *
 * @module
 */
import type { State } from "../state.ts"

/** A receipt of a block's statement (symbol.md §5.5). */
export interface Receipt {
  readonly type: number
  readonly mosaicId: string
  readonly amount: bigint
  /** Address, hex: who paid, or who was credited. */
  readonly target: string
  /** Address, hex, of a transfer receipt. */
  readonly recipient?: string
}

/** One embedded or top-level transaction at work. */
export interface PluginContext {
  readonly state: State
  readonly height: number
  /** 16 hex digits. */
  readonly currency: string
  /** Atomic units of currency for a mosaic definition now. */
  readonly mosaicRental: bigint
  /** Address, hex, that gets rental fees. */
  readonly sink: string
  /** Address, hex. */
  readonly signer: string
  readonly receipt: (receipt: Receipt) => void
}
