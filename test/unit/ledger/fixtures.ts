/** A network, keys and aggregates that need no node. */
import { addressOf } from "../../../src/crypto/address.ts"
import { publicKeyOf, signBytes } from "../../../src/crypto/ed25519.ts"
import {
  aggregateHash,
  draftAggregate,
  type Instruction,
  type Network,
  signingBytes,
  withCosignature,
  withSignature,
} from "../../../src/ledger/index.ts"

export const NETWORK: Network = {
  name: "testnet",
  identifier: 0x98,
  generationHash: new Uint8Array(32).fill(0x5a),
  epochAdjustmentS: 1_735_689_600,
  currencyMosaicId: 0x72c0212e67a08bcen,
  blockTargetMs: 15_000,
  maxTransactionLifetimeMs: 6 * 3_600_000,
  minFeeMultiplier: 10,
}

export interface Party {
  readonly seed: Uint8Array
  readonly key: Uint8Array
  readonly address: Uint8Array
}

export function party(n: number): Party {
  const seed = new Uint8Array(32).fill(n)
  const key = publicKeyOf(seed)
  return { seed, key, address: addressOf(key, NETWORK.identifier) }
}

export const [ALICE, BOB, CAROL] = [party(1), party(2), party(3)] as [Party, Party, Party]

/** One instruction of each type. */
export const EVERY_INSTRUCTION: readonly Instruction[] = [
  {
    type: "transfer",
    signer: ALICE.key,
    recipient: BOB.address,
    mosaics: [
      { id: 2n, amount: 1n },
      { id: NETWORK.currencyMosaicId, amount: 7n },
    ],
    message: Uint8Array.from({ length: 384 }, (_, i) => i),
  },
  {
    type: "multisig",
    signer: BOB.key,
    minApprovalDelta: 2,
    minRemovalDelta: -1,
    additions: [ALICE.address, CAROL.address],
    deletions: [BOB.address],
  },
  {
    type: "mosaic-definition",
    signer: ALICE.key,
    nonce: 0xfffffffe,
    mosaicId: 3n,
    duration: 0n,
    flags: { supplyMutable: false, transferable: true, restrictable: false, revokable: true },
    divisibility: 0,
  },
  {
    type: "mosaic-supply",
    signer: ALICE.key,
    mosaicId: 3n,
    delta: 1_000_000n,
    action: "increase",
  },
  {
    type: "account-metadata",
    signer: BOB.key,
    target: ALICE.address,
    key: 0xffff_ffff_ffff_ffffn,
    valueSizeDelta: -5,
    value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7),
  },
]

export function transfer(message = new Uint8Array(), signer = ALICE, recipient = BOB): Instruction {
  return {
    type: "transfer",
    signer: signer.key,
    recipient: recipient.address,
    mosaics: [],
    message,
  }
}

export function draft(
  instructions: readonly Instruction[],
  cosignatures = 0,
  deadlineMs = 7_200_000,
) {
  const signer = ALICE.key
  return draftAggregate(NETWORK, {
    instructions,
    signer,
    deadlineMs,
    feeMultiplier: 100,
    cosignatures,
  })
}

/** Signed by Alice, cosigned by the others. */
export function signed(unsigned: Uint8Array, ...cosigners: readonly Party[]): Uint8Array {
  let aggregate = withSignature(unsigned, signBytes(ALICE.seed, signingBytes(NETWORK, unsigned)))
  const hash = aggregateHash(NETWORK, aggregate)
  for (const { seed, key } of cosigners) {
    aggregate = withCosignature(aggregate, { publicKey: key, signature: signBytes(seed, hash) })
  }
  return aggregate
}
