/**
 * Transaction search (symbol.md §9.5).
 *
 * @module
 */
import { hexOf, idHex } from "../account.ts"
import type { Chain } from "../chain.ts"
import { involvedIn, parsePartId, partsOf } from "../parts.ts"
import type { PartRow } from "../rows.ts"
import type { Transaction } from "../transaction.ts"
import {
  addressOfText,
  elementsOf,
  hashOf,
  invalid,
  malformed,
  numberOf,
  type Paging,
  uintOf,
} from "./request.ts"

/** What a search asks for; addresses, keys and ids in hex. */
export interface Filters {
  readonly address: string | undefined
  readonly signer: string | undefined
  readonly recipient: string | undefined
  readonly types: readonly number[]
  readonly embedded: boolean
  readonly height: number | undefined
  readonly fromHeight: number | undefined
  readonly toHeight: number | undefined
  readonly mosaic: MosaicFilter | undefined
}

/** Transfers of a mosaic, within amounts. */
interface MosaicFilter {
  readonly id: string
  readonly from: bigint
  readonly to: bigint
}

const MAX_AMOUNT = 2n ** 64n - 1n
const HEIGHT_FILTERS = [
  ["height", "="],
  ["fromHeight", ">="],
  ["toHeight", "<="],
] as const

/** Reads the filters of a query. */
export function filtersOf(query: URLSearchParams): Filters {
  const read = <T>(name: string, parse: (text: string, name: string) => T): T | undefined => {
    const text = query.get(name)
    return text === null ? undefined : parse(text, name)
  }
  const [address, signer, recipient] = ["address", "signerPublicKey", "recipientAddress"].map(
    (name) => query.get(name),
  )
  if (address !== null && (signer !== null || recipient !== null)) {
    throw invalid(
      "can't filter by address if signerPublicKey or recipientAddress are already provided",
    )
  }
  return {
    address: read("address", addressOfText),
    signer: read("signerPublicKey", (text, name) => hexOf(hashOf(text, name))),
    recipient: read("recipientAddress", addressOfText),
    types: elementsOf(query.getAll("type"), "type", (text) => uintOf(text, "type")),
    // With an address embedded transactions are never results of their own.
    embedded: read("embedded", booleanOf) === true && address === null,
    height: numberOf(query, "height"),
    fromHeight: numberOf(query, "fromHeight"),
    toHeight: numberOf(query, "toHeight"),
    mosaic: mosaicFilterOf(query),
  }
}

function booleanOf(text: string, name: string): boolean {
  if (text !== "true" && text !== "false") throw malformed(name)
  return text === "true"
}

function mosaicFilterOf(query: URLSearchParams): MosaicFilter | undefined {
  const id = query.get("transferMosaicId")
  const [from, to] = ["fromTransferAmount", "toTransferAmount"].map((name) => {
    const text = query.get(name)
    if (text !== null && !/^\d{1,20}$/.test(text)) throw malformed(name)
    return text
  })
  if (id === null) {
    if (from === null && to === null) return undefined
    throw invalid("can't filter by transfer amount if `transferMosaicId` is not provided")
  }
  if (!/^[0-9A-Fa-f]{16}$/.test(id)) throw malformed("transferMosaicId")
  return { id: id.toUpperCase(), from: BigInt(from ?? 0), to: BigInt(to ?? MAX_AMOUNT) }
}

/** One page of what the chain holds. */
export function searchConfirmed(chain: Chain, filters: Filters, paging: Paging): PartRow[] {
  const { where, values } = conditionsOf(filters)
  const { offset, descending, pageSize, pageNumber } = paging
  if (offset !== undefined) {
    if (!parsePartId(offset)) throw malformed("offset")
    where.push(`id ${descending ? "<" : ">"} ?`)
    values.push(offset.toUpperCase())
  }
  const sql = `SELECT * FROM part ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
    ORDER BY id ${descending ? "DESC" : "ASC"}`
  const skipped = (pageNumber - 1) * pageSize
  const { mosaic } = filters
  if (!mosaic) {
    const rows = chain.store.rows(`${sql} LIMIT ? OFFSET ?`, ...values, pageSize, skipped)
    return rows as unknown as PartRow[]
  }
  // Amounts stand in the bytes only, so pages are cut after looking at them.
  const rows = (chain.store.rows(sql, ...values) as unknown as PartRow[]).filter((row) => {
    const found = chain.store.transactionAt(row.height, row.place, chain.genesis.seed)
    return found !== undefined && moves(found.transaction, row.part, mosaic)
  })
  return rows.slice(skipped, skipped + pageSize)
}

function conditionsOf(filters: Filters): { where: string[]; values: unknown[] } {
  const where: string[] = []
  const values: unknown[] = []
  const add = (condition: string, ...bound: unknown[]) => {
    where.push(condition)
    values.push(...bound)
  }
  const { address, signer, recipient, types, embedded } = filters
  if (!embedded) add("part = 0")
  if (address !== undefined) {
    const involved =
      "SELECT 1 FROM involved i WHERE i.address = ? AND i.height = part.height AND i.place = part.place"
    add(`EXISTS (${involved})`, address)
  }
  if (signer !== undefined) add("signer = ?", signer)
  if (recipient !== undefined) add("recipient = ?", recipient)
  if (types.length > 0) add(`type IN (${types.map(() => "?").join(",")})`, ...types)
  for (const [name, operator] of HEIGHT_FILTERS) {
    const height = filters[name]
    if (height !== undefined) add(`height ${operator} ?`, height)
  }
  return { where, values }
}

/** What waits; embedded transactions are no results of their own here. */
export function searchWaiting(chain: Chain, filters: Filters): Transaction[] {
  const { address, signer, recipient, types, mosaic } = filters
  return [...chain.pool()].filter((one) => {
    const [top] = partsOf(one, 0, 0)
    return (
      top !== undefined &&
      (address === undefined || involvedIn(one, chain.genesis.sink).includes(address)) &&
      (signer === undefined || top.signer === signer) &&
      (recipient === undefined || top.recipient === recipient) &&
      (types.length === 0 || types.includes(top.type)) &&
      (mosaic === undefined || moves(one, 0, mosaic))
    )
  })
}

/** Whether a part is a transfer of the mosaic within the amounts. */
function moves({ body }: Transaction, part: number, { id, from, to }: MosaicFilter): boolean {
  const content = body.kind === "aggregate" ? body.transactions[part - 1]?.body : body
  if (content?.kind !== "transfer") return false
  const amount = content.mosaics.find((one) => idHex(one.id) === id)?.amount
  return amount !== undefined && amount >= from && amount <= to
}
