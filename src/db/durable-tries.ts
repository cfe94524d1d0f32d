/**
 * What must not be forgotten between two requests: tries of the second factor, register acts that wait, decisions.
 *
 * @module
 */
import { sql } from "kysely"
import type { DurableDatabase } from "./durable-schema.ts"

/** Tries of the second factor, by register. */
export class DurableFactors {
  readonly #database: DurableDatabase

  constructor(database: DurableDatabase) {
    this.#database = database
  }

  /** Takes one try of `most`, in one transaction; taking the last one locks for `lockMs`. Afterwards all are there again. */
  async spend(
    register: Uint8Array,
    now: number,
    { most, lockMs }: { readonly most: number; readonly lockMs: number },
  ): Promise<{ readonly left: number } | { readonly lockedUntil: number }> {
    return await this.#database.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom("factors")
        .selectAll()
        .where("register", "=", register)
        .executeTakeFirst()
      if (row && row.remaining === 0 && row.locked_until > now)
        return { lockedUntil: row.locked_until }
      const left = (row && row.remaining > 0 ? row.remaining : most) - 1
      const next = { remaining: left, locked_until: left === 0 ? now + lockMs : 0 }
      await tx
        .insertInto("factors")
        .values({ register, ...next })
        .onConflict((conflict) => conflict.column("register").doUpdateSet(next))
        .execute()
      return { left }
    })
  }

  async reset(register: Uint8Array): Promise<void> {
    await this.#database.deleteFrom("factors").where("register", "=", register).execute()
  }
}

/** Register acts by their content, and when each was first seen. */
export class DurableActs {
  readonly #database: DurableDatabase

  constructor(database: DurableDatabase) {
    this.#database = database
  }

  async firstSeen(register: Uint8Array, content: Uint8Array, now: number): Promise<number> {
    const row = await this.#database
      .insertInto("acts")
      .values({ register, content, first_seen: now })
      .onConflict((conflict) =>
        conflict.columns(["register", "content"]).doUpdateSet({ first_seen: sql`acts.first_seen` }),
      )
      .returning("first_seen")
      .executeTakeFirstOrThrow()
    return row.first_seen
  }
}

/** The decisions log. */
export class DurableDecisions {
  readonly #database: DurableDatabase

  constructor(database: DurableDatabase) {
    this.#database = database
  }

  async add({ dryRun, ...rest }: Decision): Promise<void> {
    const dry_run = dryRun ? 1 : 0
    await this.#database
      .insertInto("decisions")
      .values({ ...rest, dry_run })
      .execute()
  }

  /** How often each rule came to each outcome. */
  async counts(): Promise<DecisionCount[]> {
    return await this.#database
      .selectFrom("decisions")
      .select(["what", "rule", "outcome", (count) => count.fn.countAll<number>().as("times")])
      .groupBy(["what", "rule", "outcome"])
      .orderBy("what")
      .orderBy("rule")
      .orderBy("outcome")
      .execute()
  }

  /** Newest first. */
  async newest(limit: number): Promise<Decision[]> {
    const rows = await this.#database
      .selectFrom("decisions")
      .selectAll()
      .orderBy("id", "desc")
      .limit(limit)
      .execute()
    return rows.map(({ id: _id, what, dry_run, ...rest }) => ({
      ...rest,
      what: what as Decision["what"],
      dryRun: dry_run !== 0,
    }))
  }
}

/** How often a rule came to an outcome. */
export interface DecisionCount {
  readonly what: string
  readonly rule: string
  readonly outcome: string
  readonly times: number
}

interface Decision {
  readonly at: number
  readonly what: "deposit" | "cosign" | "guess"
  readonly rule: string
  readonly outcome: string
  readonly dryRun: boolean
}
