/**
 * SHA3-256 and the merkle trees over it (symbol.md §5.4, §6.1).
 *
 * @module
 */
import { createHash } from "node:crypto"

/** 32 zero bytes: the root of nothing. */
export const ZERO_HASH = Buffer.alloc(32)

/** SHA3-256 over the joined pieces. */
export function sha3(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha3-256")
  for (const piece of pieces) hash.update(piece)
  return hash.digest()
}

/** Root over leaves; an odd level repeats its last hash, no leaf gives zeros. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  let level = leaves
  while (level.length > 1) level = above(level)
  return level[0] ?? ZERO_HASH
}

/** One step of an audit path. */
export interface MerkleStep {
  readonly hash: Buffer
  readonly position: "left" | "right"
}

/** Audit path of leaf `index`: fold with `H(item ‖ w)` for left, `H(w ‖ item)` for right. */
export function merklePath(leaves: readonly Buffer[], index: number): MerkleStep[] {
  const path: MerkleStep[] = []
  let level = leaves
  for (let at = index; level.length > 1; at >>= 1) {
    const isRight = at % 2 === 1
    const sibling = level[isRight ? at - 1 : at + 1] ?? level[at]
    path.push({ hash: sibling as Buffer, position: isRight ? "left" : "right" })
    level = above(level)
  }
  return path
}

function above(level: readonly Buffer[]): Buffer[] {
  const next: Buffer[] = []
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at] as Buffer
    next.push(sha3(left, level[at + 1] ?? left))
  }
  return next
}
