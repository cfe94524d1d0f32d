/**
 * Account metadata: small values that a source writes on a target under a key.
 *
 * @module
 */
import { concat, equal, expectLength, hex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type { Rest } from "./rest.ts"
import { sha3 } from "./sha3.ts"
import { u16, u64 } from "./wire.ts"

/** Who wrote (address, 24 bytes), on which account, under which key. */
export interface MetadataKey {
  readonly source: Uint8Array
  readonly target: Uint8Array
  readonly key: bigint
}

/** Target id and type of account metadata: u64 zero, u8 zero. */
const NO_TARGET_ID = new Uint8Array(8)
const ACCOUNT_TYPE = new Uint8Array(1)

/** Hash under which the entry is kept (symbol.md §3). */
export function metadataHash({ source, target, key }: MetadataKey): Uint8Array {
  expectLength("source", source, 24)
  expectLength("target", target, 24)
  return sha3(source, target, u64(key), NO_TARGET_ID, ACCOUNT_TYPE)
}

/** REST path of the entry. */
export function metadataPath(key: MetadataKey): string {
  return `/metadata/${hex(metadataHash(key)).toUpperCase()}`
}

/**
 * Asks for the value; undefined when there is none.
 * @throws {IntegrityError} when the answer is malformed or about another entry
 */
export async function readMetadata(
  rest: Rest,
  key: MetadataKey,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const entry = (await rest.find(metadataPath(key), signal))?.at("metadataEntry")
  if (!entry) return undefined
  const same =
    equal(entry.at("sourceAddress").hex(24), key.source) &&
    equal(entry.at("targetAddress").hex(24), key.target) &&
    entry.at("scopedMetadataKey").id() === key.key &&
    entry.at("metadataType").integer() === 0
  if (!same) throw new IntegrityError("the node answered with another metadata entry")
  return entry.at("value").hex()
}

/** Bytes that the state tree hashes for a value (symbol.md §6.4, Metadata). */
export function metadataStateValue(key: MetadataKey, value: Uint8Array): Uint8Array {
  return concat(
    key.source,
    key.target,
    u64(key.key),
    NO_TARGET_ID,
    ACCOUNT_TYPE,
    u16(value.length),
    value,
  )
}
