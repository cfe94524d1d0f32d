/**
 * The devnet: a Symbol ledger in one process, for demos, tests and development. It speaks the REST and WebSocket API of a Symbol node and
 * applies its rules to transfers, mosaics, account metadata, multisig accounts and aggregates (complete, V3).
 *
 *     client ──REST, WebSocket──▶ router ──▶ chain ──▶ state, blocks (SQLite)
 *
 * What it does not know (namespaces, restrictions, locks, bonded aggregates, key links) it drops as a node drops what it can't read.
 * It proves the protocol, not the security of a public chain: one process holds the only key that makes blocks.
 *
 * @module
 */
import { type Clock, systemClock } from "../base/clock.ts"
import { InvalidInputError } from "../base/errors.ts"
import { formatAddress } from "../crypto/address.ts"
import { Chain } from "./chain.ts"
import { answer } from "./rest/router.ts"
import { serve } from "./server.ts"
import { ChainStore } from "./store.ts"
import { Channels, type Listener } from "./websocket.ts"

export interface DevnetOptions {
  /** Folder of the SQLite file; in memory when left out. */
  readonly folder?: string
  /** 0 (default) is any free port; the host is always 127.0.0.1. */
  readonly port?: number
  /** 0 (default): a block as soon as something waits, then empty ones until all is final. */
  readonly blockTimeMs?: number
  /** Blocks on top that make a block final; 2 by default. */
  readonly finalizeAfter?: number
  /** Generation hash seed of a new chain, 32 bytes; random by default. */
  readonly generationHashSeed?: Uint8Array
  readonly clock?: Clock
}

/** A frame of a channel. */
interface Frame {
  readonly topic: string
  readonly data: unknown
}

export interface Devnet {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** The same API in this process, without a socket. */
  readonly node: {
    request(
      method: "GET" | "PUT" | "POST",
      path: string,
      body?: unknown,
    ): Promise<{ readonly status: number; readonly body: unknown }>
    listen(channels: readonly string[], onFrame: (frame: Frame) => void): Promise<{ close(): void }>
  }
  readonly currencyMosaicId: bigint
  /** Sends atomic units of currency to an address (24 bytes) and waits until confirmed. */
  fund(address: Uint8Array, amount: bigint): Promise<void>
  /** Undoes blocks that are not final; their transactions wait again, or are gone with `forget`. */
  rollback(blocks: number, options?: { readonly forget?: boolean }): Promise<void>
  close(): Promise<void>
}

const FINALIZE_AFTER = 2

/**
 * Starts a devnet, or goes on with the one in `folder`.
 * @throws {ForeignNetworkError} when the folder holds a network of another generation hash seed than the one given
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { folder, port = 0, blockTimeMs = 0, finalizeAfter = FINALIZE_AFTER } = options
  const seed = options.generationHashSeed && Buffer.from(options.generationHashSeed)
  const chain = new Chain(
    new ChainStore(folder),
    seed ? { seed } : {},
    options.clock ?? systemClock,
    { blockTimeMs, finalizeAfter },
  )
  const channels = new Channels(chain)
  const server = await serve(chain, channels, port)
  return {
    url: server.url,
    node: {
      request: async (method, path, body) => plain(answer(chain, method, path, body)),
      listen: async (topics, onFrame) => {
        const listener: Listener = (topic, data) => onFrame({ topic, data: plain(data) })
        for (const topic of topics) channels.subscribe(topic, listener)
        return { close: () => channels.drop(listener) }
      },
    },
    currencyMosaicId: BigInt(`0x${chain.genesis.currency}`),
    fund: async (address, amount) => {
      const body = { address: formatAddress(address), amount: amount.toString() }
      const { status, body: told } = answer(chain, "POST", "/devnet/faucet", body)
      if (status !== 200) {
        throw new InvalidInputError(`the faucet refused: ${(told as { message: string }).message}`)
      }
      chain.makeBlock()
    },
    rollback: async (blocks, { forget = false } = {}) => chain.undo(blocks, forget),
    close: async () => {
      await server.close()
      chain.close()
    },
  }
}

/** What a socket would have made of it: a copy that shares nothing with the chain. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
