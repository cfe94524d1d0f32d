/**
 * The names of blobs: CIDs of `unixfs-v1-2025` (IPIP-499), and the blocks behind them.
 *
 *     ≤ 1 MiB: one raw leaf is the root        more: root (dag-pb) ─▶ at most 1024 nodes or raw leaves of 1 MiB each
 *
 * @module
 */
import * as dagPb from "@ipld/dag-pb"
import { UnixFS } from "ipfs-unixfs"
import { CID } from "multiformats/cid"
import { create } from "multiformats/hashes/digest"
import { IntegrityError } from "../src/base/errors.ts"
import { sha256 } from "../src/crypto/sha256.ts"

/** Length of a leaf in bytes. */
export const LEAF = 1 << 20

const LINKS = 1024
const RAW = 0x55
const SHA2_256 = 0x12

/** A block above the leaves. */
export interface DagNode {
  readonly key: string
  readonly bytes: Uint8Array
}

interface Child {
  readonly cid: CID
  /** Bytes of the file below. */
  readonly fileSize: number
  /** Bytes of all blocks below, this one included. */
  readonly dagSize: number
}

/**
 * The root of a file of `size` bytes from the SHA-256 digests of its leaves, and the nodes between, children first.
 * @throws {IntegrityError} another number of leaves than the size has
 */
export function dagOf(
  leaves: readonly Uint8Array[],
  size: number,
): { readonly key: string; readonly nodes: readonly DagNode[] } {
  const count = Math.max(1, Math.ceil(size / LEAF))
  if (leaves.length !== count) {
    throw new IntegrityError(`${size} bytes have ${count} leaves, not ${leaves.length}`)
  }
  const nodes: DagNode[] = []
  let level: Child[] = leaves.map((digest, index) => {
    const length = Math.min(LEAF, size - index * LEAF)
    return { cid: cidOf(RAW, digest), fileSize: length, dagSize: length }
  })
  while (level.length > 1) {
    const above: Child[] = []
    for (let at = 0; at < level.length; at += LINKS) {
      above.push(nodeOver(level.slice(at, at + LINKS), nodes))
    }
    level = above
  }
  return { key: String(level[0]?.cid), nodes }
}

function nodeOver(children: readonly Child[], nodes: DagNode[]): Child {
  const sizes = children.map(({ fileSize }) => BigInt(fileSize))
  const Data = new UnixFS({ type: "file", blockSizes: sizes }).marshal()
  const Links = children.map(({ cid, dagSize }) => ({ Name: "", Tsize: dagSize, Hash: cid }))
  const bytes = dagPb.encode(dagPb.prepare({ Data, Links }))
  const cid = cidOf(dagPb.code, sha256(bytes))
  nodes.push({ key: cid.toString(), bytes })
  return {
    cid,
    fileSize: children.reduce((sum, { fileSize }) => sum + fileSize, 0),
    dagSize: children.reduce((sum, { dagSize }) => sum + dagSize, bytes.length),
  }
}

/** The key of one leaf with this digest. */
export function leafKey(digest: Uint8Array): string {
  return cidOf(RAW, digest).toString()
}

/** What kind of root a key names; `undefined` when it is not a name of this profile in base32. */
export function rootKind(key: string): "leaf" | "node" | undefined {
  try {
    const cid = CID.parse(key)
    const ours = cid.version === 1 && cid.multihash.code === SHA2_256 && cid.toString() === key
    if (!ours) return undefined
    if (cid.code === RAW) return "leaf"
    return cid.code === dagPb.code ? "node" : undefined
  } catch {
    return undefined
  }
}

/** The length in bytes of the file under a dag-pb root; `undefined` when the block is not one of a file. */
export function fileSizeOf(root: Uint8Array): number | undefined {
  try {
    const { Data } = dagPb.decode(root)
    const node = Data === undefined ? undefined : UnixFS.unmarshal(Data)
    return node?.type === "file" ? Number(node.fileSize()) : undefined
  } catch {
    return undefined
  }
}

function cidOf(codec: number, digest: Uint8Array): CID {
  return CID.createV1(codec, create(SHA2_256, digest))
}
