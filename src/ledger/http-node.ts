/**
 * A Symbol node behind a URL: REST by `fetch`, its WebSocket by `ws` in Node and the platform's own in browsers.
 *
 * @module
 */
import { InvalidInputError, LedgerUnavailableError } from "../base/errors.ts"
import type { NodeFrame, NodeResponse, SymbolNode } from "./node.ts"

/** The part of the WebSocket interface that browsers and `ws` share, and `ws`'s own ping. */
interface Socket {
  send(text: string): void
  close(): void
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void
  addEventListener(type: "close" | "error", listener: (event: object) => void): void
  ping?(): void
  terminate?(): void
  on?(event: "pong", listener: () => void): unknown
  once?(event: "pong", listener: () => void): unknown
}

/** A socket that does not answer a ping within this time is dead, ms. */
const PING_INTERVAL_MS = 30_000

/** Speaks to one node; keeps no state but the platform's connection pool. */
export class HttpSymbolNode implements SymbolNode {
  readonly #base: string
  readonly #host: string
  readonly #timeoutMs: number

  /**
   * @param url where REST listens, such as `http://127.0.0.1:3000`
   * @param options.timeoutMs how long one answer, or opening the socket, may take
   * @throws {InvalidInputError} when the URL is no http or https URL
   */
  constructor(url: string, options: { readonly timeoutMs?: number } = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
      throw new InvalidInputError("the address of a Symbol node is an http or https URL")
    }
    this.#base = parsed.origin + parsed.pathname.replace(/\/$/, "")
    this.#host = parsed.host
    this.#timeoutMs = options.timeoutMs ?? 15_000
  }

  async request(
    method: "GET" | "PUT" | "POST",
    path: string,
    body?: unknown,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<NodeResponse> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const { signal } = options
    try {
      const response = await fetch(this.#base + path, {
        method,
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      })
      return { status: response.status, body: parseJson(await response.text()) }
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw new LedgerUnavailableError(
        `the Symbol node at ${this.#host} did not answer: check its address, or try again later`,
        { cause },
      )
    }
  }

  async listen(
    channels: readonly string[],
    onFrame: (frame: NodeFrame) => void,
    options: { readonly signal?: AbortSignal; readonly onClose?: (error: Error) => void } = {},
  ): Promise<{ close(): void }> {
    const { signal, onClose } = options
    signal?.throwIfAborted()
    const socket = await openSocket(`${this.#base.replace(/^http/, "ws")}/ws`)
    const lost = (cause?: unknown) =>
      new LedgerUnavailableError(`the Symbol node at ${this.#host} closed its socket`, { cause })
    return await new Promise((resolve, reject) => {
      let state: "opening" | "subscribing" | "open" | "closed" = "opening"
      let cause: unknown
      const end = (error: unknown, tell: (error: Error) => void) => {
        if (state === "closed") return
        const wasOpen = state === "open"
        state = "closed"
        clearTimeout(timer)
        clearInterval(pinging)
        signal?.removeEventListener("abort", onAbort)
        socket.close()
        if (wasOpen) tell(error as Error)
        else reject(error)
      }
      let pinging: ReturnType<typeof setInterval> | undefined
      const onAbort = () => end(signal?.reason, () => undefined)
      const timer = setTimeout(
        () => end(lost("no answer in time"), () => undefined),
        this.#timeoutMs,
      )
      signal?.addEventListener("abort", onAbort, { once: true })
      socket.addEventListener("error", (event) => {
        cause = (event as { error?: unknown }).error
      })
      socket.addEventListener("close", () => end(lost(cause), (error) => onClose?.(error)))
      socket.addEventListener("message", ({ data }) => {
        const frame = parseJson(String(data)) as Record<string, unknown> | undefined
        if (state === "opening" && typeof frame?.["uid"] === "string") {
          state = "subscribing"
          for (const subscribe of channels) {
            socket.send(JSON.stringify({ uid: frame["uid"], subscribe }))
          }
          whenRead(socket, () => {
            if (state !== "subscribing") return
            state = "open"
            clearTimeout(timer)
            pinging = keepAlive(socket)
            resolve({ close: () => end(undefined, () => undefined) })
          })
        } else if (state !== "closed" && typeof frame?.["topic"] === "string") {
          onFrame({ topic: frame["topic"], data: frame["data"] })
        }
      })
    })
  }
}

/** Node's global WebSocket cannot ping, so `ws` goes first there. */
async function openSocket(url: string): Promise<Socket> {
  if (globalThis.process?.versions?.node === undefined) {
    const Platform = (globalThis as unknown as { WebSocket: new (url: string) => Socket }).WebSocket
    return new Platform(url)
  }
  const { WebSocket } = await import("ws")
  const socket: unknown = new WebSocket(url, { perMessageDeflate: false })
  return socket as Socket
}

/**
 * Calls back once the other side has read what was sent. Subscriptions are not acknowledged, but a pong comes after all
 * that was sent before its ping; browsers can't ping and take it on trust.
 */
function whenRead(socket: Socket, callback: () => void): void {
  if (!socket.ping || !socket.once) {
    callback()
    return
  }
  socket.once("pong", callback)
  socket.ping()
}

/** Ends a socket whose other side is gone without a word; browsers do so themselves. */
function keepAlive(socket: Socket): ReturnType<typeof setInterval> | undefined {
  if (!socket.ping || !socket.on) return undefined
  let answered = true
  socket.on("pong", () => {
    answered = true
  })
  return setInterval(() => {
    if (!answered) socket.terminate?.()
    answered = false
    socket.ping?.()
  }, PING_INTERVAL_MS)
}

/** The JSON of an answer; undefined when it is none, which every reader then refuses. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
