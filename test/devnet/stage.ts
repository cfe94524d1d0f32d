/**
 * A chain whose clock and blocks are in the test's hand, asked by REST alone, and what it means that a transaction was
 * confirmed, refused or ignored there.
 *
 * @module
 */
import { expect } from "vitest"
import { Chain } from "../../src/devnet/chain.ts"
import { answer } from "../../src/devnet/rest/router.ts"
import { ChainStore } from "../../src/devnet/store.ts"
import { newParties, type Party } from "./parties.ts"
import {
  type AggregateEnvelope,
  aggregate,
  type Content,
  type Envelope,
  hashOf,
  type Part,
  single,
} from "./wire.ts"

const GENERATION_HASH = Buffer.alloc(32, 0x42)
const HARVESTER_SEED = Buffer.alloc(32, 0x17)
/** Blocks are made by {@link Stage.mine} only. */
const NEVER_MS = 0x7fffffff
const START_MS = Date.UTC(2026, 0, 1)
export const XYM = 1_000_000n
export const HOUR_MS = 3_600_000n

/** A block as REST shows it, as far as tests read it one by one. */
interface BlockJson {
  readonly block: { readonly stateHash: string; readonly feeMultiplier: number }
  readonly meta: { readonly hash: string; readonly transactionsCount: number }
}
/** What the node says of a transaction. */
interface StatusJson {
  readonly group: string
  readonly code: string
}
/** What a test may say of an envelope; the rest is as usual. */
type Changes<E extends Envelope> = Partial<E>

export class Stage {
  readonly chain: Chain
  /** Draws parties that nobody else has. */
  readonly draw = newParties(100_000)
  /** Unix time, ms. */
  nowMs = START_MS
  #sequence = 0n

  constructor(folder?: string) {
    const clock = { now: () => this.nowMs, sleep: () => Promise.reject(new Error("nobody sleeps")) }
    const genesis = { seed: GENERATION_HASH, harvesterSeed: HARVESTER_SEED }
    const options = { blockTimeMs: NEVER_MS, finalizeAfter: 2 }
    this.chain = new Chain(new ChainStore(folder), genesis, clock, options)
  }

  get seed(): Buffer {
    return this.chain.genesis.seed
  }

  get currency(): bigint {
    return BigInt(`0x${this.chain.genesis.currency}`)
  }

  /** Hash over the whole state at the tip. */
  get stateHash(): string {
    return this.block().block.stateHash
  }

  close(): void {
    this.chain.close()
  }

  request(method: "GET" | "PUT" | "POST", path: string, body?: unknown) {
    return answer(this.chain, method, path, body)
  }

  /** Body of a GET that must succeed. */
  get(path: string): unknown {
    const { status, body } = this.request("GET", path)
    if (status !== 200) throw new Error(`${path} answered ${status}`)
    return body
  }

  block(height = this.chain.height): BlockJson {
    return this.get(`/blocks/${height}`) as BlockJson
  }

  mine(): number {
    this.nowMs += 1000
    return this.chain.makeBlock().height
  }

  /** New parties, each with 1000 XYM. */
  rich(count: number): Party[] {
    const parties = this.draw(count)
    for (const { address } of parties) this.fund(address, 1000n * XYM)
    return parties
  }

  fund(address: Uint8Array, amount: bigint): void {
    const text = base32(address)
    const { status } = this.request("POST", "/devnet/faucet", {
      address: text,
      amount: `${amount}`,
    })
    expect(status).toBe(200)
    this.mine()
  }

  /** Atomic units at the tip. */
  balance({ address }: Party, mosaicId = this.currency): bigint {
    const { status, body } = this.request("GET", `/accounts/${base32(address)}`)
    if (status === 404) return 0n
    const { account } = body as { account: { mosaics: { id: string; amount: string }[] } }
    return BigInt(account.mosaics.find(({ id }) => BigInt(`0x${id}`) === mosaicId)?.amount ?? 0)
  }

  /** An envelope that is as it should be, each with a deadline of its own. */
  envelope(): Envelope {
    this.#sequence += 1n
    return { seed: this.seed, deadline: this.chain.now() + HOUR_MS + this.#sequence }
  }

  single(signer: Party, content: Content, changes: Changes<Envelope> = {}): Buffer {
    return single(signer, content, { ...this.envelope(), ...changes })
  }

  /** Signed by the first of `signers`, cosigned by the others. */
  aggregate(
    signers: readonly Party[],
    parts: readonly Part[],
    changes: Changes<AggregateEnvelope> = {},
  ): Buffer {
    const all = signers as [Party, ...Party[]]
    return aggregate(parts, { ...this.envelope(), signers: all, ...changes })
  }

  announce(bytes: Buffer): Buffer {
    const { status } = this.request("PUT", "/transactions", { payload: bytes.toString("hex") })
    expect(status).toBe(202)
    return hashOf(bytes, this.seed)
  }

  /** What the node says of a transaction; `undefined` when it has no word of it. */
  status(hash: Buffer): StatusJson | undefined {
    const { status, body } = this.request("GET", `/transactionStatus/${hash.toString("hex")}`)
    return status === 404 ? undefined : (body as StatusJson)
  }

  /** Announces and mines; the transaction must be in the block. */
  confirm(bytes: Buffer): number {
    const hash = this.announce(bytes)
    const waiting = this.status(hash)
    expect(waiting?.code, "the pool").toBe("Success")
    const height = this.mine()
    const status = this.status(hash)
    expect(status).toMatchObject({ group: "confirmed", code: "Success", height: String(height) })
    return height
  }

  /** Announces; the transaction must fail with this code, and nothing at all may have changed a block later. */
  refuse(bytes: Buffer, code: string): void {
    const before = { state: this.stateHash, height: this.chain.height }
    const hash = this.announce(bytes)
    const status = this.status(hash)
    expect(status).toMatchObject({
      group: "failed",
      code: `Failure_${code}`,
      hash: hash.toString("hex").toUpperCase(),
      deadline: bytes.readBigUInt64LE(120).toString(),
    })
    this.#expectNothing(hash, before)
  }

  /** Announces; the node must drop the transaction without a word, and nothing may have changed. */
  ignore(bytes: Buffer): void {
    const before = { state: this.stateHash, height: this.chain.height }
    const hash = this.announce(bytes)
    expect(this.status(hash)).toBeUndefined()
    this.#expectNothing(hash, before)
  }

  #expectNothing(hash: Buffer, before: { readonly state: string; readonly height: number }): void {
    const id = hash.toString("hex")
    expect([...this.chain.pool()]).toEqual([])
    expect(this.chain.height).toBe(before.height)
    this.mine()
    expect(this.stateHash).toBe(before.state)
    expect(this.block().meta.transactionsCount).toBe(0)
    for (const group of ["confirmed", "unconfirmed"]) {
      expect(this.request("GET", `/transactions/${group}/${id}`).status).toBe(404)
    }
  }
}

/** Text of an address. */
export function base32(address: Uint8Array): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
  let bits = ""
  for (const byte of address) bits += byte.toString(2).padStart(8, "0")
  const fives = bits.match(/.{1,5}/g) ?? []
  return fives.map((five) => alphabet[Number.parseInt(five.padEnd(5, "0"), 2)]).join("")
}
