/**
 * All transfers to one address, oldest first.
 *
 * @module
 */
import { base32, equal, expectLength, hex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type { MosaicAmount } from "./instruction.ts"
import type { Rest } from "./rest.ts"
import { parseTransfer } from "./rest-transaction.ts"
import type { RestValue } from "./rest-value.ts"

/** A transfer as a node tells it: `SymbolLedger.aggregate` and `proveTransaction` show whether it is true. */
export interface ChainTransfer {
  readonly height: number
  /** Hash of the aggregate that holds it, or its own. */
  readonly aggregateHash: Uint8Array
  /** Place in the aggregate, from 0; undefined for a transfer outside any. */
  readonly index: number | undefined
  /** Public key, 32 bytes. */
  readonly signer: Uint8Array
  readonly recipient: Uint8Array
  readonly mosaics: readonly MosaicAmount[]
  readonly message: Uint8Array
}

/** Which transfers: to `recipient` (address, 24 bytes), within heights, both ends included. */
export interface TransferQuery {
  readonly recipient: Uint8Array
  /** Of this signer only (public key, 32 bytes). */
  readonly signer?: Uint8Array
  readonly fromHeight?: number
  readonly toHeight?: number
  readonly signal?: AbortSignal
}

const PAGE_SIZE = 100
const TRANSFER = 16724

/**
 * Pages through confirmed transfers, embedded and not, in the order of the chain: by height, then by place in the block.
 * A block is held back until its last transfer was read, to be put in order; nothing else is buffered.
 * @throws {IntegrityError} when the node repeats an entry, goes back in height, or answers with what was not asked for
 */
export async function* readTransfers(
  rest: Rest,
  query: TransferQuery,
): AsyncGenerator<ChainTransfer> {
  let block: ChainTransfer[] = []
  for await (const transfer of pages(rest, query)) {
    const height = block[0]?.height ?? transfer.height
    if (transfer.height < height) throw new IntegrityError("the node's transfers go back in height")
    if (transfer.height > height) {
      yield* await inChainOrder(rest, block, query.signal)
      block = []
    }
    block.push(transfer)
  }
  yield* await inChainOrder(rest, block, query.signal)
}

async function* pages(rest: Rest, query: TransferQuery): AsyncGenerator<ChainTransfer> {
  const { recipient, fromHeight, toHeight, signal } = query
  const parameters = new URLSearchParams({
    recipientAddress: base32(expectLength("recipient", recipient, 24)),
    type: String(TRANSFER),
    embedded: "true",
    pageSize: String(PAGE_SIZE),
    order: "asc",
    ...(query.signer && {
      signerPublicKey: hex(expectLength("signer", query.signer, 32)).toUpperCase(),
    }),
    ...(fromHeight === undefined ? {} : { fromHeight: String(fromHeight) }),
    ...(toHeight === undefined ? {} : { toHeight: String(toHeight) }),
  })
  let last = ""
  for (;;) {
    const page = (await rest.get(`/transactions/confirmed?${parameters.toString()}`, signal))
      .at("data")
      .list()
    for (const entry of page) {
      const id = entry.at("id").text()
      if (id <= last) throw new IntegrityError("the node repeats a transfer in its pages")
      last = id
      const transfer = parseEntry(entry)
      if (!isAskedFor(transfer, query)) {
        throw new IntegrityError("the node answered with a transfer that was not asked for")
      }
      yield transfer
    }
    if (page.length < PAGE_SIZE) return
    parameters.set("offset", last)
  }
}

function parseEntry(entry: RestValue): ChainTransfer {
  const [meta, transaction] = [entry.at("meta"), entry.at("transaction")]
  const aggregateHash = meta.find("aggregateHash")?.hex(32)
  return {
    height: meta.at("height").count(),
    aggregateHash: aggregateHash ?? meta.at("hash").hex(32),
    index: aggregateHash && meta.at("index").integer(),
    signer: transaction.at("signerPublicKey").hex(32),
    ...parseTransfer(transaction),
  }
}

function isAskedFor(found: ChainTransfer, query: TransferQuery): boolean {
  const { recipient, signer, height } = found
  return (
    equal(recipient, query.recipient) &&
    (query.signer === undefined || equal(signer, query.signer)) &&
    height >= (query.fromHeight ?? 0) &&
    height <= (query.toHeight ?? Number.POSITIVE_INFINITY)
  )
}

/** Sorts the transfers of one block. REST pages by database id, which follows blocks but not places inside one. */
async function inChainOrder(
  rest: Rest,
  block: readonly ChainTransfer[],
  signal?: AbortSignal,
): Promise<ChainTransfer[]> {
  const hashes = new Set(block.map(({ aggregateHash }) => hex(aggregateHash).toUpperCase()))
  const places = new Map<string, number>()
  if (hashes.size > 1) {
    for (const hash of hashes) {
      const answer = await rest.get(`/transactions/confirmed/${hash}`, signal)
      places.set(hash, answer.at("meta").at("index").integer())
    }
  }
  const placeOf = ({ aggregateHash }: ChainTransfer) =>
    places.get(hex(aggregateHash).toUpperCase()) ?? 0
  return block.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.index ?? 0) - (b.index ?? 0))
}
