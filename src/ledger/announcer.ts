/**
 * The way of an aggregate onto the chain: announced, unconfirmed, confirmed, final.
 *
 * A node accepts every announcement (202) and may drop it in silence, forget it, or undo the block that held it. So the
 * payload is kept and announced again, always the same bytes and hash, until it is confirmed, refused, or past its
 * deadline. Source: symbol.md §7.1, §13.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import {
  DeadlineError,
  LedgerRefusedError,
  LedgerUnavailableError,
  NotFoundError,
} from "../base/errors.ts"
import { aggregateHash, deadlineOf } from "./aggregate.ts"
import type { Network } from "./network.ts"
import type { Rest } from "./rest.ts"
import {
  type ChainHeights,
  readChain,
  readState,
  readTime,
  type TransactionState,
} from "./status.ts"

/** A transaction in a block that could still be undone. */
export interface Confirmation {
  readonly state: "confirmed"
  readonly hash: Uint8Array
  readonly height: number
}

/** How to wait for a confirmation. */
export interface ConfirmOptions {
  /** Announced again when the node loses it; not needed where this object announced it. */
  readonly aggregate?: Uint8Array
  /** Network time, ms; not needed where the aggregate is known. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
  /** Called at each change of group. */
  readonly onState?: (state: TransactionState) => void
}

/** Waits between looks, ms: quick at first, then at most {@link MAX_WAIT_MS}. */
const FIRST_WAIT_MS = 10
const MAX_WAIT_MS = 1000
/** How long a node may say nothing of a transaction before it is announced again. */
const ANNOUNCE_AGAIN_MS = 3000
/** How long nobody may answer before waiting is given up. */
const OUTAGE_MS = 15_000
/** The node's word for a deadline that had passed. */
const PAST_DEADLINE = "Failure_Core_Past_Deadline"

/** Announces and waits; one for each ledger. */
export class Announcer {
  readonly #rest: Rest
  readonly #clock: Clock
  readonly #network: () => Promise<Network>
  /** Aggregates that may still be confirmed, by hash. */
  readonly #announced = new Map<string, { aggregate: Uint8Array; deadlineMs: number }>()

  constructor(rest: Rest, clock: Clock, network: () => Promise<Network>) {
    this.#rest = rest
    this.#clock = clock
    this.#network = network
  }

  /** Hands a complete aggregate to the node, which says nothing on whether it is good. */
  async announce(aggregate: Uint8Array, signal?: AbortSignal): Promise<{ hash: Uint8Array }> {
    const network = await this.#network()
    const hash = aggregateHash(network, aggregate)
    const networkNowMs = this.#clock.now() - network.epochAdjustmentS * 1000
    for (const [key, { deadlineMs }] of this.#announced) {
      if (deadlineMs + network.maxTransactionLifetimeMs < networkNowMs) this.#announced.delete(key)
    }
    this.#announced.set(hex(hash), { aggregate, deadlineMs: deadlineOf(aggregate) })
    await this.#put(aggregate, signal)
    return { hash }
  }

  /**
   * Waits until the transaction is in a block.
   * @throws {LedgerRefusedError} with the node's code when the network refused it
   * @throws {DeadlineError} when its deadline passed: build it again
   * @throws {LedgerUnavailableError} when the node is gone for 15 s
   * @throws {NotFoundError} when the node does not know it and neither payload nor deadline is known
   */
  async confirm(hash: Uint8Array, options: ConfirmOptions = {}): Promise<Confirmation> {
    const known = this.#announced.get(hex(hash))
    const aggregate = options.aggregate ?? known?.aggregate
    const deadlineMs = options.deadlineMs ?? (aggregate && deadlineOf(aggregate))
    const { signal, onState } = options
    let group: string | undefined
    let announcedAt = this.#clock.now()
    return await this.#poll(signal, async () => {
      const state = await readState(this.#rest, hash, signal)
      if (state.group !== group) onState?.(state)
      group = state.group
      if (state.group === "confirmed") return { state: "confirmed", hash, height: state.height }
      if (state.group === "failed") throw this.#refusal(hash, state.code)
      if (deadlineMs === undefined) {
        if (state.group === "unconfirmed") return undefined
        throw new NotFoundError(`the node does not know transaction ${hex(hash)}`)
      }
      await this.#requireInTime(hash, deadlineMs, signal)
      const silent = this.#clock.now() - announcedAt >= ANNOUNCE_AGAIN_MS
      if (state.group === "unknown" && aggregate && silent) {
        await this.#put(aggregate, signal)
        announcedAt = this.#clock.now()
      }
      return undefined
    })
  }

  /**
   * Waits until a confirmed transaction, or everything up to a height, can no longer be undone. A transaction that was
   * rolled back meanwhile is announced again.
   * @returns the height that is final
   */
  async finalize(what: Uint8Array | number, options: ConfirmOptions = {}): Promise<number> {
    const { signal } = options
    return await this.#poll(signal, async () => {
      const { finalizedHeight }: ChainHeights = await readChain(this.#rest, signal)
      if (typeof what === "number") return finalizedHeight >= what ? what : undefined
      const state = await readState(this.#rest, what, signal)
      if (state.group !== "confirmed") {
        await this.#announceLost(what, options)
        return undefined
      }
      return state.height <= finalizedHeight ? state.height : undefined
    })
  }

  /** Confirms again what a roll-back took out of its block. */
  async #announceLost(hash: Uint8Array, options: ConfirmOptions): Promise<void> {
    const aggregate = options.aggregate ?? this.#announced.get(hex(hash))?.aggregate
    if (aggregate) await this.#put(aggregate, options.signal)
    await this.confirm(hash, options)
  }

  async #put(aggregate: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const payload = hex(aggregate).toUpperCase()
    await this.#rest.send("PUT", "/transactions", { payload }, signal)
  }

  #refusal(hash: Uint8Array, code: string): Error {
    this.#announced.delete(hex(hash))
    if (code === PAST_DEADLINE) {
      return new DeadlineError(
        `transaction ${hex(hash)} came after its deadline (${code}): build and sign it again`,
      )
    }
    return new LedgerRefusedError(`the network refused transaction ${hex(hash)}: ${code}`, code)
  }

  /** A block may still come that was made before the deadline: one block's time is waited beyond it. */
  async #requireInTime(
    hash: Uint8Array,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { blockTargetMs } = await this.#network()
    if ((await readTime(this.#rest, signal)) <= deadlineMs + blockTargetMs) return
    const state = await readState(this.#rest, hash, signal)
    if (state.group === "confirmed" || state.group === "failed") return
    this.#announced.delete(hex(hash))
    throw new DeadlineError(
      `transaction ${hex(hash)} was not confirmed before its deadline: build and sign it again`,
    )
  }

  /** Repeats `look` until it finds something, ever less often; a node that does not answer is given 15 s. */
  async #poll<T>(signal: AbortSignal | undefined, look: () => Promise<T | undefined>): Promise<T> {
    let wait = FIRST_WAIT_MS
    let goneSince: number | undefined
    for (;;) {
      signal?.throwIfAborted()
      try {
        const found = await look()
        if (found !== undefined) return found
        goneSince = undefined
      } catch (error) {
        if (!(error instanceof LedgerUnavailableError)) throw error
        goneSince ??= this.#clock.now()
        if (this.#clock.now() - goneSince >= OUTAGE_MS) throw error
      }
      await this.#clock.sleep(wait, signal)
      wait = Math.min(MAX_WAIT_MS, wait * 1.5)
    }
  }
}
