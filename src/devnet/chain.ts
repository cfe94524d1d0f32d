/**
 * The chain: takes transactions, makes blocks, finalizes, undoes (symbol.md §7.1, §7.12).
 *
 *     submit ─▶ pool (state ahead of the tip) ─▶ block: same rules again at its height and time ─▶ store ─▶ events
 *
 * @module
 */
import { EventEmitter } from "node:events"
import type { Clock } from "../base/clock.ts"
import { hexOf, touchKey } from "./account.ts"
import { assemble, type Executed, oldestThatFit } from "./assemble.ts"
import type { Block, Statement } from "./block.ts"
import { checkTransaction, type ExecutionContext, execute, verifySignatures } from "./execute.ts"
import { Failure, Unparsable } from "./failure.ts"
import { blockMultiplier, dynamicFeeMultiplier } from "./fee.ts"
import { type Genesis, openGenesis } from "./genesis.ts"
import { ZERO_HASH } from "./hash.ts"
import { EPOCH_ADJUSTMENT_S, FEES } from "./network.ts"
import type { FailedStatus } from "./rows.ts"
import type { State } from "./state.ts"
import { StateTrees } from "./state-root.ts"
import type { ChainStore } from "./store.ts"
import { parseTransaction, type Transaction } from "./transaction.ts"

/** How far finality lags, and whether blocks wait for the clock. */
export interface ChainOptions {
  /** 0: a block as soon as something waits. */
  readonly blockTimeMs: number
  /** Blocks on top that make a block final. */
  readonly finalizeAfter: number
}

/** What the chain tells its listeners. */
export interface ChainEvents {
  unconfirmedAdded: [Transaction]
  unconfirmedRemoved: [Transaction]
  confirmed: [Transaction, Block]
  status: [FailedStatus, Transaction]
  block: [Block]
  finalized: [Block]
}

/** Pause between empty blocks, ms: lets whoever waits for a confirmation see it before finality. */
const EMPTY_BLOCK_MS = 5

/** See the module. */
export class Chain {
  readonly events = new EventEmitter<ChainEvents>()
  readonly genesis: Genesis
  readonly store: ChainStore
  readonly trees: StateTrees
  readonly #state: State
  readonly #clock: Clock
  readonly #options: ChainOptions
  readonly #pool = new Map<string, Transaction>()
  #tip: Block
  #finalHeight: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false
  /** Newest block when the dynamic multiplier was last computed. */
  #feeTip: Block | undefined
  #feeMultiplier: number = FEES.defaultDynamicFeeMultiplier

