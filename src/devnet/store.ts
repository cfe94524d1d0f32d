/**
 * The chain on disk: blocks, transactions and their parts, state entries, and per block what it replaced (SQLite).
 *
 * One database transaction a block: after a kill the chain stands at the last whole block.
 *
 * @module
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import Database from "libsql"
import {
  bufferOf,
  type ConfirmedTransaction,
  confirmed,
  type FailedStatus,
  fromJson,
  type PlacedTransaction,
  type Row,
  type StoredBlock,
  storedBlock,
  toJson,
} from "./rows.ts"
import { SCHEMA } from "./schema.ts"
import { type CacheEntries, type CacheName, type Change, State } from "./state.ts"

const FINAL_HEIGHT = "final-height"

/** See the module. */
export class ChainStore {
  readonly #db: Database.Database
  readonly #statements = new Map<string, Database.Statement>()

  /** @param folder where the database lies; in memory when left out */
  constructor(folder: string | undefined) {
    if (folder) mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#db = new Database(folder ? join(folder, "devnet.db") : ":memory:")
    this.#db.exec("PRAGMA journal_mode = WAL")
    this.#db.exec("PRAGMA synchronous = NORMAL")
    this.#db.exec("PRAGMA busy_timeout = 5000")
    this.#db.exec(SCHEMA)
  }

  setting(name: string): Buffer | undefined {
    const row = this.row("SELECT value FROM setting WHERE name = ?", name)
    return row && bufferOf(row["value"])
  }

