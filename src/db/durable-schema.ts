/**
 * The agent's durable tables. Times are milliseconds since 1970 unless the name says otherwise; keys and hashes are blobs.
 *
 * @module
 */
import type { Generated, Kysely } from "kysely"

/** Rows by table. */
export interface DurableSchema {
  links: {
    id: Uint8Array
    register: Uint8Array
    proof_hash: Uint8Array
    /** NULL once dropped or used up. */
    h: Uint8Array | null
    jwe: string | null
    envelope: Uint8Array
    until: number
    remaining: number
  }
  drafts: {
    id: Uint8Array
    register: Uint8Array
    writer: Uint8Array
    epoch: number
    /** Network time, ms. */
    deadline_ms: number
    aggregate: Uint8Array
    state: string
    signature: Uint8Array | null
    hash: Uint8Array | null
  }
  records: {
    register: Uint8Array
    /** Binary CIDs. */
    manifest: Uint8Array
    catalogue: Uint8Array
    draft: Uint8Array
    position: number
    writer: Uint8Array
    adopted_at: number
  }
  tags: {
    register: Uint8Array
    uid: Uint8Array
    content: Uint8Array
    manifest: Uint8Array
  }
  factors: {
    register: Uint8Array
    remaining: number
    locked_until: number
  }
  acts: {
    register: Uint8Array
    content: Uint8Array
    first_seen: number
  }
  decisions: {
    id: Generated<number>
    at: number
    what: string
    rule: string
    outcome: string
    dry_run: number
  }
}

export type DurableDatabase = Kysely<DurableSchema>

/** Version of the tables, as `PRAGMA user_version` says it. */
export const DURABLE_VERSION = 1

/** Begins an empty database. */
export const DURABLE_TABLES = `
BEGIN;
CREATE TABLE links (
  id BLOB PRIMARY KEY, register BLOB NOT NULL, proof_hash BLOB NOT NULL, h BLOB, jwe TEXT, envelope BLOB NOT NULL,
  until INTEGER NOT NULL, remaining INTEGER NOT NULL CHECK (remaining BETWEEN 0 AND 5)
) STRICT;
CREATE TABLE drafts (
  id BLOB PRIMARY KEY, register BLOB NOT NULL, writer BLOB NOT NULL, epoch INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,
  aggregate BLOB NOT NULL, state TEXT NOT NULL, signature BLOB, hash BLOB
) STRICT;
CREATE INDEX drafts_by_state ON drafts (state);
CREATE TABLE records (
  register BLOB NOT NULL, manifest BLOB NOT NULL, catalogue BLOB NOT NULL, draft BLOB NOT NULL REFERENCES drafts (id),
  position INTEGER NOT NULL, writer BLOB NOT NULL, adopted_at INTEGER NOT NULL, PRIMARY KEY (register, manifest)
) STRICT;
CREATE INDEX records_by_draft ON records (draft);
CREATE INDEX records_by_writer ON records (register, writer, adopted_at);
CREATE TABLE tags (
  register BLOB NOT NULL, uid BLOB NOT NULL, content BLOB NOT NULL, manifest BLOB NOT NULL,
  PRIMARY KEY (register, uid, content, manifest), FOREIGN KEY (register, manifest) REFERENCES records (register, manifest)
) STRICT, WITHOUT ROWID;
CREATE TABLE factors (register BLOB PRIMARY KEY, remaining INTEGER NOT NULL, locked_until INTEGER NOT NULL) STRICT;
CREATE TABLE acts (
  register BLOB NOT NULL, content BLOB NOT NULL, first_seen INTEGER NOT NULL, PRIMARY KEY (register, content)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, rule TEXT NOT NULL, outcome TEXT NOT NULL,
  dry_run INTEGER NOT NULL
) STRICT;
PRAGMA user_version = ${DURABLE_VERSION};
COMMIT;
`
