/**
 * Requests and answers of the REST API, free of HTTP (symbol.md §9).
 *
 * @module
 */
import { formatAddress, parseAddress } from "../../crypto/address.ts"
import { hexOf } from "../account.ts"
import type { Chain } from "../chain.ts"

/** What a route gets. */
export interface RestRequest {
  readonly chain: Chain
  /** Parts of the path that the route's pattern names, in order. */
  readonly parameters: readonly string[]
  readonly query: URLSearchParams
  readonly body: unknown
}

/** What a route gives; a `string` body is sent as plain text. */
export interface RestAnswer {
  readonly status: number
  readonly body: unknown
}

/** A refusal with REST's own code (symbol.md §9.2). */
export class RestError extends Error {
  override readonly name = "RestError"
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** 404 for something that does not exist. */
export function missing(id: string): RestError {
  return new RestError(404, "ResourceNotFound", `no resource exists with id '${id}'`)
}

/** 409 for a parameter of a wrong form. */
export function malformed(name: string): RestError {
  return new RestError(409, "InvalidArgument", `${name} has an invalid format`)
}

/** A hash in a path or list. */
export function hashOf(text: string, name: string): Buffer {
  if (!/^[0-9A-Fa-f]{64}$/.test(text)) throw malformed(name)
  return Buffer.from(text, "hex")
}

/** An address in base32 as it stands in a path or query, to hex. */
export function addressOfText(text: string, name: string): string {
  try {
    const address = parseAddress(text)
    if (formatAddress(address) !== text) throw malformed(name)
    return hexOf(address)
  } catch {
    throw malformed(name)
  }
}

/** A whole number in a query; undefined when absent. */
export function countOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) {
    throw new RestError(409, "InvalidArgument", `${name} is not a valid unsigned integer`)
  }
  return Number(text)
}

/** A list of texts in a body. */
export function listOf(body: unknown, name: string): string[] {
  const list =
    typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : []
  if (!Array.isArray(list) || !list.every((one) => typeof one === "string")) {
    throw new RestError(409, "InvalidArgument", `${name} is not a list of texts`)
  }
  return list
}

/** Page bounds (symbol.md §9.3). */
export interface Paging {
  readonly pageNumber: number
  readonly pageSize: number
  readonly descending: boolean
  readonly offset: string | undefined
}

const PAGE = { min: 10, usual: 20, max: 100 } as const

/** Reads page bounds; sizes out of range are clamped. */
export function pagingOf(query: URLSearchParams): Paging {
  const order = query.get("order") ?? "asc"
  if (order !== "asc" && order !== "desc") throw malformed("order")
  const size = countOf(query, "pageSize") ?? PAGE.usual
  return {
    pageNumber: Math.max(1, countOf(query, "pageNumber") ?? 1),
    pageSize: Math.min(PAGE.max, Math.max(PAGE.min, size)),
    descending: order === "desc",
    offset: query.get("offset") ?? undefined,
  }
}

/** Cuts a whole list that has `id`s into the page asked for. */
export function pageOf<T extends { readonly id: string }>(list: readonly T[], paging: Paging) {
  const { pageNumber, pageSize, descending, offset } = paging
  const ordered = list.toSorted((a, b) => (a.id < b.id ? -1 : 1) * (descending ? -1 : 1))
  const isAfter = (id: string) => offset === undefined || (descending ? id < offset : id > offset)
  const rest = ordered.filter(({ id }) => isAfter(id))
  const from = (pageNumber - 1) * pageSize
  return page(rest.slice(from, from + pageSize), paging)
}

/** The envelope of a page. */
export function page<T>(data: readonly T[], { pageNumber, pageSize }: Paging) {
  return { data, pagination: { pageNumber, pageSize } }
}