  constructor(store: ChainStore, genesis: Partial<Genesis>, clock: Clock, options: ChainOptions) {
    this.store = store
    this.#clock = clock
    this.#options = options
    this.genesis = openGenesis(store, genesis)
    this.trees = new StateTrees(() => this.genesis.currency)
    this.#state = store.loadState()
    this.trees.update(this.#state, this.#state.takeChanges())
    const stored = store.block(store.height())
    this.#tip = stored?.block ?? this.#makeGenesis()
    this.#finalHeight = store.finalHeight()
    this.#schedule()
  }

  get height(): number {
    return this.#tip.height
  }

  get finalHeight(): number {
    return this.#finalHeight
  }

  /** Network time, ms. */
  now(): bigint {
    return BigInt(Math.floor(this.#clock.now() - EPOCH_ADJUSTMENT_S * 1000))
  }

  /** Waiting transactions, oldest first. */
  pool(): IterableIterator<Transaction> {
    return this.#pool.values()
  }

  pooled(hash: Buffer): Transaction | undefined {
    return this.#pool.get(hexOf(hash))
  }

  /**
   * Takes a transaction as a node does: in silence when it can't be read, is known or offers too little.
   * @returns its hash when it now waits
   */
  submit(payload: Uint8Array): Buffer | undefined {
    let transaction: Transaction
    try {
      transaction = parseTransaction(payload, this.genesis.seed)
    } catch (error) {
      if (error instanceof Unparsable) return undefined
      throw error
    }
    const { hash, maxFee, size } = transaction
    if (this.#pool.has(hexOf(hash)) || this.store.hasTransaction(hash)) return undefined
    try {
      checkTransaction(transaction)
      verifySignatures(transaction)
      if (maxFee < BigInt(size) * BigInt(FEES.minFeeMultiplier)) return undefined
      execute(this.#execution(this.height + 1, this.now()), transaction, maxFee)
    } catch (error) {
      this.#fail(transaction, error)
      return undefined
    }
    this.#pool.set(hexOf(hash), transaction)
    this.events.emit("unconfirmedAdded", transaction)
    this.#schedule()
    return hash
  }

  /**
   * Undoes the newest `count` blocks; their transactions wait again, or are gone when `forget`.
   * @throws {Error} when one of them is final
   */
  undo(count: number, forget: boolean): void {
    if (this.height - count < this.#finalHeight) throw new Error("a final block can't be undone")
    const waiting = [...this.#pool.values()]
    this.#state.undoTo(0)
    const returned: Transaction[] = []
    for (let i = 0; i < count; i++) {
      const { transactions, changed } = this.store.removeBlock(this.height, this.#state)
      this.#state.takeChanges()
      this.trees.update(this.#state, changed)
      returned.unshift(...transactions.map((bytes) => parseTransaction(bytes, this.genesis.seed)))
      this.#tip = this.#blockAt(this.height - 1)
    }
    this.#pool.clear()
    for (const { bytes } of forget ? waiting : [...returned, ...waiting]) this.submit(bytes)
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.store.close()
  }

  /** Makes a block of what waits, at once. */
  makeBlock(): Block {
    const height = this.height + 1
    const now = this.now()
    const timestamp = now > this.#tip.timestamp ? now : this.#tip.timestamp + 1n
    const chosen = oldestThatFit(this.#pool.values())
    const feeMultiplier = blockMultiplier(chosen)
    this.#state.undoTo(0)
    const failures: { transaction: Transaction; status: FailedStatus }[] = []
    const included: Transaction[] = []
    const statements: Statement[] = []
    let fees = 0n
    for (const transaction of chosen) {
      const fee = BigInt(feeMultiplier) * BigInt(transaction.size)
      try {
        const receipts = execute(this.#execution(height, timestamp), transaction, fee)
        included.push(transaction)
        fees += fee
        for (const { part, receipt } of receipts) {
          statements.push({ primaryId: included.length, secondaryId: part, receipts: [receipt] })
        }
      } catch (error) {
        failures.push({ transaction, status: statusOf(transaction, error) })
      }
    }
    const block = this.#commit(
      { height, timestamp, feeMultiplier, included, statements, fees },
      failures.map(({ status }) => status),
    )
    this.#refill(chosen)
    this.#announce(block, included, failures)
    return block
  }

  #commit(executed: Executed, failed: readonly FailedStatus[]): Block {
    const { genesis, trees } = this
    const { stored, placed, changes } = assemble(genesis, this.#state, trees, this.#tip, executed)
    this.store.append(stored, placed, this.#state, changes, failed)
    this.#tip = stored.block
    return stored.block
  }

  /** Puts what still waits on top of the new tip. */
  #refill(chosen: readonly Transaction[]): void {
    for (const { hash } of chosen) this.#pool.delete(hexOf(hash))
    for (const transaction of this.#pool.values()) {
      try {
        execute(this.#execution(this.height + 1, this.now()), transaction, transaction.maxFee)
      } catch (error) {
        this.#pool.delete(hexOf(transaction.hash))
        this.events.emit("unconfirmedRemoved", transaction)
        this.#fail(transaction, error)
      }
    }
  }

  #announce(
    block: Block,
    included: readonly Transaction[],
    failures: readonly { readonly transaction: Transaction; readonly status: FailedStatus }[],
  ): void {
    for (const { transaction, status } of failures) {
      this.events.emit("unconfirmedRemoved", transaction)
      this.events.emit("status", status, transaction)
    }
    for (const transaction of included) {
      this.events.emit("unconfirmedRemoved", transaction)
      this.events.emit("confirmed", transaction, block)
    }
    this.events.emit("block", block)
    const final = this.height - this.#options.finalizeAfter
    if (final > this.#finalHeight) {
      this.#finalHeight = final
      this.store.putFinalHeight(final)
      this.events.emit("finalized", this.#blockAt(final))
    }
  }

  #fail(transaction: Transaction, error: unknown): void {
    const status = statusOf(transaction, error)
    this.store.putStatus(status)
    this.events.emit("status", status, transaction)
  }

  #schedule(): void {
    if (this.#timer || this.#closed) return
    const isIdle = this.#pool.size === 0 && !this.store.hasTransactionsAbove(this.#finalHeight)
    if (isIdle) return
    const waitMs = this.#options.blockTimeMs || (this.#pool.size > 0 ? 0 : EMPTY_BLOCK_MS)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#closed) return
      this.makeBlock()
      this.#schedule()
    }, waitMs)
  }

  #execution(height: number, now: bigint): ExecutionContext {
    return {
      state: this.#state,
      height,
      now,
      currency: this.genesis.currency,
      mosaicRental: FEES.mosaicRentalFee * BigInt(this.dynamicFeeMultiplier()),
      sink: this.genesis.sink,
      nemesisKey: this.genesis.nemesisKey,
    }
  }

  /** See {@link dynamicFeeMultiplier}. */
  dynamicFeeMultiplier(): number {
    if (this.#feeTip !== this.#tip) this.#feeMultiplier = dynamicFeeMultiplier(this.store)
    this.#feeTip = this.#tip
    return this.#feeMultiplier
  }

  #makeGenesis(): Block {
    this.#tip = { height: 0, hash: ZERO_HASH, timestamp: -1n } as Block
    this.genesis.fill(this.#state)
    touchKey(this.#state, this.genesis.harvesterKey, 1)
    const fields = { height: 1, timestamp: 0n, feeMultiplier: 0, fees: 0n }
    return this.#commit({ ...fields, included: [], statements: [] }, [])
  }

  #blockAt(height: number): Block {
    const stored = this.store.block(height)
    if (!stored) throw new Error(`block ${height} is missing`)
    return stored.block
  }
}

function statusOf({ hash, deadline }: Transaction, error: unknown): FailedStatus {
  if (!(error instanceof Failure)) throw error
  return { hash, code: error.code, deadline }
}
