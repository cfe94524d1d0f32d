/**
 * Tables of the chain's database.
 *
 * @module
 */

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS block (
  height INTEGER PRIMARY KEY, header BLOB NOT NULL, roots BLOB NOT NULL, statements TEXT NOT NULL,
  total_fee TEXT NOT NULL, transactions INTEGER NOT NULL, parts INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tx (
  height INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL,
  PRIMARY KEY (height, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (
  id TEXT PRIMARY KEY, height INTEGER NOT NULL, place INTEGER NOT NULL, part INTEGER NOT NULL, type INTEGER NOT NULL,
  signer TEXT NOT NULL, recipient TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_recipient ON part (recipient, id);
CREATE INDEX IF NOT EXISTS part_signer ON part (signer, id);
CREATE INDEX IF NOT EXISTS part_height ON part (height);
CREATE TABLE IF NOT EXISTS involved (address TEXT NOT NULL, height INTEGER NOT NULL, place INTEGER NOT NULL,
  PRIMARY KEY (address, height, place)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS involved_height ON involved (height);
CREATE TABLE IF NOT EXISTS entry (cache TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (cache, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS undo (height INTEGER NOT NULL, cache TEXT NOT NULL, key TEXT NOT NULL, before TEXT);
CREATE INDEX IF NOT EXISTS undo_height ON undo (height);
CREATE TABLE IF NOT EXISTS status (hash BLOB PRIMARY KEY, code TEXT NOT NULL, deadline TEXT NOT NULL) WITHOUT ROWID;
`
