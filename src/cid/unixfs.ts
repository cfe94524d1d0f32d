/**
 * Roots of blobs by the profile `unixfs-v1-2025` (IPIP-499): raw leaves of 1 MiB under balanced dag-pb nodes of 1024 links.
 *
 *     one leaf: it is the root        more: root (dag-pb) ─▶ at most 1024 nodes or leaves, all leaves at one depth
 *
 * Works on digests alone, 32 bytes a MiB: whoever sealed or received the leaves has them already.
 *
 * @module
 */
import { decode, encode, prepare } from "@ipld/dag-pb"
import { UnixFS } from "ipfs-unixfs"
import type { CID } from "multiformats/cid"
import { IntegrityError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"
import { cidOfDigest, DAG_PB, LEAF_LENGTH, RAW } from "./cid.ts"

const MAX_LINKS = 1024

/** A dag-pb block above the leaves. */
export interface DagNode {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** A blob's name and the blocks that lead from it to the leaves, children first. */
export interface Dag {
  readonly root: CID
  readonly nodes: readonly DagNode[]
}

interface Child {
  readonly cid: CID
  /** Bytes of the file below. */
  readonly fileSize: number
  /** Bytes of all blocks below, this one included. */
  readonly dagSize: number
}

/** How many leaves a blob of `size` bytes has; an empty one has an empty leaf. */
export function leafCount(size: number): number {
  return Math.max(1, Math.ceil(size / LEAF_LENGTH))
}

/**
 * The dag over leaves with these SHA-256 digests.
 * @param size bytes of the whole blob
 * @throws {IntegrityError} when a blob of that size has another number of leaves
 */
export function dagOfLeaves(leaves: readonly Uint8Array[], size: number): Dag {
  if (leaves.length !== leafCount(size)) {
    throw new IntegrityError(`${size} bytes have ${leafCount(size)} leaves, not ${leaves.length}`)
  }
  const nodes: DagNode[] = []
  let level: Child[] = leaves.map((digest, index) => {
    const length = Math.min(LEAF_LENGTH, size - index * LEAF_LENGTH)
    return { cid: cidOfDigest(RAW, digest), fileSize: length, dagSize: length }
  })
  while (level.length > 1) {
    const above: Child[] = []
    for (let at = 0; at < level.length; at += MAX_LINKS) {
      above.push(nodeOver(level.slice(at, at + MAX_LINKS), nodes))
    }
    level = above
  }
  return { root: (level[0] as Child).cid, nodes }
}

/** The length in bytes of the file under a dag-pb root; `undefined` when the block is not one of a file. */
export function fileSizeOf(root: Uint8Array): number | undefined {
  try {
    const { Data } = decode(root)
    const node = Data === undefined ? undefined : UnixFS.unmarshal(Data)
    return node?.type === "file" ? Number(node.fileSize()) : undefined
  } catch {
    return undefined
  }
}

function nodeOver(children: readonly Child[], nodes: DagNode[]): Child {
  const blockSizes = children.map(({ fileSize }) => BigInt(fileSize))
  const Data = new UnixFS({ type: "file", blockSizes }).marshal()
  const Links = children.map(({ cid, dagSize }) => ({ Name: "", Tsize: dagSize, Hash: cid }))
  const bytes = encode(prepare({ Data, Links }))
  const cid = cidOfDigest(DAG_PB, sha256(bytes))
  nodes.push({ cid, bytes })
  return {
    cid,
    fileSize: children.reduce((sum, { fileSize }) => sum + fileSize, 0),
    dagSize: children.reduce((sum, { dagSize }) => sum + dagSize, bytes.length),
  }
}
