/**
 * Channels: what happens, told to whoever subscribed (symbol.md §10).
 *
 * @module
 */
import { formatAddress } from "../crypto/address.ts"
import { hexOf } from "./account.ts"
import type { Block } from "./block.ts"
import type { Chain } from "./chain.ts"
import { involvedIn } from "./parts.ts"
import { finalizedShape } from "./rest/chain-routes.ts"
import { blockFields, bodyShape } from "./rest/shapes.ts"
import { statusAddress } from "./rest/transaction-routes.ts"
import type { Embedded, Transaction } from "./transaction.ts"

/** A listener of one channel. */
export type Listener = (topic: string, data: unknown) => void

/** Channels that exist; those marked take an address. */
const CHANNELS: ReadonlyMap<string, boolean> = new Map([
  ["block", false],
  ["finalizedBlock", false],
  ["confirmedAdded", true],
  ["unconfirmedAdded", true],
  ["unconfirmedRemoved", true],
  ["partialAdded", true],
  ["partialRemoved", true],
  ["cosignature", true],
  ["status", true],
])

/** Subscriptions of all listeners over one chain. */
export class Channels {
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(chain: Chain) {
    const { events } = chain
    events.on("confirmed", (transaction, block) =>
      this.#tell(chain, "confirmedAdded", transaction, () => addedFrame(transaction, block.height)),
    )
    events.on("unconfirmedAdded", (transaction) =>
      this.#tell(chain, "unconfirmedAdded", transaction, () => addedFrame(transaction, 0)),
    )
    events.on("unconfirmedRemoved", (transaction) =>
      this.#tell(chain, "unconfirmedRemoved", transaction, () => ({
        meta: { hash: hexOf(transaction.hash) },
      })),
    )
    events.on("status", ({ hash, code, deadline }, transaction) => {
      const data = { hash: hexOf(hash), code, deadline: deadline.toString() }
      this.#send(["status", `status/${textOf(statusAddress(transaction))}`], () => data)
    })
    events.on("block", (block) => this.#send(["block"], () => blockFrame(block)))
    events.on("finalized", ({ height, hash }) =>
      this.#send(["finalizedBlock"], () => finalizedShape(height, hash)),
    )
  }

  /** Whether a channel of this name exists. */
  static isChannel(topic: string): boolean {
    const [channel = "", address] = topic.split("/", 2)
    const takesAddress = CHANNELS.get(channel)
    return takesAddress !== undefined && (address === undefined || takesAddress)
  }

  subscribe(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
  }

  unsubscribe(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#listeners.delete(topic)
  }

  /** Ends all subscriptions of a listener. */
  drop(listener: Listener): void {
    for (const topic of this.#listeners.keys()) this.unsubscribe(topic, listener)
  }

  #tell(chain: Chain, channel: string, transaction: Transaction, frame: () => object): void {
    if (this.#listeners.size === 0) return
    const addresses = involvedIn(transaction, chain.genesis.sink).map(textOf)
    this.#send([channel, ...addresses.map((one) => `${channel}/${one}`)], frame)
  }

  #send(topics: readonly string[], frame: () => object): void {
    let data: object | undefined
    for (const topic of topics) {
      for (const listener of this.#listeners.get(topic) ?? []) {
        data ??= frame()
        listener(topic, data)
      }
    }
  }
}

function addedFrame(transaction: Transaction, height: number) {
  const { hash, merkleComponentHash } = transaction
  return {
    transaction: transactionFrame(transaction),
    meta: {
      hash: hexOf(hash),
      merkleComponentHash: hexOf(merkleComponentHash),
      height: String(height),
    },
  }
}

/** As sockets show a transaction: without size and maximal fee, an empty message as "". */
function transactionFrame(transaction: Transaction) {
  const { body, signature, deadline } = transaction
  const header = {
    signature: hexOf(signature),
    ...headerFrame(transaction),
    deadline: deadline.toString(),
  }
  if (body.kind !== "aggregate") return { ...header, ...bodyFrame(body) }
  return {
    ...header,
    transactionsHash: hexOf(body.transactionsHash),
    transactions: body.transactions.map((one) => ({
      transaction: { ...headerFrame(one), ...bodyFrame(one.body) },
    })),
    cosignatures: body.cosignatures.map((one) => ({
      version: one.version.toString(),
      signerPublicKey: hexOf(one.signer),
      signature: hexOf(one.signature),
    })),
  }
}

function headerFrame({ signer, version, network, type }: Transaction | Embedded) {
  return { signerPublicKey: hexOf(signer), version, network, type }
}

function bodyFrame(body: Embedded["body"]) {
  const { valueSize: _omitted, ...shape } = { valueSize: 0, ...bodyShape(body) }
  return body.kind === "transfer" ? { message: "", ...shape } : shape
}

function blockFrame(block: Block) {
  const hash = hexOf(block.hash)
  return { block: blockFields(block), meta: { hash, generationHash: hash } }
}

function textOf(address: string): string {
  return formatAddress(Buffer.from(address, "hex"))
}
