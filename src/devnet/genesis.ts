/**
 * How a devnet begins: keys, currency, and who holds it. Made once and kept in the store.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto"
import { ForeignNetworkError } from "../base/errors.ts"
import { publicKeyOf } from "../crypto/ed25519.ts"
import { addressHex, credit, hexOf, idHex, touchAddress } from "./account.ts"
import type { Statement } from "./block.ts"
import { CURRENCY_NONCE, INITIAL_SUPPLY } from "./network.ts"
import { MOSAIC_FLAG, mosaicIdOf } from "./plugins/mosaic.ts"
import type { State } from "./state.ts"
import type { ChainStore } from "./store.ts"

const HARVEST_FEE = 0x2143
const DIVISIBILITY = 6

/** The fixed points of one devnet. */
export interface Genesis {
  /** Generation hash seed, 32 bytes. */
  readonly seed: Buffer
  /** 32-byte seed and public key of the account that makes blocks and fills the faucet. */
  readonly harvesterSeed: Buffer
  readonly harvesterKey: Buffer
  /** Address, hex. */
  readonly harvester: string
  /** Public key, hex: owner of the currency; it never signs. */
  readonly nemesisKey: string
  /** Id of the currency mosaic, 16 hex digits. */
  readonly currency: string
  /** Address (hex) that gets rental fees. */
  readonly sink: string
  /** Writes the first block's state. */
  fill(state: State): void
  /** Pays the fees of a block to its harvester. */
  payHarvester(state: State, height: number, fees: bigint): Statement[]
}

/**
 * Opens the genesis of a store, or makes one; `given` may fix the seeds of a new one.
 * @throws {ForeignNetworkError} when the store has other seeds than those given
 */
export function openGenesis(store: ChainStore, given: Partial<Genesis>): Genesis {
  const seed = kept(store, "generation-hash-seed", given.seed)
  const harvesterSeed = kept(store, "harvester-seed", given.harvesterSeed)
  const harvesterKey = Buffer.from(publicKeyOf(harvesterSeed))
  const harvester = addressHex(harvesterKey)
  const nemesis = Buffer.from(publicKeyOf(derived(harvesterSeed, "nemesis")))
  const owner = addressHex(nemesis)
  const currency = idHex(mosaicIdOf(owner, CURRENCY_NONCE))
  const sink = addressHex(Buffer.from(publicKeyOf(derived(harvesterSeed, "sink"))))
  return {
    seed,
    harvesterSeed,
    harvesterKey,
    harvester,
    nemesisKey: hexOf(nemesis),
    currency,
    sink,
    fill: (state) => {
      for (const address of [owner, sink, harvester]) touchAddress(state, address, 1)
      state.set("mosaic", currency, {
        id: currency,
        supply: INITIAL_SUPPLY,
        startHeight: 1,
        owner,
        revision: 1,
        flags: MOSAIC_FLAG.transferable,
        divisibility: DIVISIBILITY,
        duration: 0n,
      })
      credit(state, harvester, currency, INITIAL_SUPPLY)
    },
    payHarvester: (state, height, fees) => {
      if (height > 1) credit(state, harvester, currency, fees)
      const receipt = { type: HARVEST_FEE, mosaicId: currency, amount: fees, target: harvester }
      return height > 1 ? [{ primaryId: 0, secondaryId: 0, receipts: [receipt] }] : []
    },
  }
}

function kept(store: ChainStore, name: string, given: Buffer | undefined): Buffer {
  const known = store.setting(name)
  if (known && given && !known.equals(given)) {
    throw new ForeignNetworkError(`the devnet's folder holds another network: its ${name} differs`)
  }
  if (known) return known
  const value = given ?? randomBytes(32)
  store.putSetting(name, value)
  return value
}

function derived(seed: Buffer, purpose: string): Buffer {
  return createHash("sha256").update(purpose).update(seed).digest()
}
