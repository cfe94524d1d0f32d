/**
 * Routes about transactions: announcing, reading, searching (symbol.md §9.4, §9.5).
 *
 * @module
 */
import { addressHex, hexOf } from "../account.ts"
import type { Chain } from "../chain.ts"
import { involvedIn, parsePartId } from "../parts.ts"
import type { ConfirmedTransaction, PartRow } from "../rows.ts"
import type { Transaction } from "../transaction.ts"
import {
  addressOfText,
  countOf,
  hashOf,
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
  const found = find(chain, groupOf(group), id)
  if (!found) throw missing(id)
  return found
}

export function transactionsById({ chain, parameters, body }: RestRequest) {
  const group = groupOf(parameters[0])
  return listOf(body, "transactionIds").flatMap((id) => find(chain, group, id) ?? [])
}

export function status({ chain, parameters }: RestRequest) {
  const hash = hashOf(parameters[0] ?? "", "hash")
  const found = statusOf(chain, hash)
  if (!found) throw missing(parameters[0] ?? "")
  return found
}

export function statuses({ chain, body }: RestRequest) {
  return listOf(body, "hashes").flatMap((text) => statusOf(chain, hashOf(text, "hashes")) ?? [])
}

export function search(request: RestRequest) {
  const group = groupOf(request.parameters[0])
  if (group === "partial") return page([], pagingOf(request.query))
  return group === "confirmed" ? searchConfirmed(request) : searchWaiting(request)
}

function groupOf(text: string | undefined): Group {
  if (text === "confirmed" || text === "unconfirmed" || text === "partial") return text
  throw new RestError(404, "NotFound", "")
}

function find(chain: Chain, group: Group, id: string) {
  const isHash = id.length === 64
  if (isHash) hashOf(id, "transactionId")
  else if (!parsePartId(id)) throw malformed("transactionId")
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

function searchConfirmed({ chain, query }: RestRequest) {
  const paging = pagingOf(query)
  const where: string[] = []
  const values: unknown[] = []
  const add = (condition: string, ...bound: unknown[]) => {
    where.push(condition)
    values.push(...bound)
  }
  const address = query.get("address")
  const signer = query.get("signerPublicKey")
  const recipient = query.get("recipientAddress")
  if (address !== null && (signer !== null || recipient !== null)) {
    const message =
      "can't filter by address if signerPublicKey or recipientAddress are already provided"
    throw new RestError(409, "InvalidArgument", message)
  }
  if (query.get("embedded") !== "true" || address !== null) add("part = 0")
  if (address !== null) {
    const involved =
      "SELECT 1 FROM involved i WHERE i.address = ? AND i.height = part.height AND i.place = part.place"
    add(`EXISTS (${involved})`, addressOfText(address, "address"))
  }
  if (signer !== null) add("signer = ?", hexOf(hashOf(signer, "signerPublicKey")))
  if (recipient !== null) add("recipient = ?", addressOfText(recipient, "recipientAddress"))
  const types = query.getAll("type").map(Number)
  if (types.length > 0) add(`type IN (${types.map(() => "?").join(",")})`, ...types)
  for (const [name, operator] of HEIGHT_FILTERS) {
    const height = countOf(query, name)
    if (height !== undefined) add(`height ${operator} ?`, height)
  }
  const { offset, descending, pageSize, pageNumber } = paging
  if (offset !== undefined) {
    if (!parsePartId(offset)) throw malformed("offset")
    add(`id ${descending ? "<" : ">"} ?`, offset.toUpperCase())
  }
  const sql = `SELECT * FROM part ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
    ORDER BY id ${descending ? "DESC" : "ASC"} LIMIT ? OFFSET ?`
  const rows = chain.store.rows(sql, ...values, pageSize, (pageNumber - 1) * pageSize)
  const shapes = (rows as unknown as PartRow[]).flatMap((row) => partShape(chain, row, false) ?? [])
  return page(
    shapes.filter((shape) => isMosaicWanted(shape, query)),
    paging,
  )
}

const HEIGHT_FILTERS = [
  ["height", "="],
  ["fromHeight", ">="],
  ["toHeight", "<="],
] as const

function isMosaicWanted(shape: { readonly transaction: object }, query: URLSearchParams): boolean {
  const id = query.get("transferMosaicId")
  if (id === null) return true
  const { mosaics } = shape.transaction as { mosaics?: { id: string; amount: string }[] }
  const amount = BigInt(mosaics?.find((one) => one.id === id.toUpperCase())?.amount ?? -1n)
  const from = BigInt(query.get("fromTransferAmount") ?? 0)
  return amount >= from && amount <= BigInt(query.get("toTransferAmount") ?? amount)
}

function searchWaiting({ chain, query }: RestRequest) {
  const address = query.get("address")
  const wanted = address === null ? undefined : addressOfText(address, "address")
  const signer = query.get("signerPublicKey")?.toUpperCase()
  const types = new Set(query.getAll("type").map(Number))
  const isWanted = (one: Transaction) =>
    (wanted === undefined || involvedIn(one, chain.genesis.sink).includes(wanted)) &&
    (signer === undefined || hexOf(one.signer) === signer) &&
    (types.size === 0 || types.has(one.type))
  const shapes = [...chain.pool()]
    .filter(isWanted)
    .map((one) => transactionShape(one, undefined, false))
  return pageOf(shapes, pagingOf(query))
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
