/**
 * The vaults this agent serves: secrets from the keyring, keys unlocked, stores opened once.
 *
 * @module
 */
import { equal, hex } from "../base/bytes.ts"
import { AgentRefusedError, ForeignNetworkError } from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { hpkeOpen } from "../crypto/hpke.ts"
import { xWingKeyPair } from "../crypto/x-wing.ts"
import { identityOf } from "../lake/identity.ts"
import type { Identity, Stores } from "../lake/ports.ts"
import type { Network } from "../ledger/index.ts"
import type { VaultId } from "../vault/context.ts"
import type { HpkeHolder } from "../vault/phone-message.ts"
import type { OpenStores } from "./ports.ts"
import type { AgentSecrets, VaultSecrets } from "./secrets.ts"

/** Vaults that one agent serves at most: anybody who reaches it may pair one. */
const MOST_VAULTS = 16

/** One vault with the agent's keys in it. */
export interface AgentVault {
  readonly id: VaultId
  readonly secrets: VaultSecrets
  /** The agent's own identity in this vault. */
  readonly identity: Identity
  readonly stores: Stores
}

/** All vaults of an agent, and its pairing key. */
export class AgentVaults {
  readonly #secrets: AgentSecrets
  readonly #openStores: OpenStores
  readonly #network: Network
  readonly #vaults = new Map<string, AgentVault>()
  /** X-Wing key to which a pairing is sealed, 1216 bytes. */
  readonly pairingKey: Uint8Array
  readonly pairing: HpkeHolder

  private constructor(
    secrets: AgentSecrets,
    openStores: OpenStores,
    network: Network,
    pairing: Uint8Array,
  ) {
    this.#secrets = secrets
    this.#openStores = openStores
    this.#network = network
    this.pairingKey = xWingKeyPair(pairing).publicKey
    this.pairing = holderOf(pairing)
  }

  /** @throws {ForeignNetworkError} when a vault in the keyring lives on another network than the ledger's */
  static async load(
    secrets: AgentSecrets,
    openStores: OpenStores,
    network: Network,
  ): Promise<AgentVaults> {
    const keys = await secrets.load()
    const vaults = new AgentVaults(secrets, openStores, network, keys.pairing)
    for (const vault of keys.vaults) vaults.#unlock(vault)
    return vaults
  }

  all(): AgentVault[] {
    return [...this.#vaults.values()]
  }

  /** The vault of a register (public key, 32 bytes). */
  find(register: Uint8Array): AgentVault | undefined {
    return this.#vaults.get(hex(register))
  }

  /**
   * Adds a vault or replaces its secrets, durably.
   * @throws {AgentRefusedError} when this agent serves as many as it can
   */
  async save(secrets: VaultSecrets): Promise<AgentVault> {
    if (!this.find(secrets.register) && this.#vaults.size >= MOST_VAULTS) {
      throw new AgentRefusedError("this agent serves as many vaults as it can", "vaults")
    }
    requireNetwork(secrets, this.#network)
    await this.#secrets.save(secrets)
    return this.#unlock(secrets)
  }

  async close(): Promise<void> {
    for (const { stores } of this.#vaults.values()) {
      await stores.lake.close()
      await stores.control.close()
    }
  }

  #unlock(secrets: VaultSecrets): AgentVault {
    requireNetwork(secrets, this.#network)
    const { identifier } = this.#network
    const { register, lake, control } = secrets
    const known = this.find(register)
    const isSameAgent = known !== undefined && equal(known.secrets.seed, secrets.seed)
    const identity = isSameAgent ? known.identity : identityOf(secrets.seed, identifier)
    const isSamePlace = isSameAgent && placesOf(known.secrets) === placesOf(secrets)
    const vault: AgentVault = {
      id: {
        network: secrets.network,
        register: addressOf(register, identifier),
        vault: addressOf(secrets.vault, identifier),
      },
      secrets,
      identity,
      stores: isSamePlace
        ? known.stores
        : this.#openStores({ register, lake, control, signer: identity }),
    }
    this.#vaults.set(hex(register), vault)
    return vault
  }
}

/** The holder of a bare X-Wing seed (32 bytes): a pairing or intake key. */
export function holderOf(seed: Uint8Array): HpkeHolder {
  return { openHpke: ({ enc, ct }, info, aad) => hpkeOpen(seed, enc, info, aad, ct) }
}

function placesOf({ lake, control }: VaultSecrets): string {
  return JSON.stringify([lake, control])
}

function requireNetwork(secrets: VaultSecrets, network: Network): void {
  if (!equal(secrets.network, network.generationHash)) {
    throw new ForeignNetworkError("the vault lives on another network than this agent's node")
  }
}
