/**
 * What one node cannot make up: that a transaction is in a block, and what the state held at a height.
 *
 *     aggregate ──merkle path──▶ transactionsHash ┐
 *     value ──patricia path──▶ state root ──▶ stateHash ┴ header ── harvester's signature
 *
 * A proof is as good as the header: who harvested, and whether the block is final, is the reader's to judge from
 * several nodes (symbol.md §6.3). Every refusal is an `IntegrityError` that names the step.
 *
 * @module
 */
import { base32, concat, equal, hex } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import { IntegrityError, LedgerRefusedError, NotFoundError } from "../base/errors.ts"
import { type AccountState, readAccount } from "./account.ts"
import { type BlockHeader, readBlock } from "./block.ts"
import {
  type MetadataKey,
  metadataHash,
  metadataPath,
  metadataStateValue,
  readMetadata,
} from "./metadata.ts"
import { type Multisig, multisigPath, multisigStateValue, readMultisig } from "./multisig.ts"
import type { Network } from "./network.ts"
import { lookUp } from "./patricia.ts"
import type { Rest } from "./rest.ts"
import { type ConfirmedAggregate, readAggregate } from "./rest-transaction.ts"
import { sha3 } from "./sha3.ts"
import { u16 } from "./wire.ts"

/** A transaction and the verified header of its block. */
export interface TransactionProof {
  readonly aggregate: ConfirmedAggregate
  readonly block: BlockHeader
}

/** What the state held after the block; undefined where it is proven to hold nothing. */
export interface StateProof<T> {
  readonly value: T
  readonly block: BlockHeader
}

/** Everything that a proof asks of the ledger. */
export interface ProofContext {
  readonly rest: Rest
  readonly clock: Clock
  readonly network: Network
  /** Height of the newest block. */
  height(signal?: AbortSignal): Promise<number>
}

/** Places of the parts of the state in a header's roots (symbol.md §6.2). */
const ROOT = { account: 0, multisig: 3, metadata: 8 } as const
/** Waits for value, path and header of one height: blocks go on while they are read one after the other. */
const RETRY_WAITS_MS = [20, 40, 80, 160, 320, 640] as const
const STATE_VERSION = 1

/**
 * Proves that the aggregate `hash` is in a block, signatures, cosigners and all.
 * @throws {NotFoundError} when the node has no confirmed aggregate of this hash
 */
export async function proveTransaction(
  { rest, network }: ProofContext,
  hash: Uint8Array,
  signal?: AbortSignal,
): Promise<TransactionProof> {
  const aggregate = await readAggregate(rest, network, hash, signal)
  if (!aggregate) throw new NotFoundError(`the node has not confirmed transaction ${hex(hash)}`)
  const block = await readBlock(rest, aggregate.height, signal)
  const leaf = hex(aggregate.merkleComponentHash).toUpperCase()
  const path = `/blocks/${block.height}/transactions/${leaf}/merkle`
  const answer = await rest.get(path, signal).catch((error: unknown) => {
    // A node says 409 when the block does not hold it, 404 when it has no such block.
    if (!(error instanceof LedgerRefusedError)) throw error
    const message = `block ${block.height} does not hold transaction ${hex(hash)}`
    throw new IntegrityError(message, { cause: error })
  })
  let root = aggregate.merkleComponentHash
  for (const step of answer.at("merklePath").list()) {
    const sibling = step.at("hash").hex(32)
    root = step.at("position").text() === "left" ? sha3(sibling, root) : sha3(root, sibling)
  }
  if (!equal(root, block.transactionsHash)) {
    throw new IntegrityError(
      `the merkle path of transaction ${hex(hash)} does not lead to the header's transactions hash`,
    )
  }
  return { aggregate, block }
}

/** Proves a metadata value, or that there is none. */
export function proveMetadata(
  context: ProofContext,
  key: MetadataKey,
  signal?: AbortSignal,
): Promise<StateProof<Uint8Array | undefined>> {
  return proveState(context, signal, {
    name: "metadata value",
    root: ROOT.metadata,
    key: metadataHash(key),
    path: metadataPath(key),
    read: () => readMetadata(context.rest, key, signal),
    forms: (value) => [metadataStateValue(key, value)],
  })
}

/** Proves the multisig entry of `address`, or that it is neither multisig nor a cosignatory. */
export function proveMultisig(
  context: ProofContext,
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<StateProof<Multisig | undefined>> {
  return proveState(context, signal, {
    name: "multisig entry",
    root: ROOT.multisig,
    key: address,
    path: multisigPath(address),
    read: () => readMultisig(context.rest, address, signal),
    forms: (entry) => [multisigStateValue(entry)],
  })
}

/** Proves the whole account at `address`, balances included, or that the chain has never seen it. */
export function proveAccount(
  context: ProofContext,
  address: Uint8Array,
  signal?: AbortSignal,
): Promise<StateProof<AccountState | undefined>> {
  const { rest, network } = context
  return proveState(context, signal, {
    name: "account",
    root: ROOT.account,
    key: address,
    path: `/accounts/${base32(address)}`,
    read: () => readAccount(rest, network.currencyMosaicId, address, signal),
    forms: (account) => account.stateValues,
  })
}

/** Proves how many atomic units of a mosaic `address` holds. */
export async function proveBalance(
  context: ProofContext,
  address: Uint8Array,
  mosaicId: bigint,
  signal?: AbortSignal,
): Promise<StateProof<bigint>> {
  const { value, block } = await proveAccount(context, address, signal)
  return { value: value?.mosaics.get(mosaicId) ?? 0n, block }
}

interface Claim<T> {
  readonly name: string
  readonly root: number
  /** Key in the state's part, before hashing. */
  readonly key: Uint8Array
  /** REST path, of which `/merkle` is the proof. */
  readonly path: string
  read(): Promise<T | undefined>
  /** Serializations of which the state must hold one. */
  forms(value: T): readonly Uint8Array[]
}

async function proveState<T>(
  context: ProofContext,
  signal: AbortSignal | undefined,
  claim: Claim<T>,
): Promise<StateProof<T | undefined>> {
  for (const wait of RETRY_WAITS_MS) {
    try {
      return await proveOnce(context, signal, claim)
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error
      await context.clock.sleep(wait, signal)
    }
  }
  return await proveOnce(context, signal, claim)
}

async function proveOnce<T>(
  context: ProofContext,
  signal: AbortSignal | undefined,
  claim: Claim<T>,
): Promise<StateProof<T | undefined>> {
  const { rest } = context
  const block = await readBlock(rest, await context.height(signal), signal)
  const value = await claim.read()
  const raw = (await rest.get(`${claim.path}/merkle`, signal)).at("raw").hex()
  const root = block.stateRoots[claim.root]
  if (!root) throw new IntegrityError(`block ${block.height}: a state root is missing`)
  const refuse = (step: string, cause?: unknown) =>
    new IntegrityError(`the ${claim.name} is not proven at height ${block.height}: ${step}`, {
      cause,
    })
  const leaf = attempt(() => lookUp(root, claim.key, raw), refuse)
  if (value === undefined) {
    if (leaf) throw refuse("the node denies it, but the state holds it")
    return { value, block }
  }
  if (!leaf) throw refuse("the node tells one, but the state holds none")
  const version = u16(STATE_VERSION)
  if (!claim.forms(value).some((form) => equal(sha3(concat(version, form)), leaf))) {
    throw refuse("the state holds another value than the node tells")
  }
  return { value, block }
}

function attempt<T>(work: () => T, refuse: (step: string, cause: unknown) => IntegrityError): T {
  try {
    return work()
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : "the path is malformed", cause)
  }
}
