/**
 * Calendar trees: keys for time ranges (docs/FORMAT.md §1.3).
 *
 *     root ──HMAC 0/1──▶ … year … month … day … hour … slot (leaf) ──HKDF-Expand──▶ slot key
 *
 * Whoever holds a node derives all leaves below it and nothing else; a year, a month, a day or an hour is one node. Interior nodes and
 * leaves never encrypt. Source: Goldreich, Goldwasser, Micali (1986); reference/standards.md §3.5.
 *
 * @module
 */
import { concat, expectLength } from "../base/bytes.ts"
import { AccessDeniedError, InvalidInputError } from "../base/errors.ts"
import { hkdfExpand, labelInfo } from "../crypto/hkdf.ts"
import { hmacSha256 } from "../crypto/sha256.ts"
import type { Context } from "./context.ts"
import { leavesBelow, prefixCover, type TreePosition } from "./prefix-cover.ts"
import { nextSlot, requireSlot, SLOT_BITS, SLOT_END, type SlotRange } from "./slot.ts"

export { rangeOf, SLOT_END, type SlotRange, slotOf, slotStart } from "./slot.ts"

/** A subtree with its key (32 bytes). */
export interface TreeNode extends TreePosition {
  readonly key: Uint8Array
}

/** What a holder has of a tree: the root key (32 bytes), or the nodes granted. */
export type Tree = Uint8Array | readonly TreeNode[]

/** Bytes of an encoded node. */
export const NODE_LENGTH = 37

/**
 * The fewest positions that hold exactly the slots of `from` (inclusive) to `to` (exclusive), ascending.
 * @throws {InvalidInputError} when an end is outside the calendar, or the range ends before it begins
 */
export function cover(from: number, to: number): TreePosition[] {
  for (const end of [from, to]) {
    if (!Number.isInteger(end) || end < 0 || end > SLOT_END) {
      throw new InvalidInputError("an end of the range is outside the calendar")
    }
  }
  if (from > to) throw new InvalidInputError("the range ends before it begins")
  return prefixCover({ bits: SLOT_BITS, next: nextSlot }, from, to)
}

/** The nodes of a range, from the root key. */
export function coverNodes(rootKey: Uint8Array, { from, to }: SlotRange): TreeNode[] {
  return cover(from, to).map((position) => deriveNode(rootKey, position))
}

/**
 * The node at a position, from the root key or from a node above it.
 * @throws {AccessDeniedError} when the position is not below the node
 */
export function deriveNode(from: Uint8Array | TreeNode, position: TreePosition): TreeNode {
  const ancestor = from instanceof Uint8Array ? rootNode(from) : from
  requirePosition(position)
  if (position.depth < ancestor.depth || !holds(ancestor, position.prefix)) {
    throw new AccessDeniedError("the node does not lead there")
  }
  let key = ancestor.key
  for (let depth = ancestor.depth; depth < position.depth; depth++) {
    const bit = (position.prefix >> (SLOT_BITS - 1 - depth)) & 1
    key = hmacSha256(key, Uint8Array.of(bit))
  }
  return { depth: position.depth, prefix: position.prefix, key }
}

/** The node that holds a slot, or `undefined`. */
export function findNode(nodes: readonly TreeNode[], slot: number): TreeNode | undefined {
  return nodes.find((node) => holds(node, slot))
}

/**
 * The key of a slot in the list or the read tree.
 * @throws {AccessDeniedError} when no node holds the slot
 * @throws {InvalidInputError} when the number names no slot
 */
export function slotKey(
  tree: Tree,
  slot: number,
  purpose: "list" | "read",
  context: Context,
): Uint8Array {
  requireSlot(slot)
  const node = tree instanceof Uint8Array ? rootNode(tree) : findNode(tree, slot)
  if (!node) throw new AccessDeniedError("no granted time range holds this slot")
  const day = knownDay(node, slot)
  const leaf = deriveNode(day, { depth: SLOT_BITS, prefix: slot })
  return hkdfExpand(leaf.key, labelInfo(`${purpose}-slot`, context), 32)
}

/** Depth of the nodes that are days: 12 bits of year, 4 of month, 5 of day. */
const DAY_DEPTH = 21
const MONTH_DEPTH = 16
/** Nodes kept below one node at most; a holder of the node may derive them all anyway. */
const KNOWN_LIMIT = 8192
/** Months and days once derived, by the key of the node they were derived from, its depth, and their place. */
const known = new WeakMap<Uint8Array, Map<number, TreeNode>>()

/** The day of a slot below a node, or the node itself where it lies deeper. Records of one vault share days and months. */
function knownDay(node: TreeNode, slot: number): TreeNode {
  const below = known.get(node.key) ?? new Map<number, TreeNode>()
  known.set(node.key, below)
  let from = node
  for (const depth of [MONTH_DEPTH, DAY_DEPTH]) {
    if (node.depth >= depth) continue
    const prefix = slot - (slot % leavesBelow(SLOT_BITS, depth))
    const place = (node.depth * (SLOT_BITS + 1) + depth) * SLOT_END + prefix
    const found = below.get(place) ?? deriveNode(from, { depth, prefix })
    if (below.size >= KNOWN_LIMIT) below.clear()
    below.set(place, found)
    from = found
  }
  return from
}

/** Depth u8 ‖ prefix u32 ‖ key: 37 bytes. */
export function encodeNode(node: TreeNode): Uint8Array {
  requirePosition(node)
  const head = new DataView(new ArrayBuffer(5))
  head.setUint8(0, node.depth)
  head.setUint32(1, node.prefix)
  return concat(new Uint8Array(head.buffer), expectLength("node key", node.key, 32))
}

/** @throws {InvalidInputError} when the bytes are no node */
export function parseNode(bytes: Uint8Array): TreeNode {
  expectLength("node", bytes, NODE_LENGTH)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const position = { depth: view.getUint8(0), prefix: view.getUint32(1) }
  requirePosition(position)
  return { ...position, key: bytes.slice(5) }
}

/**
 * Encoded nodes of one tree.
 * @throws {InvalidInputError} when they are not in ascending order, or one holds another
 */
export function encodeNodes(nodes: readonly TreeNode[]): Uint8Array[] {
  return requireApart(nodes).map(encodeNode)
}

/** @throws {InvalidInputError} as {@link encodeNodes} and {@link parseNode} */
export function parseNodes(encoded: readonly Uint8Array[]): TreeNode[] {
  return requireApart(encoded.map(parseNode))
}

function requireApart<T extends readonly TreePosition[]>(nodes: T): T {
  let end = 0
  for (const { depth, prefix } of nodes) {
    if (prefix < end)
      throw new InvalidInputError("the nodes of a grant overlap or are out of order")
    end = prefix + leavesBelow(SLOT_BITS, depth)
  }
  return nodes
}

function rootNode(key: Uint8Array): TreeNode {
  return { depth: 0, prefix: 0, key: expectLength("root key", key, 32) }
}

function holds(node: TreePosition, slot: number): boolean {
  return slot >= node.prefix && slot < node.prefix + leavesBelow(SLOT_BITS, node.depth)
}

function requirePosition({ depth, prefix }: TreePosition): void {
  const isPosition =
    Number.isInteger(depth) &&
    depth >= 0 &&
    depth <= SLOT_BITS &&
    Number.isInteger(prefix) &&
    prefix >= 0 &&
    prefix < SLOT_END &&
    prefix % leavesBelow(SLOT_BITS, depth) === 0
  if (!isPosition) throw new InvalidInputError("the bytes are no position in the calendar tree")
}
