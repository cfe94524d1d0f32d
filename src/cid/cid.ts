/**
 * Names of bytes: CIDv1 with sha2-256 (docs/FORMAT.md §2).
 *
 * @module
 */
import { CID } from "multiformats/cid"
import { create } from "multiformats/hashes/digest"
import { InvalidInputError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"

/** Bytes of a leaf, and of the largest small object. */
export const LEAF_LENGTH = 1 << 20

/** Multicodec codes (multiformats table). */
export const RAW = 0x55
export const DAG_PB = 0x70
const SHA2_256 = 0x12

/** The CID of a block with this SHA-256 digest. */
export function cidOfDigest(codec: number, digest: Uint8Array): CID {
  return CID.createV1(codec, create(SHA2_256, digest))
}

/**
 * The name of a small object: its one raw leaf.
 * @throws {InvalidInputError} when it is larger than a leaf
 */
export function cidOfBytes(bytes: Uint8Array): CID {
  if (bytes.length > LEAF_LENGTH) {
    throw new InvalidInputError(`an object of ${bytes.length} bytes is larger than a leaf of 1 MiB`)
  }
  return cidOfDigest(RAW, sha256(bytes))
}

/**
 * A name as it is written in URLs and stores: base32, lower case.
 * @throws {InvalidInputError} when it is none, or not the one spelling of it
 */
export function parseCid(text: string): CID {
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch (cause) {
    throw new InvalidInputError("the name is no CID", { cause })
  }
  const ours = cid.version === 1 && cid.multihash.code === SHA2_256 && cid.toString() === text
  if (!ours || (cid.code !== RAW && cid.code !== DAG_PB)) {
    throw new InvalidInputError("the name is no CIDv1 of a raw leaf or dag-pb root with sha2-256")
  }
  return cid
}

/** What a name as {@link parseCid} takes it names: one raw leaf, or a dag-pb node; `undefined` when it is no such name. */
export function rootKind(text: string): "leaf" | "node" | undefined {
  try {
    return parseCid(text).code === RAW ? "leaf" : "node"
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined
    throw error
  }
}
