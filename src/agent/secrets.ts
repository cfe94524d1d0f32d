/**
 * What the agent holds of a vault, as it lies in the keyring: one entry `vault/<register key in hex>`.
 *
 * @module
 */
import { z } from "zod"
import { hex } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError } from "../base/errors.ts"
import { approvalShape } from "../vault/hand-over.ts"
import {
  bytes,
  encodeShape,
  epochNumber,
  isAscending,
  parseShape,
  text,
  urls,
} from "../vault/shape.ts"

const PAIRING = "pairing"
const VAULT = "vault/"

const shape = z.strictObject({
  v: z.literal(1),
  /** Seed of the agent's own key. */
  seed: bytes(32),
  network: bytes(32),
  register: bytes(32),
  vault: bytes(32),
  seats: bytes(32),
  phone: bytes(32),
  words: bytes(32),
  category: text(64).min(1),
  /** Secret S_e and X-Wing seed of the intake key, of the newest epoch and, while it changes, its neighbour. */
  epochs: z
    .array(z.strictObject({ epoch: epochNumber, secret: bytes(32), intake: bytes(32) }))
    .refine((epochs) => isAscending(epochs.map(({ epoch }) => epoch))),
  dedup: bytes(32),
  lake: urls,
  control: urls,
  approval: approvalShape,
})

/** See the module. Keys of accounts are Symbol public keys, 32 bytes. */
export type VaultSecrets = Readonly<Omit<z.output<typeof shape>, "v">>

/** An epoch as the agent holds it. */
export type HeldEpoch = VaultSecrets["epochs"][number]

/** The agent's keys. They leave the keyring for this process alone. */
export interface AgentSecrets {
  load(): Promise<AgentKeys>
  /** Adds a vault or replaces what is known of it; durable when it resolves. */
  save(vault: VaultSecrets): Promise<void>
}

/** All that the keyring holds. */
export interface AgentKeys {
  /** X-Wing seed of the pairing key, 32 bytes. */
  readonly pairing: Uint8Array
  readonly vaults: readonly VaultSecrets[]
}

/** What a keyring file can do, as far as it is needed here. */
export interface Keyring {
  has(name: string): boolean
  get(name: string): Uint8Array
  names(): string[]
  put(name: string, secret: Uint8Array): Promise<void>
}

/** The agent's secrets in an unlocked keyring. */
export function keyringSecrets(keyring: Keyring): AgentSecrets {
  return {
    load: async () => {
      if (!keyring.has(PAIRING)) {
        throw new InvalidInputError(
          'this keyring is not an agent\'s: begin its home with "medlake init --as agent"',
        )
      }
      const entries = keyring.names().filter((name) => name.startsWith(VAULT))
      return {
        pairing: keyring.get(PAIRING),
        vaults: entries.map((name) => parseVaultSecrets(keyring.get(name))),
      }
    },
    save: (vault) => keyring.put(VAULT + hex(vault.register), encodeVaultSecrets(vault)),
  }
}

/** @throws {InvalidInputError} naming the field that is malformed */
export function encodeVaultSecrets(vault: VaultSecrets): Uint8Array {
  return encodeShape("keyring entry", shape, { v: 1, ...vault })
}

/** @throws {UnsupportedError} of another version; {InvalidInputError} when malformed */
export function parseVaultSecrets(entry: Uint8Array): VaultSecrets {
  const { v: _v, ...vault } = parseShape("keyring entry", shape, decodeDagCbor(entry))
  return vault
}
