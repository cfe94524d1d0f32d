/**
 * Servers on a loopback socket, and the ways in which a server can misbehave.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** How a server fails. `after` is in bytes of the body. */
export type Fault =
  /** Answers with a status, and a body where the protocol has one. */
  | {
      readonly kind: "status"
      readonly status: number
      readonly body?: string
      readonly type?: string
    }
  /** Takes the request and never answers. */
  | { readonly kind: "stall" }
  /** Closes the connection without an answer. */
  | { readonly kind: "reset" }
  /** Sends the headers and `after` bytes, then closes the connection. */
  | { readonly kind: "truncate"; readonly after: number }
  /** Sends the headers and `after` bytes, then nothing. */
  | { readonly kind: "stall-body"; readonly after: number }
  /** Answers a range with the whole value. */
  | { readonly kind: "ignore-range" }

/** A server that listens on 127.0.0.1. */
export interface LoopbackServer {
  /** Such as `http://127.0.0.1:4711`. */
  readonly url: string
  /** Stops listening and cuts every connection. */
  stop(): Promise<void>
}

/** Starts a server on a free port. */
export async function listenOnLoopback(
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    response.on("error", () => undefined)
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Acts out the faults that need no knowledge of the protocol; `false` for the others. */
export async function misbehave(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  switch (fault.kind) {
    case "status":
      request.resume()
      response.writeHead(fault.status, {
        "content-type": fault.type ?? "text/plain",
        "content-length": Buffer.byteLength(fault.body ?? ""),
      })
      response.end(request.method === "HEAD" ? undefined : (fault.body ?? ""))
      return true
    case "stall":
      request.resume()
      return true
    case "reset":
      request.socket.resetAndDestroy()
      return true
    case "truncate":
    case "stall-body":
    case "ignore-range":
      return false
  }
}
