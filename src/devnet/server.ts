/**
 * REST and WebSocket on a loopback socket.
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import type { Chain } from "./chain.ts"
import { answer } from "./rest/router.ts"
import { Channels, type Listener } from "./websocket.ts"

const HOST = "127.0.0.1"
/** Longest request body: an aggregate of 521 064 bytes in hex, and some room. */
const BODY_LIMIT = 2 << 20
const REQUEST_TIMEOUT_MS = 30_000
const MAX_SUBSCRIPTIONS = 500
/** Close codes of REST 2.5 (symbol.md §10). */
const UNKNOWN_TOPIC = 1013
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET,PUT,POST,OPTIONS",
  "access-control-allow-headers": "content-type",
}

/** Serves a chain; resolves once the port is open. */
export async function serve(
  chain: Chain,
  channels: Channels,
  port: number,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    respond(chain, request, response).catch(() => response.destroy())
  })
  const sockets = new WebSocketServer({ server, path: "/ws", maxPayload: 4096 })
  sockets.on("connection", (socket) => attend(socket, channels))
  await listen(server, port)
  const { port: open } = server.address() as AddressInfo
  return {
    url: `http://${HOST}:${open}`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once("error", failed)
    server.listen(port, HOST, () => done())
  })
}

async function respond(
  chain: Chain,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "GET", url = "/" } = request
  if (method === "OPTIONS") {
    response.writeHead(204, CORS).end()
    return
  }
  const send = (status: number, body: unknown) => {
    const text = JSON.stringify(body)
    const headers = { ...CORS, "content-type": "application/json; charset=utf-8" }
    response.writeHead(status, headers).end(text)
  }
  const refuse = (status: number, code: string, message: string) => send(status, { code, message })
  if (!["GET", "PUT", "POST"].includes(method)) {
    refuse(405, "MethodNotAllowed", `${method} is not allowed`)
    return
  }
  let body: unknown
  if (method !== "GET") {
    if (!(request.headers["content-type"] ?? "").includes("application/json")) {
      refuse(415, "UnsupportedMediaType", "only application/json is understood")
      return
    }
    const text = await textOf(request)
    if (text === undefined) {
      refuse(413, "RequestEntityTooLarge", "the body is too large")
      return
    }
    try {
      body = JSON.parse(text)
    } catch {
      refuse(400, "InvalidContent", "Invalid JSON")
      return
    }
  }
  const answered = answer(chain, method, url, body)
  send(answered.status, answered.body)
}

/** The body; undefined when it is too long. It is read to its end even then: who still writes does not read the answer. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length <= BODY_LIMIT) pieces.push(piece)
  }
  return length <= BODY_LIMIT ? Buffer.concat(pieces).toString("utf8") : undefined
}

function attend(socket: WebSocket, channels: Channels): void {
  const uid = randomBytes(21).toString("base64url")
  const listener: Listener = (topic, data) => socket.send(JSON.stringify({ topic, data }))
  let subscriptions = 0
  socket.on("message", (raw) => {
    const message = parse(raw as Buffer)
    if (message?.uid !== uid) {
      socket.close()
      return
    }
    const { subscribe, unsubscribe } = message
    if (typeof unsubscribe === "string") {
      channels.unsubscribe(unsubscribe, listener)
      subscriptions -= 1
      return
    }
    if (typeof subscribe !== "string" || !Channels.isChannel(subscribe)) {
      const [category = ""] = String(subscribe).split("/", 1)
      socket.close(UNKNOWN_TOPIC, `unknown topic category ${category}`.slice(0, 100))
      return
    }
    subscriptions += 1
    if (subscriptions > MAX_SUBSCRIPTIONS) socket.close(UNKNOWN_TOPIC, "too many subscriptions")
    else channels.subscribe(subscribe, listener)
  })
  socket.on("close", () => channels.drop(listener))
  socket.on("error", () => channels.drop(listener))
  socket.send(JSON.stringify({ uid }))
}

function parse(raw: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw.toString("utf8"))
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
