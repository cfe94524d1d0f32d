/**
 * Hashes of the state: one patricia tree a cache, their roots, and the block's state hash (symbol.md §6.2, §6.4).
 *
 * @module
 */
import { balancesInOrder } from "./account.ts"
import { sha3, ZERO_HASH } from "./hash.ts"
import { PatriciaTree } from "./patricia.ts"
import type {
  AccountEntry,
  CacheEntries,
  CacheName,
  Change,
  MetadataEntry,
  MosaicEntry,
  MultisigEntry,
  State,
} from "./state.ts"

/** Places in the header's list of nine roots; caches that this ledger does not have stay zero. */
const ROOT_INDEX = { account: 0, mosaic: 2, multisig: 3, metadata: 8 } as const
const ROOT_COUNT = 9
const STATE_VERSION = 1
const REGULAR_FORMAT = 0

/** See the module. */
export class StateTrees {
  readonly #trees: { readonly [C in CacheName]: PatriciaTree } = {
    account: new PatriciaTree(),
    mosaic: new PatriciaTree(),
    multisig: new PatriciaTree(),
    metadata: new PatriciaTree(),
  }
  readonly #currency: () => string

  /** @param currency id of the currency mosaic, which balances list first */
  constructor(currency: () => string) {
    this.#currency = currency
  }

  /** Takes over what changed. */
  update(state: State, changes: readonly Pick<Change, "cache" | "key">[]): void {
    for (const { cache, key } of changes) {
      const entry = state.get(cache, key)
      const value = entry && sha3(this.#serialize(cache, entry))
      this.#trees[cache].set(treeKey(cache, key), value)
    }
  }

  /** The nine roots in the order of a block's `stateHashSubCacheMerkleRoots`. */
  roots(): Buffer[] {
    const roots: Buffer[] = Array.from({ length: ROOT_COUNT }, () => ZERO_HASH)
    for (const [cache, index] of Object.entries(ROOT_INDEX)) {
      roots[index] = this.#trees[cache as CacheName].root()
    }
    return roots
  }

  /** Serialized nodes towards an entry, present or not. */
  prove(cache: CacheName, key: string): Buffer {
    return this.#trees[cache].prove(treeKey(cache, key))
  }

  /** The same nodes as REST describes them. */
  describe(cache: CacheName, key: string): object[] {
    return this.#trees[cache].describe(treeKey(cache, key))
  }

  #serialize<C extends CacheName>(cache: C, entry: CacheEntries[C]): Buffer {
    switch (cache) {
      case "account":
        return accountValue(entry as AccountEntry, this.#currency())
      case "mosaic":
        return mosaicValue(entry as MosaicEntry)
      case "multisig":
        return multisigValue(entry as MultisigEntry)
      case "metadata":
        return metadataValue(entry as MetadataEntry)
    }
  }
}

/** State hash over the roots. */
export function stateHashOf(roots: readonly Buffer[]): Buffer {
  return sha3(...roots)
}

function treeKey(cache: CacheName, key: string): Buffer {
  return sha3(cache === "mosaic" ? u64(BigInt(`0x${key}`)) : hex(key))
}

function accountValue(entry: AccountEntry, currency: string): Buffer {
  const balances = balancesInOrder(entry, currency)
  return Buffer.concat([
    u16(STATE_VERSION),
    hex(entry.address),
    u64(BigInt(entry.addressHeight)),
    hex(entry.publicKey),
    u64(BigInt(entry.publicKeyHeight)),
    Buffer.of(0, REGULAR_FORMAT, 0, 0),
    u16(balances.length),
    ...balances.flatMap(([id, amount]) => [u64(BigInt(`0x${id}`)), u64(amount)]),
  ])
}

function mosaicValue(entry: MosaicEntry): Buffer {
  return Buffer.concat([
    u16(STATE_VERSION),
    u64(BigInt(`0x${entry.id}`)),
    u64(entry.supply),
    u64(BigInt(entry.startHeight)),
    hex(entry.owner),
    u32(entry.revision),
    Buffer.of(entry.flags, entry.divisibility),
    u64(entry.duration),
  ])
}

function multisigValue(entry: MultisigEntry): Buffer {
  return Buffer.concat([
    u16(STATE_VERSION),
    u32(entry.minApproval),
    u32(entry.minRemoval),
    hex(entry.address),
    u64(BigInt(entry.cosignatories.length)),
    ...entry.cosignatories.map(hex),
    u64(BigInt(entry.multisigs.length)),
    ...entry.multisigs.map(hex),
  ])
}

function metadataValue(entry: MetadataEntry): Buffer {
  const value = hex(entry.value)
  return Buffer.concat([
    u16(STATE_VERSION),
    hex(entry.source),
    hex(entry.target),
    u64(BigInt(`0x${entry.key}`)),
    u64(0n),
    Buffer.of(0),
    u16(value.length),
    value,
  ])
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex")
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}
