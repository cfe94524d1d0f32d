/**
 * People with keys, and aggregates of theirs on a network.
 *
 * @module
 */
import { addressOf } from "../../src/crypto/address.ts"
import { publicKeyOf, signBytes } from "../../src/crypto/ed25519.ts"
import {
  aggregateHash,
  draftAggregate,
  type Instruction,
  type SymbolLedger,
  signingBytes,
  withCosignature,
  withSignature,
} from "../../src/ledger/index.ts"

const NETWORK_BYTE = 0x98

/** A key pair and its address (24 bytes). */
export interface Party {
  readonly seed: Uint8Array
  readonly key: Uint8Array
  readonly address: Uint8Array
}

/** The party number `n` of all: the same in each run. */
export function party(n: number): Party {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, n, true)
  const key = publicKeyOf(seed)
  return { seed, key, address: addressOf(key, NETWORK_BYTE) }
}

/** Draws parties that nobody else has, counting from `first`. */
export function newParties(first: number): (count: number) => Party[] {
  let next = first
  return (count) => Array.from({ length: count }, () => party(next++))
}

/** An aggregate complete, signed and cosigned, ready to be announced. */
export async function aggregateOf(
  ledger: SymbolLedger,
  instructions: readonly Instruction[],
  [signer, ...cosigners]: readonly [Party, ...Party[]],
  lifetimeMs = 60 * 60_000,
): Promise<Uint8Array> {
  const network = await ledger.network()
  const draft = draftAggregate(network, {
    instructions,
    signer: signer.key,
    deadlineMs: await ledger.deadline(lifetimeMs),
    feeMultiplier: await ledger.feeMultiplier(),
    cosignatures: cosigners.length,
  })
  let aggregate = withSignature(draft, signBytes(signer.seed, signingBytes(network, draft)))
  const hash = aggregateHash(network, aggregate)
  for (const { seed, key } of cosigners) {
    aggregate = withCosignature(aggregate, { publicKey: key, signature: signBytes(seed, hash) })
  }
  return aggregate
}

/** Announces an aggregate of these instructions and waits until it is confirmed; returns hash and height. */
export async function confirmed(
  ledger: SymbolLedger,
  instructions: readonly Instruction[],
  signers: readonly [Party, ...Party[]],
): Promise<{ readonly hash: Uint8Array; readonly height: number }> {
  const { hash } = await ledger.announce(await aggregateOf(ledger, instructions, signers))
  return await ledger.confirm(hash)
}

/** A transfer of nothing but what `fields` says. */
export function transfer(
  from: Party,
  to: Party,
  fields: {
    readonly mosaics?: readonly { readonly id: bigint; readonly amount: bigint }[]
    readonly message?: Uint8Array
  } = {},
): Instruction {
  const { mosaics = [], message = new Uint8Array() } = fields
  return { type: "transfer", signer: from.key, recipient: to.address, mosaics, message }
}

/** Makes `of` a multisig account of `cosignatories`, or adds them. */
export function multisig(
  of: Party,
  cosignatories: readonly Party[],
  minApprovalDelta = 1,
  minRemovalDelta = minApprovalDelta,
): Instruction {
  const additions = cosignatories.map(({ address }) => address)
  return {
    type: "multisig",
    signer: of.key,
    minApprovalDelta,
    minRemovalDelta,
    additions,
    deletions: [],
  }
}
