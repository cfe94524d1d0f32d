/**
 * The chain as medlake sees it: one client for devnet in process, devnet on a socket and real nodes.
 *
 *     SymbolLedger ──▶ Announcer (write) · readers (what a node tells) · proof (what it cannot make up) ──▶ SymbolNode
 *
 * Knows Symbol only, nothing of what the messages mean. Unless a docstring says so, what a method returns is one node's
 * word; `aggregate` and the `prove…` methods check it. Every method throws `LedgerUnavailableError` when nobody answers,
 * `IntegrityError` when an answer is malformed, and `LedgerRefusedError` when the node refuses the request.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts"
import { ClockSkewError, InvalidInputError } from "../base/errors.ts"
import { type Account, readAccount } from "./account.ts"
import { Announcer, type Confirmation, type ConfirmOptions } from "./announcer.ts"
import { type BlockHeader, readBlock } from "./block.ts"
import { fund, hasFaucet } from "./faucet.ts"
import { type MetadataKey, readMetadata } from "./metadata.ts"
import { type Multisig, type MultisigLevel, readMultisig, readMultisigGraph } from "./multisig.ts"
import { type Network, readNetwork } from "./network.ts"
import type { SymbolNode } from "./node.ts"
import * as proof from "./proof.ts"
import { Rest } from "./rest.ts"
import { type ConfirmedAggregate, readAggregate } from "./rest-transaction.ts"
import {
  type ChainHeights,
  readChain,
  readState,
  readTime,
  type TransactionState,
} from "./status.ts"
import { type ChainTransfer, readTransfers, type TransferQuery } from "./transfers.ts"
import { type Hint, watch } from "./watch.ts"

/** Deadlines keep this far below the longest that a network takes, for clocks that differ, ms. */
const DEADLINE_MARGIN_MS = 60_000
const CLOCK_TOLERANCE_MS = 5 * 60_000

/** How to reach which network. */
export interface SymbolLedgerOptions {
  readonly node: SymbolNode
  readonly clock: Clock
  /** Generation hash that the network must have, 32 bytes. */
  readonly pin?: Uint8Array
  /** How far this machine's clock may be from the network's, ms; 5 minutes when left out. */
  readonly clockToleranceMs?: number
}

/** One Symbol network, through one node. */
export class SymbolLedger {
  readonly #node: SymbolNode
  readonly #clock: Clock
  readonly #rest: Rest
  readonly #announcer: Announcer
  readonly #pin: Uint8Array | undefined
  readonly #clockToleranceMs: number
  #network: Promise<Network> | undefined

  constructor({ node, clock, pin, clockToleranceMs }: SymbolLedgerOptions) {
    this.#node = node
    this.#clock = clock
    this.#pin = pin
    this.#clockToleranceMs = clockToleranceMs ?? CLOCK_TOLERANCE_MS
    this.#rest = new Rest(node, clock)
    this.#announcer = new Announcer(this.#rest, clock, () => this.network())
  }

