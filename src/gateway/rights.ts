/**
 * Who may write to and erase from a store: the chain says (FORMAT §12).
 *
 *     PUT     any leaf key of the vaults that the register belongs to, or the register's own original key
 *     DELETE  a cosignatory of the register, of what was put for this register
 *
 * @module
 */
import { equal, hex } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import { AccessDeniedError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import type { SymbolLedger } from "../ledger/index.ts"
import { type StoreCall, verifyStoreCall } from "../vault/store-authorization.ts"

/** How long an answer of the chain is believed, ms. A refusal is always asked anew. */
const CACHE_MS = 30_000
const CACHE_LIMIT = 10_000

/** Remembers for which register (address, hex) an object was put; {@link StoreRights} alone would let any register erase any object. */
export interface StoreOwners {
  /** Notes an owner; the first one stays. */
  claim(folder: StoreCall["folder"], key: string, register: string): Promise<void>
  ownerOf(folder: StoreCall["folder"], key: string): Promise<string | undefined>
  release(folder: StoreCall["folder"], key: string): Promise<void>
}

/** See the module. */
export class StoreRights {
  readonly #ledger: SymbolLedger
  readonly #clock: Clock
  readonly #registers: ReadonlySet<string> | undefined
  readonly #granted = new Map<string, number>()

  /** @param registers addresses (hex) of the registers served here; undefined serves any */
  constructor(ledger: SymbolLedger, clock: Clock, registers?: ReadonlySet<string>) {
    this.#ledger = ledger
    this.#clock = clock
    this.#registers = registers
  }

  /**
   * Lets one call through.
   * @returns address of the register for which it is made, hex
   * @throws {InvalidInputError} without a well-formed authorization
   * @throws {IntegrityError} when its signature does not hold
   * @throws {AccessDeniedError} when the signer may not do this
   */
  async require(header: string | undefined, call: StoreCall): Promise<string> {
    const { generationHash, identifier } = await this.#ledger.network()
    const network = { generationHash, networkByte: identifier }
    const given = verifyStoreCall(header, call, network, this.#clock.now())
    const { register, registerAddress, signer } = given
    const owner = hex(registerAddress)
    if (this.#registers && !this.#registers.has(owner)) {
      throw new AccessDeniedError("this store does not serve that vault")
    }
    if (call.method === "PUT" && equal(signer, register)) return owner
    const address = addressOf(signer, identifier)
    const key = `${call.method} ${owner} ${hex(address)}`
    if ((this.#granted.get(key) ?? 0) > this.#clock.now()) return owner
    if (!(await this.#holdsRight(call.method, registerAddress, address))) {
      throw new AccessDeniedError("this key has no right to do that in this vault's stores")
    }
    if (this.#granted.size >= CACHE_LIMIT) this.#granted.clear()
    this.#granted.set(key, this.#clock.now() + CACHE_MS)
    return owner
  }

  /**
   * Refuses a register that would erase another's object. What has no known owner may be erased where one register alone is served.
   * @throws {AccessDeniedError} when the object is not this register's
   */
  requireOwner(owner: string | undefined, register: string): void {
    const isSole = owner === undefined && this.#registers?.size === 1
    if (owner === register || isSole) return
    throw new AccessDeniedError("that was not put for this vault: only its own may erase it")
  }

  async #holdsRight(
    method: StoreCall["method"],
    register: Uint8Array,
    signer: Uint8Array,
  ): Promise<boolean> {
    const entry = await this.#ledger.multisig(register)
    if (!entry) return false
    if (entry.cosignatories.some((one) => equal(one, signer))) return true
    if (method === "DELETE") return false
    for (const seats of entry.multisigs) {
      const seated = await this.#ledger.multisig(seats)
      if (seated?.cosignatories.some((one) => equal(one, signer))) return true
    }
    return false
  }
}
