/**
 * libsql as kysely's SQLite dialect speaks to it: blobs come out as `Uint8Array`, failures as typed errors.
 *
 * @module
 */
import { closeSync, openSync } from "node:fs"
import type { SqliteDatabase, SqliteStatement } from "kysely"
import Database from "libsql"
import {
  AccessDeniedError,
  IntegrityError,
  InvalidInputError,
  StorageFullError,
  StorageUnavailableError,
} from "../base/errors.ts"

/** Milliseconds for which a locked file may block the event loop; the dialect waits longer, without blocking it. */
const BUSY_MS = 20

/**
 * Opens or begins a database file (mode 0600), or ":memory:". What is committed survives a crash of the machine.
 * @throws {InvalidInputError} when the folder does not exist
 * @throws {IntegrityError} when the file is no database
 */
export function openSqlite(path: string): SqliteDatabase & { exec(sql: string): void } {
  return typed(path, () => {
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600))
    const database = new Database(path)
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON`,
    )
    return {
      exec: (sql) => {
        typed(path, () => database.exec(sql))
      },
      close: () => {
        database.close()
      },
      prepare: (sql) => {
        if (TRANSACTION.test(sql)) return executed(() => typed(path, () => database.exec(sql)))
        const statement = typed(path, () => database.prepare(sql))
        return {
          reader: statement.reader,
          all: (values) => typed(path, () => statement.all(values).map(withBytes)),
          run: (values) => typed(path, () => statement.run(values)),
          iterate: function* (values) {
            for (const row of statement.iterate(values)) yield withBytes(row)
          },
        }
      },
    }
  })
}

/**
 * What begins and ends transactions is executed: a prepared one that found the file locked would stay open until it is
 * collected, and no transaction ends while a statement is open.
 */
const TRANSACTION = /^(begin|commit|rollback)\b/

function executed(run: () => void): SqliteStatement {
  return {
    reader: false,
    all: () => [],
    run: () => {
      run()
      return { changes: 0, lastInsertRowid: 0 }
    },
    iterate: () => [][Symbol.iterator](),
  }
}

function withBytes(row: unknown): unknown {
  const entries = Object.entries(row as Record<string, unknown>)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    ]),
  )
}

function typed<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw typedError(path, cause)
  }
}

function typedError(path: string, cause: unknown): unknown {
  const code = (cause as { readonly code?: unknown } | undefined)?.code
  switch (code) {
    case "SQLITE_FULL":
    case "ENOSPC":
      return new StorageFullError(`no room left for ${path}: free some space`, { cause })
    case "SQLITE_READONLY":
    case "EACCES":
    case "EROFS":
      return new AccessDeniedError(`no right to write ${path}: check its owner and mode`, { cause })
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return new StorageUnavailableError(`${path} is held by another program`, { cause })
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
      return new IntegrityError(`${path} is damaged or no database: restore it from its backup`, {
        cause,
      })
    case "SQLITE_CANTOPEN":
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
      return new InvalidInputError(`${path} cannot be opened: is its folder there?`, { cause })
    default:
      return cause
  }
}
