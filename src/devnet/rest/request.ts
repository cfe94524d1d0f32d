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

/** What a route gives; the body is sent as JSON. */
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
  if (!/^\d{1,15}$/.test(text)) throw invalid(`${name} is not a valid unsigned integer`)
  return Number(text)
}

/** 409 in words of its own. */
export function invalid(message: string): RestError {
  return new RestError(409, "InvalidArgument", message)
}

/** A height, a time or another unsigned number in a query; undefined when absent. */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  return text === null ? undefined : uintOf(text, name)
}

/** The values of a list in a body, each read by `parse`; a single text stands for a list of one, as REST takes it. */
export function listOf<T>(body: unknown, name: string, parse: (text: string) => T): T[] {
  const given = fieldOf(body, name)
  return elementsOf(Array.isArray(given) ? (given as unknown[]) : [given], name, parse)
}

/** A field of a body; undefined when it has none, or is no object. */
export function fieldOf(body: unknown, name: string): unknown {
  return (body as Record<string, unknown> | null | undefined)?.[name]
}

/** Reads each element of a list or of a repeated query parameter. */
export function elementsOf<T>(
  list: readonly unknown[],
  name: string,
  parse: (text: string) => T,
): T[] {
  try {
    return list.map((one) => {
      if (typeof one !== "string") throw malformed(name)
      return parse(one)
    })
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    throw invalid(`element in array ${name} has an invalid format`)
  }
}

/** An unsigned number of at most 15 digits. */
export function uintOf(text: string, name: string): number {
  if (!/^\d{1,15}$/.test(text)) throw malformed(name)
  return Number(text)
}

/** Page bounds (symbol.md §9.3). */
export interface Paging {
  readonly pageNumber: number
  readonly pageSize: number
  readonly descending: boolean
  readonly offset: string | undefined
}

const PAGE = { min: 10, usual: 20, max: 100 } as const

/** Reads page bounds; sizes out of range are clamped. `sortable`: what the route can sort by. */
export function pagingOf(query: URLSearchParams, sortable: readonly string[] = ["id"]): Paging {
  const orderBy = query.get("orderBy")
  if (orderBy !== null && !sortable.includes(orderBy)) {
    throw invalid(`sorting by ${orderBy} is not allowed`)
  }
  const size = countOf(query, "pageSize") ?? PAGE.usual
  return {
    pageNumber: Math.max(1, countOf(query, "pageNumber") ?? 1),
    pageSize: Math.min(PAGE.max, Math.max(PAGE.min, size)),
    descending: query.get("order") === "desc",
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
