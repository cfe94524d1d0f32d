/**
 * `medlake serve`: lake and control store over HTTP, and the link server.
 *
 *     /blobs  the lake        /objects  the control store        /links  links        /health
 *
 * Nobody has to trust it: what it holds is sealed, named by its hash, and what it is told to keep or erase is signed.
 *
 * @module
 */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import type { Clock } from "../base/clock.ts"
import type { Stores } from "../lake/ports.ts"
import type { SymbolLedger } from "../ledger/index.ts"
import { blobRoutes } from "./blob-routes.ts"
import { type LinkStore, linkRoutes } from "./link-routes.ts"
import { notFound, problems } from "./problem.ts"
import { type StoreOwners, StoreRights } from "./rights.ts"

/** What is served. */
export interface ServeOptions {
  readonly stores: Stores
  readonly links: LinkStore
  /** Kept as long as the stores. */
  readonly owners: StoreOwners
  readonly ledger: SymbolLedger
  readonly clock: Clock
  /** Agents that links may be forwarded to. */
  readonly keepers: readonly string[]
  /** Addresses (hex) of the registers served; undefined serves any of the network. */
  readonly registers?: ReadonlySet<string>
  /** Let anybody list what is stored; not unless said. */
  readonly listing?: boolean
  /** 0 takes a free one. */
  readonly port: number
  readonly host?: string
  /** Milliseconds for which a connection may be silent while a body is awaited or taken. Default 120 000. */
  readonly idleTimeoutMs?: number
  /** Told of each failure that is not the caller's: method, route, name of the error. */
  readonly log?: (line: string) => void
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  close(): Promise<void>
}

const HEADERS_MS = 10_000
const KEEP_ALIVE_MS = 5_000
const IDLE_MS = 120_000
/** Seconds for which a browser may remember that it may call. */
const PREFLIGHT_S = "86400"

/** The application, listening nowhere. */
export function serveApp(options: ServeOptions): express.Express {
  const { stores, links, owners, ledger, clock, keepers, registers, log } = options
  const rights = new StoreRights(ledger, clock, registers)
  const app = express()
  app.disable("x-powered-by")
  app.set("etag", false)
  // The host and scheme of an answer's links, behind a proxy on this machine.
  app.set("trust proxy", "loopback")
  app.use((request, response, next) => {
    response.set({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "content-range, content-length, retry-after",
    })
    if (request.method !== "OPTIONS") return next()
    response.set({
      "access-control-allow-methods": "GET, HEAD, PUT, POST, DELETE",
      "access-control-allow-headers": "authorization, content-type, range",
      "access-control-max-age": PREFLIGHT_S,
    })
    response.status(204).end()
  })
  app.get("/health", (_request, response) => {
    response.json({ status: "up" })
  })
  const routes = { rights, owners, listing: options.listing === true }
  app.use("/blobs", blobRoutes(stores.lake, "blobs", routes))
  app.use("/objects", blobRoutes(stores.control, "objects", routes))
  app.use("/links", linkRoutes(links, keepers, rights, clock))
  app.use(notFound("/health, /blobs, /objects, /links"))
  app.use(problems(log))
  return app
}

/** Serves on loopback, or on `host`. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  return await serveOn(serveApp(options), options.port, options.host, options.idleTimeoutMs)
}

/**
 * Lets an application listen; port 0 takes a free one. A connection that is silent for longer than `idleTimeoutMs` while a request comes or an
 * answer is taken is cut, and what it was sending is not stored.
 */
export async function serveOn(
  app: express.Express,
  port: number,
  host = "127.0.0.1",
  idleTimeoutMs = IDLE_MS,
): Promise<RunningServer> {
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      // While the store makes a body durable, nobody has anything to say.
      request.once("end", () => request.socket.setTimeout(0))
      app(request, response)
    },
  )
  server.setTimeout(idleTimeoutMs)
  await listen(server, port, host)
  const at = server.address() as AddressInfo
  return {
    url: `http://${at.family === "IPv6" ? `[${at.address}]` : at.address}:${at.port}`,
    close: async () => {
      server.closeIdleConnections()
      const closed = new Promise<void>((done) => server.close(() => done()))
      setTimeout(() => server.closeAllConnections(), KEEP_ALIVE_MS).unref()
      await closed
    },
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once("error", failed)
    server.listen(port, host, () => done())
  })
}
