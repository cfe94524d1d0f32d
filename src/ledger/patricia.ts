/**
 * Proofs in a compact Patricia tree: what a key's value hashes to, or that the tree does not hold the key.
 *
 *     root ──branch──▶ branch ──▶ leaf        each node's hash is the link that led to it
 *
 * Walked from the demanded root down, link by link, so that neither a path of another tree nor a node beside the way
 * can stand for an answer. Source: symbol.md §6.2.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { sha3 } from "./sha3.ts"

const LEAF = 0xff
const BRANCH = 0x00
const EMPTY = new Uint8Array(32)

interface Node {
  /** One nibble an entry. */
  readonly path: readonly number[]
  readonly hash: Uint8Array
  /** Of a leaf. */
  readonly value?: Uint8Array
  /** Of a branch: 16 links, undefined where nothing hangs. */
  readonly links?: readonly (Uint8Array | undefined)[]
}

/**
 * Looks `key` (unhashed) up along the serialized nodes `raw`, root first.
 * @returns the hash of its value, or undefined when the tree is proven not to hold it
 * @throws {IntegrityError} when the nodes prove neither
 */
export function lookUp(root: Uint8Array, key: Uint8Array, raw: Uint8Array): Uint8Array | undefined {
  const nodes = parseNodes(raw)
  if (nodes.length === 0 && equal(root, EMPTY)) return undefined
  let wanted = nibblesOf(sha3(key))
  let expected: Uint8Array = root
  for (const [i, node] of nodes.entries()) {
    if (!equal(node.hash, expected)) throw new IntegrityError("a node is not the one linked to")
    const isLast = i === nodes.length - 1
    const fits = node.path.every((nibble, at) => wanted[at] === nibble)
    // Catapult goes on behind a branch that does not fit, but that branch has decided.
    if (!fits) return node.value ? requireLast(isLast) : undefined
    wanted = wanted.slice(node.path.length)
    if (node.value) {
      if (!isLast || wanted.length > 0) throw new IntegrityError("the path goes on behind its leaf")
      return node.value
    }
    const link = node.links?.[wanted[0] as number]
    if (!link) return requireLast(isLast)
    wanted = wanted.slice(1)
    expected = link
  }
  throw new IntegrityError("the path ends before it decides")
}

function requireLast(isLast: boolean): undefined {
  if (!isLast) throw new IntegrityError("the path goes on behind a dead end")
  return undefined
}

function parseNodes(raw: Uint8Array): Node[] {
  const nodes: Node[] = []
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > raw.length) throw new IntegrityError("the path is cut off")
    at += length
    return raw.subarray(at - length, at)
  }
  while (at < raw.length) {
    const marker = take(1)[0]
    const count = take(1)[0] as number
    const path = nibblesOf(take(Math.ceil(count / 2))).slice(0, count)
    if (marker === LEAF) {
      const value = take(32)
      nodes.push({ path, value, hash: sha3(encodePath(path, true), value) })
    } else if (marker === BRANCH) {
      const mask = take(2)
      const bits = (mask[0] as number) | ((mask[1] as number) << 8)
      const links = Array.from({ length: 16 }, (_, i) => (bits & (1 << i) ? take(32) : undefined))
      const hash = sha3(encodePath(path, false), ...links.map((link) => link ?? EMPTY))
      nodes.push({ path, links, hash })
    } else {
      throw new IntegrityError(`a node of unknown kind ${marker}`)
    }
  }
  return nodes
}

/** Flags and an odd first nibble in the first byte, then packed nibbles. */
function encodePath(path: readonly number[], isLeaf: boolean): Uint8Array {
  const odd = path.length % 2
  const bytes = [(isLeaf ? 0x20 : 0) | (odd ? 0x10 | (path[0] as number) : 0)]
  for (let i = odd; i < path.length; i += 2) {
    bytes.push(((path[i] as number) << 4) | (path[i + 1] as number))
  }
  return Uint8Array.from(bytes)
}

function nibblesOf(bytes: Uint8Array): number[] {
  return Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15])
}
