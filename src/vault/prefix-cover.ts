/**
 * The fewest subtrees of a binary tree that hold exactly the used leaves of a range.
 *
 * Some leaf codes are never used (month 13, hour 31), so a subtree may hold them freely. Among the subtrees that hold the same used leaves
 * the smallest is taken: "December" is the node of month 12, not of months 12 to 15. The result is unique.
 *
 * @module
 */

/** A subtree: `depth` levels below the root, beginning with leaf `prefix`. */
export interface TreePosition {
  readonly depth: number
  readonly prefix: number
}

/** A tree of 2^bits leaf codes; `next` is the first used code at or after one, 2^bits when there is none. */
export interface CodeSpace {
  readonly bits: number
  readonly next: (code: number) => number
}

/** Nodes in ascending order for the used codes of `from` (inclusive) to `to` (exclusive). */
export function prefixCover(space: CodeSpace, from: number, to: number): TreePosition[] {
  const found: TreePosition[] = []
  visit(space, { depth: 0, prefix: 0 }, from, to, found)
  return found
}

/** How many leaf codes a subtree holds. */
export function leavesBelow(bits: number, depth: number): number {
  return 2 ** (bits - depth)
}

function visit(
  space: CodeSpace,
  { depth, prefix }: TreePosition,
  from: number,
  to: number,
  found: TreePosition[],
): void {
  const end = prefix + leavesBelow(space.bits, depth)
  const isUsed = (first: number, last: number) => first < last && space.next(first) < last
  if (!isUsed(Math.max(prefix, from), Math.min(end, to))) return
  const half = leavesBelow(space.bits, depth + 1)
  const isForked = half >= 1 && isUsed(prefix, prefix + half) && isUsed(prefix + half, end)
  const reachesOut = isUsed(prefix, Math.min(end, from)) || isUsed(Math.max(prefix, to), end)
  if (!reachesOut && (isForked || half < 1)) {
    found.push({ depth, prefix })
    return
  }
  visit(space, { depth: depth + 1, prefix }, from, to, found)
  visit(space, { depth: depth + 1, prefix: prefix + half }, from, to, found)
}
