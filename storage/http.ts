/**
 * A store behind `medlake serve`, or any server that keeps this wire contract.
 *
 *     GET    {url}/{key}            200 all bytes · 206 with `Range: bytes=a-b` · 416 when a is at or past the end · 404
 *     HEAD   {url}/{key}            200 with Content-Length · 404
 *     PUT    {url}/{key}            201 stored · 200 these bytes were there · 409 other bytes were · 422 the bytes are not the key's CID
 *     DELETE {url}/{key}            204, also when it was not there
 *     GET    {url}?after=K&limit=N  200 {"keys": [{"key", "size"}, …], "next"?}: keys after K in the server's order; `next` is the
 *                                   next call's `after`, absent on the last page
 *
 * - Every body has a Content-Length, both ways, and no content coding. A value answered 201 or 200 is durable. A PUT that ends
 *   early stores nothing.
 * - GET and HEAD are free. PUT and DELETE carry the headers of `authorize` (`Authorization: Medlake …`, `docs/FORMAT.md` §12), made
 *   for the method, the key and the size of the body (0 for DELETE).
 * - 401 and 403 refused; 404 proof of absence (the server knows the store and has no such key); 409; 422; 507 full; 429 and 5xx try
 *   later. A failure whose body is a problem (RFC 9457) of ours is raised as the error it names.
 *
 * Uses `fetch`; everything but `put`, whose body is a stream of known length, runs in browsers too.
 *
 * @module
 */

import { IntegrityError, NotFoundError, StorageUnavailableError } from "../src/base/errors.ts"
import { fromProblem } from "../src/base/problem.ts"
import { answerFailure } from "./answer.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "./blob-store.ts"
import { placeBody, readBody } from "./body.ts"
import { readPage } from "./http-page.ts"
import { isKey, requireKey, requireRange } from "./key.ts"
import { exactly } from "./source.ts"
import { Watch } from "./watch.ts"

const PAGE = 1000

/** Makes the headers that let one request through; throws what keeps it from being made. */
export type Authorize = (
  method: "PUT" | "DELETE",
  key: string,
  size: number,
) => Promise<Record<string, string>>

/** Which server, and how long to wait for it. */
export interface HttpOptions {
  /** Such as `https://lake.example/blobs`. */
  readonly url: string
  /** Without it, PUT and DELETE go without credentials. */
  readonly authorize?: Authorize
  /** Longest silence of the server, connecting included, in milliseconds. Default 60 000. */
  readonly idleTimeoutMs?: number
}

/** See {@link BlobStore} and the module. */
export class HttpBlobStore implements BlobStore {
  readonly #url: string
  readonly #authorize: Authorize
  readonly #idleMs: number

  constructor({ url, authorize = async () => ({}), idleTimeoutMs = 60_000 }: HttpOptions) {
    this.#url = url.replace(/\/+$/, "")
    this.#authorize = authorize
    this.#idleMs = idleTimeoutMs
  }

  async put(key: string, source: BlobSource, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    const watch = new Watch(`PUT ${key}`, this.#idleMs, signal)
    let broken: { readonly by: unknown } | undefined
    const pieces = async function* () {
      watch.disarm()
      try {
        for await (const piece of exactly(key, source, watch.signal)) {
          watch.arm()
          yield piece
          watch.disarm()
        }
      } catch (error) {
        broken = { by: error }
        throw error
      }
      watch.arm()
    }
    try {
      const headers = {
        ...(await this.#authorize("PUT", key, source.size)),
        "content-type": "application/octet-stream",
        "content-length": String(source.size),
      }
      // A request with an empty body never pulls its stream, so an empty source is read here.
      const body = source.size === 0 ? await drained(pieces()) : ReadableStream.from(pieces())
      const answer = await this.#fetch(watch, `/${key}`, {
        method: "PUT",
        headers,
        body,
        duplex: "half",
      })
      await this.#accept(answer, "PUT", key)
    } catch (error) {
      if (broken !== undefined) throw broken.by
      throw error
    } finally {
      watch.stop()
    }
  }

