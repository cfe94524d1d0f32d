/**
 * Requests to one node, with its answers sorted into absent, refused, broken and unreachable.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts"
import { LedgerRefusedError, LedgerUnavailableError } from "../base/errors.ts"
import type { NodeResponse, SymbolNode } from "./node.ts"
import { RestValue } from "./rest-value.ts"

/** Waits between attempts when the node throttles (5 requests a second by default), ms. */
const THROTTLED_WAITS_MS = [250, 500, 1000, 2000, 4000] as const

/** Codes with which REST says that a resource does not exist (symbol.md §9.2). */
const ABSENT_CODES = new Set(["ResourceNotFound", "NotFound"])

/** The REST side of a {@link SymbolNode}. Every call throws `LedgerUnavailableError` when nobody answers. */
export class Rest {
  readonly #node: SymbolNode
  readonly #clock: Clock

  constructor(node: SymbolNode, clock: Clock) {
    this.#node = node
    this.#clock = clock
  }

  /**
   * Reads what must exist.
   * @throws {LedgerRefusedError} when the node refuses the request or denies the resource
   */
  async get(path: string, signal?: AbortSignal): Promise<RestValue> {
    const response = await this.#ask("GET", path, undefined, signal)
    if (response.status === 404) throw refusal(path, response)
    return new RestValue(response.body, path)
  }

  /** Reads what may exist; undefined when the node says that it does not. */
  async find(path: string, signal?: AbortSignal): Promise<RestValue | undefined> {
    const response = await this.#ask("GET", path, undefined, signal)
    return response.status === 404 ? undefined : new RestValue(response.body, path)
  }

  /**
   * Sends a body.
   * @throws {LedgerRefusedError} when the node refuses it
   */
  async send(
    method: "PUT" | "POST",
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<RestValue> {
    const response = await this.#ask(method, path, body, signal)
    if (response.status === 404) throw refusal(path, response)
    return new RestValue(response.body, path)
  }

  /** Resolves with 2xx, or 404 in Symbol's own words. */
  async #ask(
    method: "GET" | "PUT" | "POST",
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<NodeResponse> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#node.request(method, path, body, signal && { signal })
      const { status } = response
      if (status >= 200 && status < 300) return response
      if (status === 404 && ABSENT_CODES.has(codeOf(response) ?? "")) return response
      const wait = status === 429 ? THROTTLED_WAITS_MS[attempt] : undefined
      if (wait !== undefined) {
        await this.#clock.sleep(wait, signal)
      } else if (status === 429 || status >= 500 || codeOf(response) === undefined) {
        // A 404 in other words than Symbol's is a proxy's: no proof of absence.
        throw new LedgerUnavailableError(`the node answered ${status} to ${path}`)
      } else {
        throw refusal(path, response)
      }
    }
  }
}

function refusal(path: string, response: NodeResponse): LedgerRefusedError {
  const code = codeOf(response) ?? String(response.status)
  return new LedgerRefusedError(`the node refused ${path} with ${code}`, code)
}

function codeOf({ body }: NodeResponse): string | undefined {
  const code = (body as { code?: unknown } | null | undefined)?.code
  return typeof code === "string" ? code : undefined
}
