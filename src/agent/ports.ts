/**
 * What the agent asks of the world. The caller picks who answers: a keyring file and a database in a home folder, or memory in a test.
 *
 *     startAgent ──▶ AgentSecrets · AgentTables · OpenStores · SymbolLedger · Clock · RandomBytes
 *
 * @module
 */
import type { Clock } from "../base/clock.ts"
import type { RandomBytes } from "../base/random.ts"
import type { Identity, Stores } from "../lake/ports.ts"
import type { SymbolLedger } from "../ledger/index.ts"
import type { InstanceTags } from "../record/catalogue.ts"
import type { Rules } from "./rules.ts"

/** Whose stores are opened, and who signs their writes. */
export interface StoreOwner {
  /** Public key of the register, 32 bytes. */
  readonly register: Uint8Array
  /** Addresses, as the vault names them. */
  readonly lake: readonly string[]
  readonly control: readonly string[]
  readonly signer: Identity
}

/** Opens stores for one vault; writes carry the signer's authorization (FORMAT §12). */
export type OpenStores = (owner: StoreOwner) => Stores

/** A counted right to try: how many are left after this one, or when the next may be made (ms since 1970). */
export type Try = { readonly left: number } | { readonly lockedUntil: number }

/** Half of a link as it is kept. */
export interface KeptHalf {
  /** Public key of the register whose phone gave it. */
  readonly register: Uint8Array
  /** H(proof), 32 bytes. */
  readonly proofHash: Uint8Array
  readonly h: Uint8Array
  readonly jwe: string
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  /** CID of the envelope, binary. */
  readonly envelope: Uint8Array
}

/** A try that was taken: how many are left, and its row in the log of decisions. */
export interface SpentTry {
  readonly remaining: number
  readonly decision: number
}

/** The links table. An id once seen stays taken. */
export interface LinkTable {
  /** False when the id is or was taken. */
  add(link: Uint8Array, half: KeptHalf): Promise<boolean>
  /** The half; undefined when unknown, dropped or used up. Tries under way do not hide it. */
  find(link: Uint8Array): Promise<KeptHalf | undefined>
  /** Takes one try and logs it as wrong, durably, before anything is compared; undefined when none is left. */
  spend(link: Uint8Array, at: number): Promise<SpentTry | undefined>
  /** Gives a try back: the guess was right. */
  restore(link: Uint8Array, spent: SpentTry): Promise<void>
  /** Wipes the half for good; false when there was none, or it was another register's. */
  drop(link: Uint8Array, register: Uint8Array): Promise<boolean>
  /** How many can still be opened. */
  count(): Promise<number>
}

/** Where a draft stands. */
export type DraftState = "drafted" | "superseded" | "submitted" | "confirmed" | "final" | "failed"

/** An aggregate that the agent drew up. */
export interface DraftRow {
  /** H of the unsigned aggregate. */
  readonly id: Uint8Array
  readonly register: Uint8Array
  /** Symbol public key of the writer, who signs and pays. */
  readonly writer: Uint8Array
  readonly epoch: number
  /** Network time, ms. */
  readonly deadlineMs: number
  /** Unsigned. */
  readonly aggregate: Uint8Array
  readonly state: DraftState
  /** The writer's signature and the transaction hash, once submitted. */
  readonly signed?: { readonly signature: Uint8Array; readonly hash: Uint8Array }
}

/** One deposit in a draft, in the place of its transfer. */
export interface DraftedRecord {
  /** CID of the manifest, binary. */
  readonly manifest: Uint8Array
  /** CID of the catalogue, binary. */
  readonly catalogue: Uint8Array
  readonly tags: readonly InstanceTags[]
}

/** A deposit as it was adopted. */
export interface AdoptedRecord {
  readonly manifest: Uint8Array
  readonly catalogue: Uint8Array
  readonly position: number
  readonly draft: DraftRow
  /** How many records its draft holds. */
  readonly drafted: number
}

/** Drafts, their records and the tags by which instances are known again. */
export interface DraftTable {
  /** Adds a draft with its records, in one transaction; those of its records that were in another draft move, and that draft is superseded. */
  add(draft: DraftRow, records: readonly DraftedRecord[], at: number): Promise<void>
  find(id: Uint8Array): Promise<DraftRow | undefined>
  /** Records of a vault by manifest, those that were adopted before. */
  adopted(register: Uint8Array, manifests: readonly Uint8Array[]): Promise<AdoptedRecord[]>
  /** Binds a drafted one to this signature, for good; false when it is bound to another or superseded. */
  submit(id: Uint8Array, signature: Uint8Array, hash: Uint8Array): Promise<boolean>
  setState(id: Uint8Array, state: DraftState): Promise<void>
  /** Submitted and confirmed ones, whose state may still change. */
  unsettled(): Promise<DraftRow[]>
  /** Records adopted of this writer since `since` (ms since 1970). */
  countSince(register: Uint8Array, writer: Uint8Array, since: number): Promise<number>
  /** Of these uid tags, the content tags that are anchored in the vault. */
  anchored(register: Uint8Array, uids: readonly Uint8Array[]): Promise<InstanceTags[]>
}

/** Tries of the second factor. */
export interface FactorTable {
  /** Takes one try of `most`; the last one locks for `lockMs`. */
  spend(
    register: Uint8Array,
    now: number,
    limit: { readonly most: number; readonly lockMs: number },
  ): Promise<Try>
  /** The factor was right: all tries are there again. */
  reset(register: Uint8Array): Promise<void>
}

/** Register acts that wait for their delay. */
export interface ActTable {
  /** When this content was first seen (ms since 1970): now, or earlier. */
  firstSeen(register: Uint8Array, content: Uint8Array, now: number): Promise<number>
}

/** Something the agent decided. Holds no identifier of anybody. */
export interface Decision {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly what: "deposit" | "cosign" | "guess"
  /** Name of the rule that decided. */
  readonly rule: string
  readonly outcome: string
  readonly dryRun: boolean
}

/** The decisions log. */
export interface DecisionTable {
  add(decision: Decision): Promise<void>
  /** Newest first. */
  newest(limit: number): Promise<readonly Decision[]>
}

/** The durable tables: part of the agent's home, backed up with it. */
export interface AgentTables {
  readonly links: LinkTable
  readonly drafts: DraftTable
  readonly factors: FactorTable
  readonly acts: ActTable
  readonly decisions: DecisionTable
}

/** What every part of the agent may use. */
export interface AgentContext {
  readonly ledger: SymbolLedger
  readonly clock: Clock
  readonly random: RandomBytes
  readonly tables: AgentTables
  /** The rules as they stand now: a changed file counts from the next decision on. */
  readonly rules: () => Promise<Rules>
}