  putSetting(name: string, value: Uint8Array): void {
    this.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, Buffer.from(value))
  }

  /** Appends a block as a whole; its state changes are `changes` with what they replaced. */
  append(
    stored: StoredBlock,
    placed: readonly PlacedTransaction[],
    state: State,
    changes: readonly Change[],
    failed: readonly FailedStatus[],
  ): void {
    this.#atomically(() => {
      const { block, roots, statements, totalFee, transactions, parts } = stored
      this.run(
        "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)",
        block.height,
        block.bytes,
        Buffer.concat(roots),
        toJson(statements),
        totalFee.toString(),
        transactions,
        parts,
      )
      for (const [place, one] of placed.entries()) this.#putTransaction(block.height, place, one)
      for (const change of changes) this.#putChange(block.height, state, change)
      for (const one of failed) this.putStatus(one)
    })
  }

  #putTransaction(height: number, place: number, placed: PlacedTransaction): void {
    const { hash, bytes } = placed.transaction
    this.run("INSERT INTO tx VALUES (?, ?, ?, ?)", height, place, hash, bytes)
    this.run("DELETE FROM status WHERE hash = ?", hash)
    for (const { id, part, type, signer, recipient } of placed.parts) {
      const insert = "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?)"
      this.run(insert, id, height, place, part, type, signer, recipient)
    }
    for (const address of placed.involved) {
      this.run("INSERT OR IGNORE INTO involved VALUES (?, ?, ?)", address, height, place)
    }
  }

  #putChange(height: number, state: State, { cache, key, before }: Change): void {
    const text = before === undefined ? null : toJson(before)
    this.run("INSERT INTO undo VALUES (?, ?, ?, ?)", height, cache, key, text)
    const entry = state.get(cache, key)
    if (entry === undefined) this.run("DELETE FROM entry WHERE cache = ? AND key = ?", cache, key)
    else this.run("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", cache, key, toJson(entry))
  }

  /** Removes the newest block and puts the state back; returns its transactions in order and what changed. */
  removeBlock(height: number, state: State): { transactions: Buffer[]; changed: Change[] } {
    const undo = this.rows("SELECT cache, key, before FROM undo WHERE height = ?", height)
    const changed = undo.map((row): Change => {
      const before = row["before"] === null ? undefined : fromJson(row["before"] as string)
      return {
        cache: row["cache"] as CacheName,
        key: row["key"] as string,
        before: before as never,
      }
    })
    const rows = this.rows("SELECT bytes FROM tx WHERE height = ? ORDER BY place", height)
    this.#atomically(() => {
      for (const { cache, key, before } of changed) {
        state.set(cache, key, before)
        const remove = "DELETE FROM entry WHERE cache = ? AND key = ?"
        if (before === undefined) this.run(remove, cache, key)
        else this.run("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", cache, key, toJson(before))
      }
      for (const table of ["undo", "tx", "part", "involved", "block"]) {
        this.run(`DELETE FROM ${table} WHERE height = ?`, height)
      }
    })
    return { transactions: rows.map((row) => bufferOf(row["bytes"])), changed }
  }

  /** The state as it stood after the newest block. */
  loadState(): State {
    const state = new State()
    for (const row of this.rows("SELECT cache, key, value FROM entry")) {
      const { cache, key, value } = row as { cache: CacheName; key: string; value: string }
      state.set(cache, key, fromJson(value) as never)
    }
    return state
  }

  /** An entry as it stood after the newest block. */
  entry<C extends CacheName>(cache: C, key: string): CacheEntries[C] | undefined {
    const row = this.row("SELECT value FROM entry WHERE cache = ? AND key = ?", cache, key)
    return row && (fromJson(row["value"] as string) as CacheEntries[C])
  }

  /** All entries of a cache in the order of their keys. */
  entries<C extends CacheName>(cache: C): CacheEntries[C][] {
    const rows = this.rows("SELECT value FROM entry WHERE cache = ? ORDER BY key", cache)
    return rows.map((row) => fromJson(row["value"] as string) as CacheEntries[C])
  }

  putStatus({ hash, code, deadline }: FailedStatus): void {
    this.run("INSERT OR REPLACE INTO status VALUES (?, ?, ?)", hash, code, deadline.toString())
  }

  status(hash: Buffer): FailedStatus | undefined {
    const row = this.row("SELECT code, deadline FROM status WHERE hash = ?", hash)
    return row && { hash, code: row["code"] as string, deadline: BigInt(row["deadline"] as string) }
  }

  /** Height of the newest block; 0 when there is none. */
  height(): number {
    return (this.row("SELECT max(height) AS height FROM block")?.["height"] as number | null) ?? 0
  }

  /** Height up to which nothing can be undone. */
  finalHeight(): number {
    return this.setting(FINAL_HEIGHT)?.readUInt32LE() ?? 1
  }

  putFinalHeight(height: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(height)
    this.putSetting(FINAL_HEIGHT, bytes)
  }

  /** Whether a block above a height holds transactions. */
  hasTransactionsAbove(height: number): boolean {
    const select = "SELECT height FROM block WHERE height > ? AND transactions > 0 LIMIT 1"
    return this.row(select, height) !== undefined
  }

  block(height: number): StoredBlock | undefined {
    const row = this.row("SELECT * FROM block WHERE height = ?", height)
    return row && storedBlock(row)
  }

  transaction(hash: Buffer, seed: Buffer): ConfirmedTransaction | undefined {
    const row = this.row("SELECT height, place, bytes FROM tx WHERE hash = ?", hash)
    return row && confirmed(row, seed)
  }

  hasTransaction(hash: Buffer): boolean {
    return this.row("SELECT place FROM tx WHERE hash = ?", hash) !== undefined
  }

  transactionAt(height: number, place: number, seed: Buffer): ConfirmedTransaction | undefined {
    const select = "SELECT height, place, bytes FROM tx WHERE height = ? AND place = ?"
    const row = this.row(select, height, place)
    return row && confirmed(row, seed)
  }

  transactionsOf(height: number, seed: Buffer): ConfirmedTransaction[] {
    const select = "SELECT height, place, bytes FROM tx WHERE height = ? ORDER BY place"
    return this.rows(select, height).map((row) => confirmed(row, seed))
  }

  /** Runs a query that a search has built. */
  rows(sql: string, ...values: unknown[]): Row[] {
    return this.#prepare(sql).all(values) as Row[]
  }

  row(sql: string, ...values: unknown[]): Row | undefined {
    return this.rows(sql, ...values)[0]
  }

  run(sql: string, ...values: unknown[]): void {
    this.#prepare(sql).run(values)
  }

  close(): void {
    this.#statements.clear()
    this.#db.close()
  }

  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #atomically(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE")
    try {
      work()
      this.#db.exec("COMMIT")
    } catch (error) {
      this.#db.exec("ROLLBACK")
      throw error
    }
  }
}
