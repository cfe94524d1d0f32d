/**
 * Accounts: what they hold, and the bytes that the state tree hashes for them.
 *
 * @module
 */
import { base32, concat, equal, expectLength } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type { Rest } from "./rest.ts"
import type { RestValue } from "./rest-value.ts"
import { u16, u32, u64 } from "./wire.ts"

/** An account as a node tells it; `proveBalance` proves it. */
export interface Account {
  /** 24 bytes. */
  readonly address: Uint8Array
  /** 32 bytes; undefined until the account's first own transaction. */
  readonly publicKey: Uint8Array | undefined
  /** Atomic units by mosaic id. */
  readonly mosaics: ReadonlyMap<bigint, bigint>
}

/** An account and what the state tree may hash for it. */
export interface AccountState extends Account {
  /** Serialized value in each form that fits: REST does not tell whether the node keeps the account's importance. */
  readonly stateValues: readonly Uint8Array[]
}

const BUCKETS = 5

/**
 * Asks for the account at `address` (24 bytes); undefined when the chain has never seen it.
 * @throws {IntegrityError} when the answer is malformed or about another account
 */
export async function readAccount(
  rest: Rest,
  currencyMosaicId: bigint,
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<AccountState | undefined> {
  const path = `/accounts/${base32(expectLength("address", address, 24))}`
  const account = (await rest.find(path, signal))?.at("account")
  if (!account) return undefined
  if (!equal(account.at("address").hex(24), address)) {
    throw new IntegrityError("the node answered with another account than the one asked for")
  }
  const publicKey = account.at("publicKey").hex(32)
  const held = account.at("mosaics").list()
  const mosaics = new Map(held.map((m) => [m.at("id").id(), m.at("amount").decimal()] as const))
  return {
    address,
    publicKey: publicKey.some((byte) => byte !== 0) ? publicKey : undefined,
    mosaics,
    stateValues: stateValues(account, mosaics, currencyMosaicId),
  }
}

/** Source: symbol.md §6.4, AccountState. */
function stateValues(
  account: RestValue,
  mosaics: ReadonlyMap<bigint, bigint>,
  currencyMosaicId: bigint,
): Uint8Array[] {
  const [mask, voting, keys] = supplementalKeys(account.at("supplementalPublicKeys"))
  const head = concat(
    account.at("address").hex(24),
    u64(account.at("addressHeight").decimal()),
    account.at("publicKey").hex(32),
    u64(account.at("publicKeyHeight").decimal()),
    Uint8Array.of(account.at("accountType").integer()),
  )
  const importance = concat(
    u64(account.at("importance").decimal()),
    u64(account.at("importanceHeight").decimal()),
    ...activityBuckets(account.at("activityBuckets")),
  )
  const rank = (id: bigint) => (id === currencyMosaicId ? -1n : id)
  const sorted = [...mosaics].toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
  const tail = concat(
    u16(sorted.length),
    ...sorted.flatMap(([id, amount]) => [u64(id), u64(amount)]),
  )
  return [
    concat(head, Uint8Array.of(0, mask, voting), keys, tail),
    concat(head, Uint8Array.of(1, mask, voting), keys, importance, tail),
  ]
}

/** Key mask, number of voting keys, and the keys themselves. */
function supplementalKeys(keys: RestValue): [mask: number, voting: number, keys: Uint8Array] {
  const pieces: Uint8Array[] = []
  let mask = 0
  for (const [name, bit] of [
    ["linked", 1],
    ["node", 2],
    ["vrf", 4],
  ] as const) {
    const key = keys.find(name)
    if (!key) continue
    mask |= bit
    pieces.push(key.at("publicKey").hex(32))
  }
  const voting = keys.find("voting")?.at("publicKeys").list() ?? []
  for (const key of voting) {
    pieces.push(
      key.at("publicKey").hex(32),
      u32(key.at("startEpoch").integer()),
      u32(key.at("endEpoch").integer()),
    )
  }
  return [mask, voting.length, concat(...pieces)]
}

function activityBuckets(buckets: RestValue): Uint8Array[] {
  const known = buckets
    .list()
    .map((bucket) =>
      concat(
        u64(bucket.at("startHeight").decimal()),
        u64(bucket.at("totalFeesPaid").decimal()),
        u32(bucket.at("beneficiaryCount").integer()),
        u64(bucket.at("rawScore").decimal()),
      ),
    )
  const missing = Math.max(0, BUCKETS - known.length)
  return [...known, new Uint8Array(28 * missing)]
}
