/**
 * Links that are kept, with their tries. Each step is one transaction, so that neither a crash nor a second process adds a try.
 *
 * @module
 */
import { sql } from "kysely"
import type { DurableDatabase } from "./durable-schema.ts"

/** Wrong guesses that a link takes. */
const TRIES = 5

/** Half of a link as it is kept; `envelope` is a binary CID, `until` 0 an open end. */
export interface LinkHalf {
  readonly register: Uint8Array
  readonly proofHash: Uint8Array
  readonly h: Uint8Array
  readonly jwe: string
  readonly until: number
  readonly envelope: Uint8Array
}

/** A try that was taken. */
export interface Spent {
  /** Tries that are left. */
  readonly remaining: number
  /** Its row in the log. */
  readonly decision: number
}

/** The links table. An id once seen stays taken. */
export class DurableLinks {
  readonly #database: DurableDatabase

  constructor(database: DurableDatabase) {
    this.#database = database
  }

  /** False when the id is or was taken. */
  async add(id: Uint8Array, half: LinkHalf): Promise<boolean> {
    const { proofHash: proof_hash, ...rest } = half
    const added = await this.#database
      .insertInto("links")
      .values({ id, proof_hash, ...rest, remaining: TRIES })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return added.numInsertedOrUpdatedRows === 1n
  }

  /** The half; undefined when unknown, dropped or used up. */
  async find(id: Uint8Array): Promise<LinkHalf | undefined> {
    const row = await this.#database
      .selectFrom("links")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst()
    if (!row || row.h === null || row.jwe === null) return undefined
    const { register, proof_hash: proofHash, h, jwe, until, envelope } = row
    return { register, proofHash, h, jwe, until, envelope }
  }

  /**
   * Takes one try and says how many are left; undefined when none was. The try is logged as a wrong guess in the same transaction:
   * one that a crash leaves unanswered was spent, and the log says so.
   */
  async spend(id: Uint8Array, at: number): Promise<Spent | undefined> {
    return await this.#database.transaction().execute(async (tx) => {
      const row = await tx
        .updateTable("links")
        .set({ remaining: sql`remaining - 1` })
        .where("id", "=", id)
        .where("h", "is not", null)
        .where("remaining", ">", 0)
        .returning("remaining")
        .executeTakeFirst()
      if (!row) return undefined
      const logged = await tx
        .insertInto("decisions")
        .values({ at, what: "guess", rule: "passcode", outcome: "wrong", dry_run: 0 })
        .returning("id")
        .executeTakeFirstOrThrow()
      return { remaining: row.remaining, decision: logged.id }
    })
  }

  /** Gives a try back: the guess was right. */
  async restore(id: Uint8Array, { decision }: Pick<Spent, "decision">): Promise<void> {
    await this.#database.transaction().execute(async (tx) => {
      await tx
        .updateTable("links")
        .set({ remaining: sql`remaining + 1` })
        .where("id", "=", id)
        .where("h", "is not", null)
        .where("remaining", "<", TRIES)
        .execute()
      await tx
        .updateTable("decisions")
        .set({ outcome: "right" })
        .where("id", "=", decision)
        .execute()
    })
  }

  /** Wipes the half; false when there was none, or it was another register's. */
  async drop(id: Uint8Array, register: Uint8Array): Promise<boolean> {
    const dropped = await this.#database
      .updateTable("links")
      .set({ h: null, jwe: null, remaining: 0 })
      .where("id", "=", id)
      .where("register", "=", register)
      .where("h", "is not", null)
      .executeTakeFirst()
    return dropped.numUpdatedRows === 1n
  }

  /** How many can still be opened, as far as tries go. */
  async count(): Promise<number> {
    const row = await this.#database
      .selectFrom("links")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("h", "is not", null)
      .where("remaining", ">", 0)
      .executeTakeFirstOrThrow()
    return row.count
  }
}