  async *get(
    key: string,
    range?: ByteRange,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    requireKey(key)
    requireRange(range)
    const watch = new Watch(`GET ${key}`, this.#idleMs, signal)
    try {
      if (range !== undefined && range.start === range.end) {
        if ((await this.#size(key, watch)) === undefined)
          throw answerFailure(404, this.#what("GET", key))
        return
      }
      const headers: Record<string, string> = { "accept-encoding": "identity" }
      if (range !== undefined) headers["range"] = `bytes=${range.start}-${range.end - 1}`
      const answer = await this.#fetch(watch, `/${key}`, { headers })
      if (answer.status === 416 && range !== undefined) return
      if (!answer.ok) throw answerFailure(answer.status, this.#what("GET", key))
      const placement = placeBody(key, range, {
        range: answer.headers.get("content-range"),
        length: lengthOf(answer),
      })
      yield* readBody(key, answer.body ?? ReadableStream.from([]), placement, watch)
    } finally {
      watch.stop()
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    requireKey(key)
    const watch = new Watch(`HEAD ${key}`, this.#idleMs, signal)
    try {
      return await this.#size(key, watch)
    } finally {
      watch.stop()
    }
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    requireKey(key)
    const watch = new Watch(`DELETE ${key}`, this.#idleMs, signal)
    try {
      const headers = await this.#authorize("DELETE", key, 0)
      const answer = await this.#fetch(watch, `/${key}`, { method: "DELETE", headers })
      await this.#accept(answer, "DELETE", key)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    } finally {
      watch.stop()
    }
  }

  async *list({ signal }: CallOptions = {}): AsyncIterable<StoredBlob> {
    let after: string | undefined
    do {
      const watch = new Watch("the list", this.#idleMs, signal)
      const query = new URLSearchParams({ limit: String(PAGE) })
      if (after !== undefined) query.set("after", after)
      try {
        const answer = await this.#fetch(watch, `?${query.toString()}`)
        if (!answer.ok) throw answerFailure(answer.status, `GET the list of ${this.#url}`)
        const page = await watch.during(() => readPage(answer, this.#url))
        if (page.next !== undefined && page.next === after) {
          throw new IntegrityError(`the list of ${this.#url} goes round in circles`)
        }
        after = page.next
        for (const entry of page.keys) {
          signal?.throwIfAborted()
          if (isKey(entry.key)) yield entry
        }
      } finally {
        watch.stop()
      }
    } while (after !== undefined)
  }

  async close(): Promise<void> {}

  async #size(key: string, watch: Watch): Promise<{ size: number } | undefined> {
    const answer = await this.#fetch(watch, `/${key}`, {
      method: "HEAD",
      headers: { "accept-encoding": "identity" },
    })
    if (answer.status === 404) return undefined
    if (!answer.ok) throw answerFailure(answer.status, this.#what("HEAD", key))
    return { size: placeBody(key, undefined, { length: lengthOf(answer) }).length }
  }

  /** Resolves with any answer; rejects when there is none. */
  async #fetch(watch: Watch, path: string, init: RequestInit = {}): Promise<Response> {
    try {
      return await watch.during((signal) => fetch(this.#url + path, { ...init, signal }))
    } catch (cause) {
      watch.signal.throwIfAborted()
      throw new StorageUnavailableError(`${this.#url} does not answer: is it running?`, { cause })
    }
  }

  async #accept(answer: Response, method: string, key: string): Promise<void> {
    if (!answer.ok) throw await refusal(answer, this.#what(method, key))
    await answer.body?.cancel()
  }

  #what(method: string, key: string): string {
    return `${method} ${key} at ${this.#url}`
  }
}

/** The error that the server raised, in its own words where it tells them (RFC 9457). */
async function refusal(answer: Response, what: string): Promise<Error> {
  const told = await answer.json().catch(() => undefined)
  return fromProblem(told) ?? answerFailure(answer.status, what)
}

function lengthOf(answer: Response): number | undefined {
  const length = answer.headers.get("content-length")
  return length === null ? undefined : Number(length)
}

async function drained(source: AsyncIterable<Uint8Array>): Promise<null> {
  for await (const piece of source) piece.fill(0)
  return null
}
