/**
 * What the chain's database holds, and its rows turned into values.
 *
 * @module
 */
import { type Block, parseBlock, type Statement } from "./block.ts"
import { parseTransaction, type Transaction } from "./transaction.ts"

/** A block and what REST tells about it beside its header. */
export interface StoredBlock {
  readonly block: Block
  readonly roots: readonly Buffer[]
  readonly statements: readonly Statement[]
  readonly totalFee: bigint
  readonly transactions: number
  /** Transactions and embedded ones. */
  readonly parts: number
}

/** A transaction or embedded transaction in the index. */
export interface PartRow {
  /** 24 hex digits, ascending in the order of the chain. */
  readonly id: string
  readonly height: number
  /** Place in the block, from 0. */
  readonly place: number
  /** 0 is the transaction itself, 1 its first embedded one. */
  readonly part: number
  readonly type: number
  /** Public key, hex. */
  readonly signer: string
  /** Address, hex. */
  readonly recipient: string | null
}

/** A transaction to be stored with its block. */
export interface PlacedTransaction {
  readonly transaction: Transaction
  readonly parts: readonly PartRow[]
  /** Addresses (hex) that take part. */
  readonly involved: readonly string[]
}

/** A transaction of the chain. */
export interface ConfirmedTransaction {
  readonly height: number
  readonly place: number
  readonly transaction: Transaction
}

/** Why a transaction failed. */
export interface FailedStatus {
  readonly hash: Buffer
  readonly code: string
  readonly deadline: bigint
}

/** A row as SQLite gives it. */
export type Row = Record<string, unknown>

/** A stored block from its row. */
export function storedBlock(row: Row): StoredBlock {
  const roots = bufferOf(row["roots"])
  return {
    block: parseBlock(bufferOf(row["header"])),
    roots: Array.from({ length: roots.length / 32 }, (_, i) =>
      roots.subarray(32 * i, 32 * (i + 1)),
    ),
    statements: fromJson(row["statements"] as string) as Statement[],
    totalFee: BigInt(row["total_fee"] as string),
    transactions: row["transactions"] as number,
    parts: row["parts"] as number,
  }
}

/** A confirmed transaction from its row. */
export function confirmed(row: Row, seed: Buffer): ConfirmedTransaction {
  const { height, place } = row as { height: number; place: number }
  return { height, place, transaction: parseTransaction(bufferOf(row["bytes"]), seed) }
}

/** A blob: libsql gives an ArrayBuffer. */
export function bufferOf(value: unknown): Buffer {
  return value instanceof ArrayBuffer ? Buffer.from(value) : Buffer.from(value as Uint8Array)
}

/** JSON with big integers as {"$": "123"}. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "bigint" ? { $: one.toString() } : one,
  )
}

/** Reads {@link toJson}. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, one: unknown) =>
    typeof one === "object" && one !== null && "$" in one ? BigInt(one.$ as string) : one,
  )
}
