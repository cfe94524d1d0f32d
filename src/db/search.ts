/**
 * The search database: what can be listed, to be found quickly. Rebuildable at any time from chain, lake, control store and keys.
 *
 * @module
 */
import { Kysely } from "kysely"
import { openSqlite } from "./sqlite.ts"
import { WaitingSqliteDialect } from "./waiting-dialect.ts"

/** A record as it is listed. */
export interface ListedRecord {
  /** `HASH:index` */
  readonly id: string
  /** Address of the register, hex. */
  readonly register: string
  readonly height: number
  readonly epoch: number
  readonly standing: string
  /** Sentences, joined by "; ". */
  readonly reasons: string
  /** Time of the data, milliseconds since 1970; null where it can't be listed. */
  readonly time: number | null
  readonly undated: number
  readonly kind: string | null
  /** JSON of what may be listed. */
  readonly entry: string | null
  /** Symbol key of the writer, hex. */
  readonly writer: string | null
  readonly manifest: string | null
}

interface Schema {
  record: ListedRecord
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS record (
  id TEXT NOT NULL, register TEXT NOT NULL, height INTEGER NOT NULL, epoch INTEGER NOT NULL, standing TEXT NOT NULL, reasons TEXT NOT NULL,
  time INTEGER, undated INTEGER NOT NULL, kind TEXT, entry TEXT, writer TEXT, manifest TEXT, PRIMARY KEY (register, id));
CREATE INDEX IF NOT EXISTS record_time ON record (register, time);
`

/** See the module. */
export class SearchIndex {
  readonly #database: Kysely<Schema>

  /** @param path of the file, or ":memory:" */
  constructor(path: string) {
    const sqlite = openSqlite(path)
    sqlite.exec(SCHEMA)
    this.#database = new Kysely<Schema>({ dialect: new WaitingSqliteDialect({ database: sqlite }) })
  }

  /** Replaces everything that is known of a register, as a whole. */
  async replace(register: string, records: readonly ListedRecord[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom("record").where("register", "=", register).execute()
      for (const record of records) await transaction.insertInto("record").values(record).execute()
    })
  }

  /** Records of a register, newest data first; those without a time last. */
  async find(register: string): Promise<ListedRecord[]> {
    return await this.#database
      .selectFrom("record")
      .selectAll()
      .where("register", "=", register)
      .orderBy("time", "desc")
      .orderBy("height", "desc")
      .orderBy("id")
      .execute()
  }

  async close(): Promise<void> {
    await this.#database.destroy()
  }
}
