/**
 * The agent's durable tables in one SQLite file: link counters and halves, drafts, tags, second-factor tries, decisions.
 *
 * Part of the agent's home and backed up with it: unlike the search index it can't be rebuilt. Every call is durable when it resolves.
 * Tables here answer the ports of `src/agent/ports.ts`.
 *
 * @module
 */
import { Kysely, sql } from "kysely"
import { UnsupportedError } from "../base/errors.ts"
import { DurableDrafts } from "./durable-drafts.ts"
import { DurableLinks } from "./durable-links.ts"
import { DURABLE_TABLES, DURABLE_VERSION, type DurableSchema } from "./durable-schema.ts"
import { DurableActs, DurableDecisions, DurableFactors } from "./durable-tries.ts"
import { openSqlite } from "./sqlite.ts"
import { WaitingSqliteDialect } from "./waiting-dialect.ts"

/** See the module. */
export class DurableTables {
  readonly #database: Kysely<DurableSchema>
  readonly links: DurableLinks
  readonly drafts: DurableDrafts
  readonly factors: DurableFactors
  readonly acts: DurableActs
  readonly decisions: DurableDecisions

  private constructor(database: Kysely<DurableSchema>) {
    this.#database = database
    this.links = new DurableLinks(database)
    this.drafts = new DurableDrafts(database)
    this.factors = new DurableFactors(database)
    this.acts = new DurableActs(database)
    this.decisions = new DurableDecisions(database)
  }

  /**
   * Opens the file, or begins it.
   * @throws {UnsupportedError} when a newer program wrote it
   * @throws {IntegrityError} when it is no database
   */
  static async open(path: string): Promise<DurableTables> {
    const sqlite = openSqlite(path)
    const database = new Kysely<DurableSchema>({
      dialect: new WaitingSqliteDialect({ database: sqlite }),
    })
    const { rows } = await sql<{ user_version: number }>`PRAGMA user_version`.execute(database)
    const version = rows[0]?.user_version ?? 0
    if (version === 0) sqlite.exec(DURABLE_TABLES)
    else if (version !== DURABLE_VERSION) {
      await database.destroy()
      throw new UnsupportedError(
        `${path} has tables of version ${version}, this program knows ${DURABLE_VERSION}: update medlake`,
      )
    }
    return new DurableTables(database)
  }

  async close(): Promise<void> {
    await this.#database.destroy()
  }
}
