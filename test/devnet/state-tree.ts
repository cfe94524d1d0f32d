/**
 * The state hash of a chain, computed from what REST tells and symbol.md §6.2, §6.4 alone: neither the devnet's trees nor
 * the client's take part.
 *
 * @module
 */
import { sha3, u16, u32, u64 } from "./wire.ts"

/** An entry of a cache: key before hashing, serialized value without its version. */
export interface Leaf {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

type Json = Readonly<Record<string, unknown>>
const VERSION = 1

export function hexBytes(text: unknown): Buffer {
  return Buffer.from(text as string, "hex")
}

const decimal = (text: unknown) => u64(BigInt(text as string))
const id = (text: unknown) => u64(BigInt(`0x${text as string}`))

/** Value of an account as REST tells it; `currency` (16 hex digits) stands first. */
export function accountLeaf(account: Json, currency: string): Leaf {
  const mosaics = (account["mosaics"] as { id: string; amount: string }[]).toSorted((a, b) => {
    const rank = (one: string) => (one === currency ? "" : one)
    return rank(a.id) < rank(b.id) ? -1 : 1
  })
  const key = hexBytes(account["address"])
  const value = [
    key,
    decimal(account["addressHeight"]),
    hexBytes(account["publicKey"]),
    decimal(account["publicKeyHeight"]),
    Buffer.of(0, 0, 0, 0), // type, format, key mask, voting keys
    u16(mosaics.length),
    ...mosaics.flatMap((one) => [id(one.id), decimal(one.amount)]),
  ]
  return { key, value: Buffer.concat(value) }
}

export function mosaicLeaf(mosaic: Json): Leaf {
  const key = id(mosaic["id"])
  const value = [
    key,
    decimal(mosaic["supply"]),
    decimal(mosaic["startHeight"]),
    hexBytes(mosaic["ownerAddress"]),
    u32(mosaic["revision"] as number),
    Buffer.of(mosaic["flags"] as number, mosaic["divisibility"] as number),
    decimal(mosaic["duration"]),
  ]
  return { key, value: Buffer.concat(value) }
}

export function multisigLeaf(multisig: Json): Leaf {
  const key = hexBytes(multisig["accountAddress"])
  const addresses = (name: string) => {
    const all = (multisig[name] as string[]).toSorted((a, b) => (a < b ? -1 : 1))
    return [u64(BigInt(all.length)), ...all.map(hexBytes)]
  }
  const value = [
    u32(multisig["minApproval"] as number),
    u32(multisig["minRemoval"] as number),
    key,
    ...addresses("cosignatoryAddresses"),
    ...addresses("multisigAddresses"),
  ]
  return { key, value: Buffer.concat(value) }
}

export function metadataLeaf(entry: Json): Leaf {
  const [source, target] = [hexBytes(entry["sourceAddress"]), hexBytes(entry["targetAddress"])]
  const scope = [source, target, id(entry["scopedMetadataKey"]), u64(0n), Buffer.of(0)]
  const content = hexBytes(entry["value"])
  const value = Buffer.concat([...scope, u16(content.length), content])
  return { key: sha3(...scope), value }
}

/** Hash that the tree holds for a value. */
export function valueHash({ value }: Leaf): Buffer {
  return sha3(u16(VERSION), value)
}

/** Root of the patricia tree over some entries; 32 zero bytes when there is none. */
export function rootOf(leaves: readonly Leaf[]): Buffer {
  const entries = leaves.map((leaf): [string, Buffer] => [
    sha3(leaf.key).toString("hex"),
    valueHash(leaf),
  ])
  return subtree(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    0,
  )
}

/** Entries are sorted and share their first `from` nibbles. */
function subtree(entries: readonly (readonly [string, Buffer])[], from: number): Buffer {
  const [first] = entries
  const last = entries.at(-1)
  if (!first || !last) return Buffer.alloc(32)
  if (first === last) return sha3(pathBytes(first[0].slice(from), 0x20), first[1])
  let end = from
  while (first[0][end] === last[0][end]) end += 1
  const links = Array.from({ length: 16 }, (_, nibble) => {
    const below = entries.filter(([path]) => path[end] === nibble.toString(16))
    return subtree(below, end + 1)
  })
  return sha3(pathBytes(first[0].slice(from, end), 0), ...links)
}

function pathBytes(path: string, kind: number): Buffer {
  const isOdd = path.length % 2 === 1
  const first = kind | (isOdd ? 0x10 | Number.parseInt(path[0] as string, 16) : 0)
  return Buffer.concat([Buffer.of(first), Buffer.from(isOdd ? path.slice(1) : path, "hex")])
}