  /**
   * The network, asked for once.
   * @throws {ForeignNetworkError} when it is not the pinned one
   */
  network(): Promise<Network> {
    this.#network ??= readNetwork(this.#rest, this.#pin).catch((error: unknown) => {
      this.#network = undefined
      throw error
    })
    return this.#network
  }

  /** Network time, ms since the network's epoch adjustment, by the node's clock. */
  async time(signal?: AbortSignal): Promise<number> {
    await this.network()
    return await readTime(this.#rest, signal)
  }

  /**
   * A deadline `lifetimeMs` from now in network time, or the latest that the network takes.
   * @throws {ClockSkewError} when this machine's clock and the node's differ by more than the tolerance
   */
  async deadline(lifetimeMs: number, signal?: AbortSignal): Promise<number> {
    if (!(lifetimeMs > 0)) throw new InvalidInputError("a deadline lies in the future")
    const { epochAdjustmentS, maxTransactionLifetimeMs } = await this.network()
    const nowMs = await this.time(signal)
    const skewMs = this.#clock.now() - (epochAdjustmentS * 1000 + nowMs)
    if (Math.abs(skewMs) > this.#clockToleranceMs) {
      const minutes = Math.round(Math.abs(skewMs) / 60_000)
      throw new ClockSkewError(
        `this machine's clock is ${minutes} minutes ${skewMs > 0 ? "ahead of" : "behind"} the network's: set it right`,
      )
    }
    return nowMs + Math.floor(Math.min(lifetimeMs, maxTransactionLifetimeMs - DEADLINE_MARGIN_MS))
  }

  /** Atomic units a byte to offer now: the recent median, and never below what the node takes. */
  async feeMultiplier(signal?: AbortSignal): Promise<number> {
    const fees = await this.#rest.get("/network/fees/transaction", signal)
    return Math.max(fees.at("minFeeMultiplier").integer(), fees.at("medianFeeMultiplier").integer())
  }

  /** What defining a mosaic costs now beside the fee, atomic units of currency. */
  async mosaicRentalFee(signal?: AbortSignal): Promise<bigint> {
    const fees = await this.#rest.get("/network/fees/rental", signal)
    return fees.at("effectiveMosaicRentalFee").decimal()
  }

  /** See {@link Announcer.announce}. */
  announce(aggregate: Uint8Array, signal?: AbortSignal): Promise<{ hash: Uint8Array }> {
    return this.#announcer.announce(aggregate, signal)
  }

  /** See {@link Announcer.confirm}. */
  confirm(hash: Uint8Array, options?: ConfirmOptions): Promise<Confirmation> {
    return this.#announcer.confirm(hash, options)
  }

  /** See {@link Announcer.finalize}. */
  finalize(what: Uint8Array | number, options?: ConfirmOptions): Promise<number> {
    return this.#announcer.finalize(what, options)
  }

  state(hash: Uint8Array, signal?: AbortSignal): Promise<TransactionState> {
    return readState(this.#rest, hash, signal)
  }

  chain(signal?: AbortSignal): Promise<ChainHeights> {
    return readChain(this.#rest, signal)
  }

  /** The verified header at a height. */
  block(height: number, signal?: AbortSignal): Promise<BlockHeader> {
    return readBlock(this.#rest, height, signal)
  }

  /** The account at `address` (24 bytes); undefined when the chain has never seen it. */
  async account(address: Uint8Array, signal?: AbortSignal): Promise<Account | undefined> {
    const { currencyMosaicId } = await this.network()
    return await readAccount(this.#rest, currencyMosaicId, address, signal)
  }

  /** The multisig entry of `address`; undefined when it has none. */
  multisig(address: Uint8Array, signal?: AbortSignal): Promise<Multisig | undefined> {
    return readMultisig(this.#rest, address, signal)
  }

  /** All multisig entries above and below `address`. */
  multisigGraph(address: Uint8Array, signal?: AbortSignal): Promise<MultisigLevel[]> {
    return readMultisigGraph(this.#rest, address, signal)
  }

  /** Account metadata that `source` wrote on `target`; undefined when there is none. */
  metadata(
    source: Uint8Array,
    target: Uint8Array,
    key: bigint,
    signal?: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    return readMetadata(this.#rest, { source, target, key }, signal)
  }

  /** See {@link readTransfers}. */
  transfers(query: TransferQuery): AsyncIterable<ChainTransfer> {
    return readTransfers(this.#rest, query)
  }

  /**
   * A confirmed aggregate whose hash and signatures were checked; undefined when the node has none of this hash.
   * @throws {UnsupportedError} when it holds something unknown here
   */
  async aggregate(hash: Uint8Array, signal?: AbortSignal): Promise<ConfirmedAggregate | undefined> {
    return await readAggregate(this.#rest, await this.network(), hash, signal)
  }

  /** See {@link proof.proveTransaction}. */
  async proveTransaction(hash: Uint8Array, signal?: AbortSignal): Promise<proof.TransactionProof> {
    return await proof.proveTransaction(await this.#proofContext(), hash, signal)
  }

  /** See {@link proof.proveMetadata}. */
  async proveMetadata(
    key: MetadataKey,
    signal?: AbortSignal,
  ): Promise<proof.StateProof<Uint8Array | undefined>> {
    return await proof.proveMetadata(await this.#proofContext(), key, signal)
  }

  /** See {@link proof.proveMultisig}. */
  async proveMultisig(
    address: Uint8Array,
    signal?: AbortSignal,
  ): Promise<proof.StateProof<Multisig | undefined>> {
    return await proof.proveMultisig(await this.#proofContext(), address, signal)
  }

  /** See {@link proof.proveAccount}. */
  async proveAccount(
    address: Uint8Array,
    signal?: AbortSignal,
  ): Promise<proof.StateProof<Account | undefined>> {
    return await proof.proveAccount(await this.#proofContext(), address, signal)
  }

  /** See {@link proof.proveBalance}. */
  async proveBalance(
    address: Uint8Array,
    mosaicId: bigint,
    signal?: AbortSignal,
  ): Promise<proof.StateProof<bigint>> {
    return await proof.proveBalance(await this.#proofContext(), address, mosaicId, signal)
  }

  /** Whether the node gives currency away: only a devnet does. */
  hasFaucet(signal?: AbortSignal): Promise<boolean> {
    return hasFaucet(this.#rest, signal)
  }

  /** Atomic units of currency from the node's faucet; false when it has none. */
  fund(address: Uint8Array, amount: bigint, signal?: AbortSignal): Promise<boolean> {
    return fund(this.#rest, address, amount, signal)
  }

  /** See {@link watch}: runs until the signal aborts. */
  watch(
    addresses: readonly Uint8Array[] | "all",
    onHint: (hint: Hint) => void,
    options: { readonly signal: AbortSignal },
  ): Promise<void> {
    return watch(this.#node, this.#clock, addresses, onHint, options.signal)
  }

  async #proofContext(): Promise<proof.ProofContext> {
    const height = async (signal?: AbortSignal) => (await readChain(this.#rest, signal)).height
    return { rest: this.#rest, clock: this.#clock, network: await this.network(), height }
  }
}
