/**
 * Block headers, rebuilt from REST and checked by their own hash and signature.
 *
 * Shows that the harvester who signed vouches for the header. Does not show that the chain elected this harvester: see
 * symbol.md §6.3.
 *
 * @module
 */
import { concat, equal } from "../base/bytes.ts"
import { IntegrityError, UnsupportedError } from "../base/errors.ts"
import { verifyBytes } from "../crypto/ed25519.ts"
import type { Rest } from "./rest.ts"
import type { RestValue } from "./rest-value.ts"
import { sha3 } from "./sha3.ts"
import { u16, u32, u64 } from "./wire.ts"

/** What a verified header commits to; hashes are 32 bytes. */
export interface BlockHeader {
  readonly height: number
  readonly hash: Uint8Array
  readonly signer: Uint8Array
  /** Network time, ms. */
  readonly timestampMs: number
  readonly previousBlockHash: Uint8Array
  readonly transactionsHash: Uint8Array
  readonly stateHash: Uint8Array
  /** Roots of the state's parts, in the order of symbol.md §6.2; they hash to `stateHash`. */
  readonly stateRoots: readonly Uint8Array[]
}

const NORMAL = 0x8143
const WITH_IMPORTANCE = new Set([0x8043, 0x8243])

/**
 * Reads and verifies the header at `height`.
 * @throws {IntegrityError} when hash, signature, height or state roots do not fit
 * @throws {UnsupportedError} when the block is of an unknown type
 */
export async function readBlock(
  rest: Rest,
  height: number,
  signal?: AbortSignal,
): Promise<BlockHeader> {
  const answer = await rest.get(`/blocks/${height}`, signal)
  const [meta, block] = [answer.at("meta"), answer.at("block")]
  const signed = signedBytes(block)
  const signature = block.at("signature").hex(64)
  const signer = block.at("signerPublicKey").hex(32)
  const hash = sha3(signature, signer, signed)
  const stateHash = block.at("stateHash").hex(32)
  const stateRoots = meta.at("stateHashSubCacheMerkleRoots").list()
  const header: BlockHeader = {
    height: block.at("height").count(),
    hash,
    signer,
    timestampMs: block.at("timestamp").count(),
    previousBlockHash: block.at("previousBlockHash").hex(32),
    transactionsHash: block.at("transactionsHash").hex(32),
    stateHash,
    stateRoots: stateRoots.map((root) => root.hex(32)),
  }
  const refuse = (step: string) => new IntegrityError(`block ${height}: ${step}`)
  if (header.height !== height) throw refuse("the header is that of another height")
  if (!equal(hash, meta.at("hash").hex(32))) throw refuse("the header does not have its hash")
  if (!verifyBytes(signer, signed, signature))
    throw refuse("the header's signature does not verify")
  if (!equal(sha3(...header.stateRoots), stateHash)) {
    throw refuse("the state roots do not hash to the header's state hash")
  }
  return header
}

/** The header from its version on; importance blocks sign their footer too (symbol.md §5.6). */
function signedBytes(block: RestValue): Uint8Array {
  const type = block.at("type").integer()
  if (type !== NORMAL && !WITH_IMPORTANCE.has(type)) {
    throw new UnsupportedError(`a block of type ${type}`)
  }
  const common = concat(
    Uint8Array.of(block.at("version").integer(), block.at("network").integer()),
    u16(type),
    u64(block.at("height").decimal()),
    u64(block.at("timestamp").decimal()),
    u64(block.at("difficulty").decimal()),
    block.at("proofGamma").hex(32),
    block.at("proofVerificationHash").hex(16),
    block.at("proofScalar").hex(32),
    block.at("previousBlockHash").hex(32),
    block.at("transactionsHash").hex(32),
    block.at("receiptsHash").hex(32),
    block.at("stateHash").hex(32),
    block.at("beneficiaryAddress").hex(24),
    u32(block.at("feeMultiplier").integer()),
  )
  if (type === NORMAL) return common
  return concat(
    common,
    u32(block.at("votingEligibleAccountsCount").integer()),
    u64(block.at("harvestingEligibleAccountsCount").decimal()),
    u64(block.at("totalVotingBalance").decimal()),
    block.at("previousImportanceBlockHash").hex(32),
  )
}
