/**
 * The ledger's state: four caches of plain entries, with marks to go back to (symbol.md §6.4).
 *
 * Entries are never changed in place: a change replaces one and remembers the old, so that a refused transaction, an undone block and a
 * restart all restore exactly what was. Keys are upper-case hex.
 *
 * @module
 */

export interface AccountEntry {
  /** 24 bytes, hex; likewise below. */
  readonly address: string
  readonly addressHeight: number
  /** 64 zeros until the account signed something. */
  readonly publicKey: string
  readonly publicKeyHeight: number
  /** Atomic units by mosaic id (16 hex digits); none is zero. */
  readonly mosaics: Readonly<Record<string, bigint>>
}

export interface MosaicEntry {
  readonly id: string
  readonly supply: bigint
  readonly startHeight: number
  readonly owner: string
  readonly revision: number
  readonly flags: number
  readonly divisibility: number
  readonly duration: bigint
}

export interface MultisigEntry {
  readonly address: string
  readonly minApproval: number
  readonly minRemoval: number
  /** Ascending. */
  readonly cosignatories: readonly string[]
  /** Ascending. */
  readonly multisigs: readonly string[]
}

export interface MetadataEntry {
  readonly compositeHash: string
  readonly source: string
  readonly target: string
  /** 16 hex digits. */
  readonly key: string
  /** Hex. */
  readonly value: string
}

/** All entries by cache. */
export interface CacheEntries {
  readonly account: AccountEntry
  readonly mosaic: MosaicEntry
  readonly multisig: MultisigEntry
  readonly metadata: MetadataEntry
}

export type CacheName = keyof CacheEntries
export const CACHE_NAMES: readonly CacheName[] = ["account", "mosaic", "multisig", "metadata"]

/** One replaced entry. */
export interface Change {
  readonly cache: CacheName
  readonly key: string
  readonly before: CacheEntries[CacheName] | undefined
}

/** See the module. */
export class State {
  readonly #caches: { readonly [C in CacheName]: Map<string, CacheEntries[C]> } = {
    account: new Map(),
    mosaic: new Map(),
    multisig: new Map(),
    metadata: new Map(),
  }
  readonly #changes: Change[] = []

  get<C extends CacheName>(cache: C, key: string): CacheEntries[C] | undefined {
    return this.#caches[cache].get(key)
  }

  /** Replaces an entry, or removes it. */
  set<C extends CacheName>(cache: C, key: string, entry: CacheEntries[C] | undefined): void {
    this.#changes.push({ cache, key, before: this.get(cache, key) })
    this.#put(cache, key, entry)
  }

  entries<C extends CacheName>(cache: C): IterableIterator<CacheEntries[C]> {
    return this.#caches[cache].values()
  }

  /** A place to go back to. */
  mark(): number {
    return this.#changes.length
  }

  /** Undoes everything since a mark. */
  undoTo(mark: number): void {
    while (this.#changes.length > mark) {
      const { cache, key, before } = this.#changes.pop() as Change
      this.#put(cache, key, before)
    }
  }

  /** The first value of each entry changed since the last call; what changed can't be undone by marks any more. */
  takeChanges(): Change[] {
    const first = new Map<string, Change>()
    for (const change of this.#changes) {
      const name = `${change.cache}/${change.key}`
      if (!first.has(name)) first.set(name, change)
    }
    this.#changes.length = 0
    return [...first.values()]
  }

  #put<C extends CacheName>(cache: C, key: string, entry: CacheEntries[C] | undefined): void {
    if (entry === undefined) this.#caches[cache].delete(key)
    else this.#caches[cache].set(key, entry)
  }
}
