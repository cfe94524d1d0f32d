/**
 * kysely's SQLite dialect for a file that other connections write too: who finds it locked waits without blocking the event
 * loop, since the one who holds the lock may be waiting for that very loop.
 *
 * Only the beginning of a transaction can find the file locked: every write runs in one that takes the write lock first. A
 * prepared statement that met a lock would stay open, and no transaction ends while a statement is open.
 *
 * @module
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteDialect,
} from "kysely"
import { StorageUnavailableError } from "../base/errors.ts"

/** Milliseconds to wait for the transaction of somebody else. */
const PATIENCE_MS = 5000
const PAUSE_MS = 5

/** See the module. */
export class WaitingSqliteDialect extends SqliteDialect {
  override createDriver(): Driver {
    return waitingDriver(super.createDriver())
  }
}

function waitingDriver(driver: Driver): Driver {
  const inner = new WeakMap<DatabaseConnection, DatabaseConnection>()
  const run = async (connection: DatabaseConnection, sql: string) => {
    await connection.executeQuery(CompiledQuery.raw(sql))
  }
  return {
    init: () => driver.init(),
    destroy: () => driver.destroy(),
    async acquireConnection() {
      const connection = await driver.acquireConnection()
      const waiting = new WaitingConnection(connection)
      inner.set(waiting, connection)
      return waiting
    },
    releaseConnection: (connection) =>
      driver.releaseConnection(inner.get(connection) ?? connection),
    beginTransaction: (connection) => run(connection, BEGIN),
    commitTransaction: (connection) => run(connection, "commit"),
    rollbackTransaction: (connection) => run(connection, "rollback"),
  }
}

const BEGIN = "begin immediate"

class WaitingConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection
  #inTransaction = false

  constructor(connection: DatabaseConnection) {
    this.#connection = connection
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { kind } = query.query
    if (query.sql === BEGIN) {
      await this.#begin()
      return { rows: [] }
    }
    if (kind === "RawNode") this.#inTransaction &&= !/^(commit|rollback)$/.test(query.sql)
    const isWrite = kind !== "SelectQueryNode" && kind !== "RawNode"
    if (this.#inTransaction || !isWrite) return await this.#connection.executeQuery<R>(query)
    await this.#begin()
    try {
      const result = await this.#connection.executeQuery<R>(query)
      await this.executeQuery(CompiledQuery.raw("commit"))
      return result
    } catch (error) {
      await this.executeQuery(CompiledQuery.raw("rollback"))
      throw error
    }
  }

  streamQuery<R>(query: CompiledQuery, chunkSize?: number) {
    return this.#connection.streamQuery<R>(query, chunkSize ?? 0)
  }

  async #begin(): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      try {
        await this.#connection.executeQuery(CompiledQuery.raw(BEGIN))
        this.#inTransaction = true
        return
      } catch (error) {
        if (!(error instanceof StorageUnavailableError) || performance.now() > end) throw error
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
    }
  }
}
