/**
 * Who put what into the stores behind `medlake serve`: the register for which an object was first put, and for which alone it is erased.
 *
 * Backed up with the stores: objects whose owner is forgotten can be erased only where one register is served.
 *
 * @module
 */
import { Kysely } from "kysely"
import { openSqlite } from "./sqlite.ts"
import { WaitingSqliteDialect } from "./waiting-dialect.ts"

interface Schema {
  owner: { readonly folder: string; readonly key: string; readonly register: string }
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS owner (folder TEXT NOT NULL, key TEXT NOT NULL, register TEXT NOT NULL, PRIMARY KEY (folder, key)) WITHOUT ROWID;
`

/** See the module. Registers are addresses in hex. */
export class StoreOwnerTable {
  readonly #database: Kysely<Schema>

  /** @param path of the file, or ":memory:" */
  constructor(path: string) {
    const sqlite = openSqlite(path)
    sqlite.exec(SCHEMA)
    this.#database = new Kysely<Schema>({ dialect: new WaitingSqliteDialect({ database: sqlite }) })
  }

  /** Notes an owner; the first one stays. */
  async claim(folder: string, key: string, register: string): Promise<void> {
    await this.#database
      .insertInto("owner")
      .values({ folder, key, register })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  async ownerOf(folder: string, key: string): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom("owner")
      .select("register")
      .where("folder", "=", folder)
      .where("key", "=", key)
      .executeTakeFirst()
    return row?.register
  }

  /** Forgets an owner. */
  async release(folder: string, key: string): Promise<void> {
    await this.#database
      .deleteFrom("owner")
      .where("folder", "=", folder)
      .where("key", "=", key)
      .execute()
  }

  async close(): Promise<void> {
    await this.#database.destroy()
  }
}
