/**
 * `verify`: what is stored is what was anchored, checked to the last leaf without opening an image.
 *
 *     record ─▶ aggregate's merkle path ─▶ header ─ finality     manifest signature     every leaf of every blob against its hash
 *
 * @module
 */
import PQueue from "p-queue"
import type { BlobStore } from "../../storage/blob-store.ts"
import { askOnce } from "../base/ask-once.ts"
import { equal, hex } from "../base/bytes.ts"
import { IntegrityError, NotFoundError } from "../base/errors.ts"
import { LEAF_LENGTH } from "../cid/cid.ts"
import { sha256 } from "../crypto/sha256.ts"
import type { TransactionProof } from "../ledger/index.ts"
import type { ManifestBlob } from "../record/manifest.ts"
import type { RecordStanding } from "../record/standing.ts"
import type { LakeContext } from "./ports.ts"
import { isFound, type OpenedRecord } from "./records.ts"

/** Records that are verified at the same time; each holds a leaf in memory. */
const RECORDS_AT_ONCE = 8

/** What was found out about one record. */
export interface Verified {
  readonly name: string
  readonly standing: string
  readonly reasons: readonly string[]
  readonly height: number
  /** Whether the aggregate's merkle path leads to a header that its harvester signed. */
  readonly merkle: boolean
  /** Whether the block is final. */
  readonly final: boolean
  /** Whether the manifest opened, and with it the writer's signature. */
  readonly manifest: boolean
  readonly leaves: number
  /** Sentences about what is wrong in the lake; empty when every leaf is right. */
  readonly faults: readonly string[]
}

/** How to verify. */
export interface VerifyOptions {
  /** Told of bytes of ciphertext as they are read. */
  readonly onBytes?: (bytes: number) => void
  /** Told when another record is done. */
  readonly onRecord?: () => void
  readonly signal?: AbortSignal
}

/** Proves that the aggregate of a hash is in a block; undefined when nothing does. */
type Prove = (hash: Uint8Array) => Promise<TransactionProof | undefined>

/**
 * Verifies records as far as their keys are held, several at a time, and proves each aggregate once. A blob that is absent or broken is a
 * fault, an unreachable store an error. What comes back is in the order of the records.
 * @param finalizedHeight of the chain
 * @throws {StorageUnavailableError} when the lake does not answer
 * @throws {LedgerUnavailableError} when no node answers
 */
export async function verifyRecords(
  { ledger }: Pick<LakeContext, "ledger">,
  lake: BlobStore,
  records: readonly RecordStanding<OpenedRecord>[],
  finalizedHeight: number,
  options: VerifyOptions = {},
): Promise<Verified[]> {
  const proofs = new Map<string, ReturnType<Prove>>()
  const prove: Prove = (hash) => askOnce(proofs, hex(hash), () => proofOf(ledger, hash, options))
  const queue = new PQueue({ concurrency: RECORDS_AT_ONCE })
  const verifying = queue.addAll(
    records.map((one) => async () => {
      const verified = await verify(prove, lake, one, finalizedHeight, options)
      options.onRecord?.()
      return verified
    }),
  )
  return await verifying.finally(() => queue.clear())
}

async function proofOf(
  ledger: LakeContext["ledger"],
  hash: Uint8Array,
  { signal }: VerifyOptions,
): ReturnType<Prove> {
  return await ledger.proveTransaction(hash, signal).catch((error: unknown) => {
    if (error instanceof IntegrityError || error instanceof NotFoundError) return undefined
    throw error
  })
}

async function verify(
  prove: Prove,
  lake: BlobStore,
  { facts, name, standing, reasons }: RecordStanding<OpenedRecord>,
  finalizedHeight: number,
  options: VerifyOptions,
): Promise<Verified> {
  const { transfer, opened } = facts
  const height = Number(transfer.height)
  const proof = await prove(transfer.hash)
  const blobs = isFound(opened) ? opened.blobs : []
  const faults: string[] = []
  for (const [place, blob] of blobs.entries()) {
    const fault = await faultOf(lake, blob, options)
    if (fault !== undefined) faults.push(`blob ${place} (${blob.cid.toString()}): ${fault}`)
  }
  return {
    name,
    standing,
    reasons: reasons.map(({ sentence }) => sentence),
    height,
    merkle: proof?.block.height === height,
    final: height <= finalizedHeight,
    manifest: isFound(opened),
    leaves: blobs.reduce((sum, { leaves }) => sum + leaves.length / 32, 0),
    faults,
  }
}

/** Whether nothing speaks against a record. */
export function isWhole({ standing, merkle, manifest, faults }: Verified): boolean {
  return standing === "verified" && merkle && manifest && faults.length === 0
}

/** What is wrong with a blob, or undefined. */
async function faultOf(
  lake: BlobStore,
  { cid, size, leaves }: ManifestBlob,
  { onBytes, signal }: VerifyOptions,
): Promise<string | undefined> {
  const leaf = new Uint8Array(LEAF_LENGTH)
  let filled = 0
  let place = 0
  let seen = 0
  const isRight = () =>
    equal(sha256(leaf.subarray(0, filled)), leaves.subarray(32 * place, 32 * (place + 1)))
  try {
    for await (const piece of lake.get(cid.toString(), undefined, signal ? { signal } : {})) {
      onBytes?.(piece.length)
      seen += piece.length
      for (let used = 0; used < piece.length; ) {
        const part = piece.subarray(used, used + LEAF_LENGTH - filled)
        leaf.set(part, filled)
        filled += part.length
        used += part.length
        if (filled < LEAF_LENGTH) continue
        if (!isRight()) return `leaf ${place} has other bytes than were anchored`
        place += 1
        filled = 0
      }
    }
  } catch (error) {
    if (error instanceof NotFoundError) return "no store has it"
    if (error instanceof IntegrityError) return error.message
    throw error
  }
  if (filled > 0 && !isRight()) return `leaf ${place} has other bytes than were anchored`
  return seen === size ? undefined : `${seen} bytes are there instead of ${size}`
}
