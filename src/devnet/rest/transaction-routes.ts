/**
 * Routes about transactions: announcing, reading, searching (symbol.md §9.4, §9.5).
 *
 * @module
 */
import { addressHex, hexOf } from "../account.ts"
import type { Chain } from "../chain.ts"
import { parsePartId } from "../parts.ts"
import type { ConfirmedTransaction, PartRow } from "../rows.ts"
import type { Transaction } from "../transaction.ts"
import {
  fieldOf,
  hashOf,
  invalid,
  listOf,
  malformed,
  missing,
  page,
  pageOf,
  pagingOf,
  RestError,
  type RestRequest,
} from "./request.ts"
import { embeddedShape, type Place, transactionShape } from "./shapes.ts"
import { filtersOf, searchConfirmed, searchWaiting } from "./transaction-search.ts"

type Group = "confirmed" | "unconfirmed" | "partial"

/** Takes a payload; says nothing on whether it is good (symbol.md §7.1). */
export function announce({ chain, body }: RestRequest) {
  const payload = (body as { payload?: unknown } | null)?.payload
  if (typeof payload !== "string" || !/^(?:[0-9A-Fa-f]{2})+$/.test(payload)) {
    throw malformed("payload")
  }
  chain.submit(Buffer.from(payload, "hex"))
  return { message: "packet 9 was pushed to the network via /transactions" }
}

export function transactionById({ chain, parameters }: RestRequest) {
  const [group, id = ""] = parameters
  const found = find(chain, groupOf(group), idOf(id))
  if (!found) throw missing(id)
  return found
}

export function transactionsById({ chain, parameters, body }: RestRequest) {
  const group = groupOf(parameters[0])
  const byId = fieldOf(body, "transactionIds") !== undefined
  if (byId === (fieldOf(body, "hashes") !== undefined)) {
    throw invalid("either ids or hashes must be provided")
  }
  const ids = listOf(body, byId ? "transactionIds" : "hashes", idOf)
  return ids.flatMap((id) => find(chain, group, id) ?? [])
}

export function status({ chain, parameters }: RestRequest) {
  const hash = hashOf(parameters[0] ?? "", "hash")
  const found = statusOf(chain, hash)
  if (!found) throw missing(parameters[0] ?? "")
  return found
}

export function statuses({ chain, body }: RestRequest) {
  const hashes = listOf(body, "hashes", (text) => hashOf(text, "hashes"))
  return hashes.flatMap((hash) => statusOf(chain, hash) ?? [])
}

export function search({ chain, parameters, query }: RestRequest) {
  const group = groupOf(parameters[0])
  const filters = filtersOf(query)
  const paging = pagingOf(query)
  if (group === "partial") return page([], paging)
  if (group === "unconfirmed") {
    const waiting = searchWaiting(chain, filters)
    return pageOf(
      waiting.map((one) => transactionShape(one, undefined, false)),
      paging,
    )
  }
  const rows = searchConfirmed(chain, filters, paging)
  return page(
    rows.flatMap((row) => partShape(chain, row, false) ?? []),
    paging,
  )
}

function groupOf(text: string | undefined): Group {
  if (text === "confirmed" || text === "unconfirmed" || text === "partial") return text
  throw new RestError(404, "NotFound", "")
}

/** A hash or a database id. */
function idOf(text: string): string {
  if (text.length === 64) return hexOf(hashOf(text, "transactionId"))
  if (text.length !== 24) throw invalid(`invalid length of transaction id '${text}'`)
  if (!parsePartId(text)) throw malformed("transactionId")
  return text
}

function find(chain: Chain, group: Group, id: string) {
  const isHash = id.length === 64
  if (group === "unconfirmed") {
    const waiting = isHash ? chain.pooled(Buffer.from(id, "hex")) : undefined
    return waiting && transactionShape(waiting, undefined, true)
  }
  if (group === "partial") return undefined
  if (isHash) {
    const found = chain.store.transaction(Buffer.from(id, "hex"), chain.genesis.seed)
    return found && transactionShape(found.transaction, placeOf(chain, found), true)
  }
  const at = parsePartId(id)
  return at && partShape(chain, at, true)
}

function statusOf(chain: Chain, hash: Buffer) {
  const shape = (group: string, code: string, deadline: bigint) => ({
    group,
    code,
    hash: hexOf(hash),
    deadline: deadline.toString(),
  })
  const confirmed = chain.store.transaction(hash, chain.genesis.seed)
  if (confirmed) {
    const { transaction, height } = confirmed
    return { ...shape("confirmed", "Success", transaction.deadline), height: String(height) }
  }
  const waiting = chain.pooled(hash)
  if (waiting) return { ...shape("unconfirmed", "Success", waiting.deadline), height: "0" }
  const failed = chain.store.status(hash)
  return failed && shape("failed", failed.code, failed.deadline)
}

function partShape(
  chain: Chain,
  { height, place, part }: Pick<PartRow, "height" | "place" | "part">,
  whole: boolean,
) {
  const found = chain.store.transactionAt(height, place, chain.genesis.seed)
  if (!found) return undefined
  const at = placeOf(chain, found)
  if (part === 0) return transactionShape(found.transaction, at, whole)
  const { body } = found.transaction
  const exists = body.kind === "aggregate" && part <= body.transactions.length
  return exists ? embeddedShape(found.transaction, part - 1, at) : undefined
}

function placeOf(chain: Chain, { height, place }: ConfirmedTransaction): Place {
  const stored = chain.store.block(height)
  if (!stored) throw new Error(`block ${height} is missing`)
  return { block: stored.block, place }
}

/** Address (hex) of a transaction's signer, to which its status is told. */
export function statusAddress({ signer }: Transaction): string {
  return addressHex(signer)
}
