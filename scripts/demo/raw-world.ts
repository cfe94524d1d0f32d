/**
 * Chain and lake as anybody finds them: plain HTTP on the node and the stores, none of medlake's clients, nothing asked of the agent.
 *
 * @module
 */
import { fromHex, hex } from "../../src/base/bytes.ts"

/** A transfer as the node tells it. */
export interface RawTransfer {
  /** Hash of the aggregate, or its own. */
  readonly hash: string
  readonly index: number
  /** Public key, 32 bytes. */
  readonly signer: Uint8Array
  readonly recipient: Uint8Array
  readonly message: Uint8Array
}

interface RawEntry {
  readonly meta: {
    readonly hash?: string
    readonly aggregateHash?: string
    readonly index?: number
  }
  readonly transaction: {
    readonly type: number
    readonly signerPublicKey: string
    readonly recipientAddress?: string
    readonly message?: string
  }
}

const TRANSFER = 16724

/** Every transfer on the chain, embedded ones too. */
export async function everyTransfer(node: string): Promise<RawTransfer[]> {
  const found: RawTransfer[] = []
  for (let page = 1; ; page++) {
    const query = `embedded=true&pageSize=100&pageNumber=${page}&type=${TRANSFER}`
    const answer = await fetch(`${node}/transactions/confirmed?${query}`)
    if (!answer.ok) throw new Error(`the node answers with ${answer.status}`)
    const { data } = (await answer.json()) as { data: RawEntry[] }
    if (data.length === 0) return found
    for (const { meta, transaction } of data) {
      found.push({
        hash: meta.aggregateHash ?? meta.hash ?? "",
        index: meta.index ?? 0,
        signer: fromHex(transaction.signerPublicKey),
        recipient: fromHex(transaction.recipientAddress ?? ""),
        message: fromHex(transaction.message ?? ""),
      })
    }
  }
}

/** Everything that a store behind HTTP holds, by key. */
export async function everyObject(store: string): Promise<Map<string, Uint8Array>> {
  const objects = new Map<string, Uint8Array>()
  let after = ""
  for (;;) {
    const answer = await fetch(`${store}?limit=1000${after ? `&after=${after}` : ""}`)
    if (!answer.ok) throw new Error(`the store answers with ${answer.status}`)
    const { keys, next } = (await answer.json()) as { keys: { key: string }[]; next?: string }
    for (const { key } of keys) objects.set(key, await rawObject(store, key))
    if (next === undefined) return objects
    after = next
  }
}

/** One object, whole. */
export async function rawObject(store: string, key: string): Promise<Uint8Array> {
  const answer = await fetch(`${store}/${key}`)
  if (!answer.ok) throw new Error(`the store answers with ${answer.status}`)
  return new Uint8Array(await answer.arrayBuffer())
}

/** Bytes of one object from `start` to `end`. */
export async function* rawRange(store: string, key: string, start: number, end: number) {
  const headers = { range: `bytes=${start}-${end - 1}` }
  const answer = await fetch(`${store}/${key}`, { headers })
  if (!answer.ok) throw new Error(`the store answers with ${answer.status}`)
  yield new Uint8Array(await answer.arrayBuffer())
}

/** `HASH:index` */
export function nameOf({ hash, index }: RawTransfer): string {
  return `${hex(fromHex(hash)).toUpperCase()}:${index}`
}
