/**
 * A patricia tree over the nibbles of hashed keys: the root of one cache of the state, and proofs of its entries (symbol.md §6.2).
 *
 *     leaf H(path ‖ value hash)        branch H(path ‖ 16 links)        path: flags (0x20 leaf, 0x10 odd) and packed nibbles
 *
 * Hashes are kept in the nodes and thrown away along changed paths only.
 *
 * @module
 */
import { sha3, ZERO_HASH } from "./hash.ts"

const LEAF_MARKER = 0xff
const BRANCH_MARKER = 0

interface Leaf {
  readonly kind: "leaf"
  path: string
  value: Buffer
  hash: Buffer | undefined
}

interface Branch {
  readonly kind: "branch"
  path: string
  links: (Node | undefined)[]
  hash: Buffer | undefined
}

type Node = Leaf | Branch

/** See the module. Keys and values are 32-byte hashes. */
export class PatriciaTree {
  #root: Node | undefined

  /** 32 zero bytes when empty. */
  root(): Buffer {
    return this.#root ? hashOf(this.#root) : ZERO_HASH
  }

  /** Sets, or with `undefined` removes, the value of a key. */
  set(key: Buffer, value: Buffer | undefined): void {
    const path = key.toString("hex")
    this.#root = value ? insert(this.#root, path, value) : remove(this.#root, path)
  }

  /** Serialized nodes from the root towards a key: to its leaf, or to where it would be. */
  prove(key: Buffer): Buffer {
    return Buffer.concat(this.#walk(key).map(serialize))
  }

  /** The same nodes as REST describes them beside their bytes. */
  describe(key: Buffer): object[] {
    return this.#walk(key).map(describeNode)
  }

  #walk(key: Buffer): Node[] {
    const nodes: Node[] = []
    let rest = key.toString("hex")
    let node = this.#root
    while (node) {
      nodes.push(node)
      if (node.kind === "leaf" || !rest.startsWith(node.path)) break
      const nibble = Number.parseInt(rest[node.path.length] ?? "", 16)
      rest = rest.slice(node.path.length + 1)
      node = node.links[nibble]
    }
    return nodes
  }
}

function insert(node: Node | undefined, path: string, value: Buffer): Node {
  if (!node) return { kind: "leaf", path, value, hash: undefined }
  const shared = commonPrefix(node.path, path)
  if (node.kind === "leaf" && shared === path.length) {
    return { kind: "leaf", path, value, hash: undefined }
  }
  if (node.kind === "branch" && shared === node.path.length) {
    const nibble = Number.parseInt(path[shared] ?? "", 16)
    node.links[nibble] = insert(node.links[nibble], path.slice(shared + 1), value)
    node.hash = undefined
    return node
  }
  const links: (Node | undefined)[] = Array.from({ length: 16 }, () => undefined)
  links[Number.parseInt(node.path[shared] ?? "", 16)] = withPath(node, node.path.slice(shared + 1))
  const leaf: Leaf = { kind: "leaf", path: path.slice(shared + 1), value, hash: undefined }
  links[Number.parseInt(path[shared] ?? "", 16)] = leaf
  return { kind: "branch", path: path.slice(0, shared), links, hash: undefined }
}

function remove(node: Node | undefined, path: string): Node | undefined {
  if (!node) return undefined
  if (node.kind === "leaf") return node.path === path ? undefined : node
  if (!path.startsWith(node.path)) return node
  const nibble = Number.parseInt(path[node.path.length] ?? "", 16)
  node.links[nibble] = remove(node.links[nibble], path.slice(node.path.length + 1))
  node.hash = undefined
  const left = node.links.flatMap((link, i) => (link ? [{ link, i }] : []))
  const [only] = left
  if (left.length > 1 || !only) return only ? node : undefined
  return withPath(only.link, node.path + only.i.toString(16) + only.link.path)
}

function withPath(node: Node, path: string): Node {
  return { ...node, path, hash: undefined }
}

function commonPrefix(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

function hashOf(node: Node): Buffer {
  node.hash ??=
    node.kind === "leaf"
      ? sha3(encodePath(node), node.value)
      : sha3(encodePath(node), ...node.links.map((link) => (link ? hashOf(link) : ZERO_HASH)))
  return node.hash
}

/** Flags and nibbles of a path as they are hashed. */
function encodePath({ kind, path }: Node): Buffer {
  const isOdd = path.length % 2 === 1
  const flags = (kind === "leaf" ? 0x20 : 0) | (isOdd ? 0x10 : 0)
  const first = flags | (isOdd ? Number.parseInt(path[0] ?? "", 16) : 0)
  return Buffer.concat([Buffer.of(first), Buffer.from(isOdd ? path.slice(1) : path, "hex")])
}

function describeNode(node: Node): object {
  const common = {
    type: node.kind === "leaf" ? LEAF_MARKER : BRANCH_MARKER,
    path: node.path.toUpperCase(),
    encodedPath: upper(encodePath(node)),
    nibbleCount: node.path.length,
  }
  if (node.kind === "leaf")
    return { ...common, value: upper(node.value), leafHash: upper(hashOf(node)) }
  const links = node.links.flatMap((link, i) =>
    link ? [{ bit: i.toString(16).toUpperCase(), link: upper(hashOf(link)) }] : [],
  )
  const linkMask = maskOf(node).toString(16).toUpperCase().padStart(4, "0")
  return { ...common, linkMask, links, branchHash: upper(hashOf(node)) }
}

function maskOf({ links }: Branch): number {
  return links.reduce((bits, link, i) => (link ? bits | (1 << i) : bits), 0)
}

function upper(bytes: Buffer): string {
  return bytes.toString("hex").toUpperCase()
}

/** As `raw` of a `/merkle` route holds a node: leaf FF, branch 00; count of nibbles; packed path; links by mask, or value. */
function serialize(node: Node): Buffer {
  const packed = Buffer.from(node.path.length % 2 === 0 ? node.path : `${node.path}0`, "hex")
  const head = Buffer.concat([
    Buffer.of(node.kind === "leaf" ? LEAF_MARKER : BRANCH_MARKER, node.path.length),
    packed,
  ])
  if (node.kind === "leaf") return Buffer.concat([head, node.value])
  const mask = Buffer.alloc(2)
  mask.writeUInt16LE(maskOf(node))
  return Buffer.concat([head, mask, ...node.links.flatMap((link) => (link ? [hashOf(link)] : []))])
}
