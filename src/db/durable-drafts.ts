/**
 * Drafts, the records in them, and the tags by which the agent knows instances again.
 *
 * @module
 */
import type { Selectable } from "kysely"
import type { DurableDatabase, DurableSchema } from "./durable-schema.ts"

type State = "drafted" | "superseded" | "submitted" | "confirmed" | "final" | "failed"

/** An aggregate that was drawn up, unsigned; `signed` once its writer signed it. */
export interface StoredDraft {
  readonly id: Uint8Array
  readonly register: Uint8Array
  readonly writer: Uint8Array
  readonly epoch: number
  /** Network time, ms. */
  readonly deadlineMs: number
  readonly aggregate: Uint8Array
  readonly state: State
  readonly signed?: { readonly signature: Uint8Array; readonly hash: Uint8Array }
}

interface Tags {
  readonly uid: Uint8Array
  readonly content: Uint8Array
}

/** A record of a draft; names are binary CIDs. */
interface StoredRecord {
  readonly manifest: Uint8Array
  readonly catalogue: Uint8Array
  readonly tags: readonly Tags[]
}

/** A record with its draft and its place in it. */
interface AdoptedRecord {
  readonly manifest: Uint8Array
  readonly catalogue: Uint8Array
  readonly position: number
  readonly draft: StoredDraft
  /** How many records its draft holds. */
  readonly drafted: number
}

/** Values bound in one statement at most. */
const CHUNK = 500

/** The tables of drafts, records and tags. */
export class DurableDrafts {
  readonly #database: DurableDatabase

  constructor(database: DurableDatabase) {
    this.#database = database
  }

  /** Adds a draft with its records, or nothing. Records move here from drafts that they were in; unsigned ones are superseded. */
  async add(draft: StoredDraft, records: readonly StoredRecord[], at: number): Promise<void> {
    const { register, writer } = draft
    await this.#database.transaction().execute(async (tx) => {
      await tx.insertInto("drafts").values(rowOf(draft)).execute()
      for (const [position, { manifest, catalogue, tags }] of records.entries()) {
        const before = await tx
          .selectFrom("records")
          .select("draft")
          .where("register", "=", register)
          .where("manifest", "=", manifest)
          .executeTakeFirst()
        if (before) {
          await tx
            .updateTable("drafts")
            .set({ state: "superseded" })
            .where("id", "=", before.draft)
            .where("state", "=", "drafted")
            .execute()
        }
        const place = { catalogue, draft: draft.id, position, writer, adopted_at: at }
        await tx
          .insertInto("records")
          .values({ register, manifest, ...place })
          .onConflict((conflict) => conflict.columns(["register", "manifest"]).doUpdateSet(place))
          .execute()
        for (const { uid, content } of tags) {
          await tx
            .insertInto("tags")
            .values({ register, uid, content, manifest })
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        }
      }
    })
  }

  async find(id: Uint8Array): Promise<StoredDraft | undefined> {
    const row = await this.#database
      .selectFrom("drafts")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst()
    return row && draftOf(row)
  }

  /** Records of a vault by manifest, those that are there. */
  async adopted(register: Uint8Array, manifests: readonly Uint8Array[]): Promise<AdoptedRecord[]> {
    if (manifests.length === 0) return []
    const rows = await this.#database
      .selectFrom("records")
      .innerJoin("drafts", "drafts.id", "records.draft")
      .selectAll("drafts")
      .select(["records.manifest", "records.catalogue", "records.position"])
      .select((of) =>
        of
          .selectFrom("records as others")
          .select(of.fn.countAll<number>().as("count"))
          .whereRef("others.draft", "=", "records.draft")
          .as("drafted"),
      )
      .where("records.register", "=", register)
      .where("records.manifest", "in", manifests)
      .execute()
    return rows.map(({ manifest, catalogue, position, drafted, ...draft }) => ({
      manifest,
      catalogue,
      position,
      drafted: drafted ?? 0,
      draft: draftOf(draft),
    }))
  }

  /** Binds a draft to this signature; false when it is bound to another, or not to be signed any more. */
  async submit(id: Uint8Array, signature: Uint8Array, hash: Uint8Array): Promise<boolean> {
    const updated = await this.#database
      .updateTable("drafts")
      .set({ state: "submitted", signature, hash })
      .where("id", "=", id)
      .where((of) =>
        of.or([
          of.eb("state", "=", "drafted"),
          of.and([of.eb("state", "in", ["submitted", "confirmed"]), of.eb("hash", "=", hash)]),
        ]),
      )
      .executeTakeFirst()
    return updated.numUpdatedRows === 1n
  }

  async setState(id: Uint8Array, state: State): Promise<void> {
    await this.#database.updateTable("drafts").set({ state }).where("id", "=", id).execute()
  }

  /** Submitted and confirmed ones, whose state may still change. */
  async unsettled(): Promise<StoredDraft[]> {
    const rows = await this.#database
      .selectFrom("drafts")
      .selectAll()
      .where("state", "in", ["submitted", "confirmed"])
      .execute()
    return rows.map(draftOf)
  }

  /** Records adopted of a writer since a time. */
  async countSince(register: Uint8Array, writer: Uint8Array, since: number): Promise<number> {
    const row = await this.#database
      .selectFrom("records")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .where("register", "=", register)
      .where("writer", "=", writer)
      .where("adopted_at", ">", since)
      .executeTakeFirstOrThrow()
    return row.count
  }

  /** Tags of anchored instances among these uid tags. */
  async anchored(register: Uint8Array, uids: readonly Uint8Array[]): Promise<Tags[]> {
    const found: Tags[] = []
    for (let at = 0; at < uids.length; at += CHUNK) {
      const rows = await this.#database
        .selectFrom("tags")
        .innerJoin("records", (join) =>
          join
            .onRef("records.register", "=", "tags.register")
            .onRef("records.manifest", "=", "tags.manifest"),
        )
        .innerJoin("drafts", "drafts.id", "records.draft")
        .select(["tags.uid", "tags.content"])
        .where("tags.register", "=", register)
        .where("tags.uid", "in", uids.slice(at, at + CHUNK))
        .where("drafts.state", "in", ["confirmed", "final"])
        .execute()
      found.push(...rows)
    }
    return found
  }
}

function rowOf(draft: StoredDraft): DurableSchema["drafts"] {
  const { deadlineMs: deadline_ms, signed, ...rest } = draft
  return { ...rest, deadline_ms, signature: signed?.signature ?? null, hash: signed?.hash ?? null }
}

function draftOf(row: Selectable<DurableSchema["drafts"]>): StoredDraft {
  const { deadline_ms: deadlineMs, signature, hash, state, ...rest } = row
  const draft = { ...rest, deadlineMs, state: state as State }
  return signature && hash ? { ...draft, signed: { signature, hash } } : draft
}
