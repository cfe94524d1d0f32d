/**
 * Registering links at a link server: the caller's half of `src/gateway/link-routes.ts`.
 *
 * @module
 */
import { base64url } from "../base/bytes.ts"
import { StorageUnavailableError } from "../base/errors.ts"
import { fromProblem } from "../base/problem.ts"
import type { LinkRegistry, RegisteredLink } from "./link.ts"

/** Makes the `Authorization` header for a call on an envelope (FORMAT §12). */
export type AuthorizeLink = (method: "PUT" | "DELETE", envelope: string) => Promise<string>

const TIMEOUT_MS = 30_000

/** The link server at `url`. */
export class HttpLinks implements LinkRegistry {
  readonly #url: string
  readonly #authorize: AuthorizeLink

  constructor(url: string, authorize: AuthorizeLink) {
    this.#url = url.replace(/\/+$/, "")
    this.#authorize = authorize
  }

  async register(link: RegisteredLink, signal?: AbortSignal): Promise<void> {
    const { id, envelope, control, keeper, jwe, until } = link
    const body = {
      envelope,
      control,
      until,
      ...(keeper && { keeper: { url: keeper.url, key: base64url(keeper.key) } }),
      ...(jwe !== undefined && { jwe }),
    }
    await this.#ask("PUT", id, envelope, body, signal)
  }

  /** Takes a link off the server; one that is not there is fine. */
  async remove(id: Uint8Array, envelope: string, signal?: AbortSignal): Promise<void> {
    await this.#ask("DELETE", id, envelope, undefined, signal)
  }

  async #ask(
    method: "PUT" | "DELETE",
    id: Uint8Array,
    envelope: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const authorization = await this.#authorize(method, envelope)
    const response = await fetch(`${this.#url}/links/${base64url(id)}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    }).catch((cause: unknown) => {
      throw new StorageUnavailableError("the link server does not answer", { cause })
    })
    if (response.ok || (method === "DELETE" && response.status === 404)) return
    const answer: unknown = await response.json().catch(() => undefined)
    throw (
      fromProblem(answer) ??
      new StorageUnavailableError(`the link server answered with ${response.status}`)
    )
  }
}
