/**
 * What the verbs of the lake ask of the world: the fewest calls that do the job. `compose.ts` picks who answers them.
 *
 *     verb ──▶ Identity (a party's own keys) · Stores (sealed bytes) · SymbolLedger (index) · Agent (the patient's) · Outbox
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import type { Clock } from "../base/clock.ts"
import type { RandomBytes } from "../base/random.ts"
import type { SegmentCipher } from "../crypto/segment-cipher.ts"
import type { SymbolLedger } from "../ledger/index.ts"
import type { PendingUpload } from "./pending-upload.ts"

/**
 * The private half of one account. Keys never leave it: an HSM could stand behind it. Every call may throw
 * `AccessDeniedError` when the keyring is locked.
 */
export interface Identity {
  /** Symbol public key, 32 bytes. */
  readonly key: Uint8Array
  /** Symbol address, 24 bytes. */
  readonly address: Uint8Array
  /** X-Wing public key, 1216 bytes. */
  readonly agreement: Uint8Array
  /** Ed25519 over `bytes`: a transaction's signing bytes, or `signedBytes` of a purpose. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** X-Wing: 1120 bytes in, the 32-byte shared secret out. */
  decapsulate(enc: Uint8Array): Promise<Uint8Array>
  /** HPKE base mode with the X-Wing key. */
  openHpke(message: HpkeMessage, info: Uint8Array, aad: Uint8Array): Promise<Uint8Array>
  /** Key of Symbol's encrypted messages with the account of `peer` (public key, 32 bytes). */
  messageKey(peer: Uint8Array): Promise<Uint8Array>
}

/** An HPKE ciphertext: encapsulated key and sealed bytes. */
export interface HpkeMessage {
  readonly enc: Uint8Array
  readonly ct: Uint8Array
}

/** The two halves of storage: ciphertext that anybody may hold, and small sealed objects that must be erasable. */
export interface Stores {
  readonly lake: BlobStore
  readonly control: BlobStore
}

/** The patient's always-on program as its callers see it. All bytes are the messages of `docs/FORMAT.md` §10 and §11. */
export interface AgentPort {
  /** The X-Wing key to which a hand-over is sealed before the agent holds any child key. */
  pairingKey(signal?: AbortSignal): Promise<Uint8Array>
  /** A sealed hand-over: pairing or a new epoch. */
  handOver(message: Uint8Array, signal?: AbortSignal): Promise<void>
  /** A sealed query; the sealed answer. */
  query(message: Uint8Array, signal?: AbortSignal): Promise<HpkeMessage>
  /** Sealed deposits of one writer; the sealed draft over all of them. */
  deposit(messages: readonly Uint8Array[], signal?: AbortSignal): Promise<HpkeMessage>
  /** A draft that its writer signed; the agent cosigns and announces it. Resolves with the transaction hash. */
  submit(aggregate: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /** A register act that the phone signed; `factor` is the second factor sealed to the agent. Resolves with its cosignature. */
  cosign(act: RegisterAct, signal?: AbortSignal): Promise<Uint8Array>
  /** Keeps the half of a link (FORMAT §11); the message is sealed and signed by the phone. */
  keepLink(message: Uint8Array, signal?: AbortSignal): Promise<void>
  /** Forgets the half of a link: nobody can open it any more. */
  dropLink(message: Uint8Array, signal?: AbortSignal): Promise<void>
}

/**
 * Uploads under way, sealed to the institution's own key. `save` is durable when it resolves: before the first byte of a blob leaves, its keys
 * and leaf hashes are here.
 */
export interface Outbox {
  save(upload: PendingUpload): Promise<void>
  /** All uploads, oldest first. */
  uploads(): Promise<readonly PendingUpload[]>
  /** Forgets an upload, durably. */
  discard(id: string): Promise<void>
}

/** An aggregate of register acts, signed by the phone as aggregate signer. */
export interface RegisterAct {
  readonly aggregate: Uint8Array
  /** The patient's second factor, HPKE-sealed to the agent; absent where the agent's rules allow a delay instead. */
  readonly factor?: HpkeMessage
}

/** What every verb may use. */
export interface LakeContext {
  readonly ledger: SymbolLedger
  readonly clock: Clock
  readonly random: RandomBytes
  readonly cipher: SegmentCipher
}

/** Reports progress of long work: units done of all, bytes, and what is being done. */
export type Progress = (step: {
  readonly phase: string
  readonly done: number
  readonly total: number
}) => void
