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
import express, { type NextFunction, type Request, type Response } from "express"
import type { Clock } from "../base/clock.ts"
import { PROBLEM_TYPE, toProblem } from "../base/problem.ts"
import type { Stores } from "../lake/ports.ts"
import type { SymbolLedger } from "../ledger/index.ts"
import { blobRoutes } from "./blob-routes.ts"
import { type LinkStore, linkRoutes } from "./link-routes.ts"
import { StoreRights } from "./rights.ts"

/** What is served. */
export interface ServeOptions {
  readonly stores: Stores
  readonly links: LinkStore
  readonly ledger: SymbolLedger
  readonly clock: Clock
  /** Agents that links may be forwarded to. */
  readonly keepers: readonly string[]
  /** Addresses (hex) of the registers served; undefined serves any of the network. */
  readonly registers?: ReadonlySet<string>
  /** 0 takes a free one. */
  readonly port: number
  readonly host?: string
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

/** The application, listening nowhere. */
export function serveApp(options: ServeOptions): express.Express {
  const { stores, links, ledger, clock, keepers, registers, log } = options
  const rights = new StoreRights(ledger, clock, registers)
  const app = express()
  app.disable("x-powered-by")
  app.set("etag", false)
  app.use((_request, response, next) => {
    response.set({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "content-range, content-length",
    })
    next()
  })
  app.get("/health", (_request, response) => {
    response.json({ status: "up" })
  })
  app.use("/blobs", blobRoutes(stores.lake, "blobs", rights))
  app.use("/objects", blobRoutes(stores.control, "objects", rights))
  app.use("/links", linkRoutes(links, keepers, rights, clock))
  app.use((_request, response) => {
    const title = "there is nothing here: see /health, /blobs, /objects, /links"
    response
      .status(404)
      .type(PROBLEM_TYPE)
      .send(JSON.stringify({ status: 404, code: "not_found", title }))
  })
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    const problem = toProblem(error)
    if (problem.code === "internal") {
      log?.(
        `${request.method} ${request.baseUrl}: ${error instanceof Error ? error.name : "failure"}`,
      )
    }
    if (response.headersSent) {
      response.destroy()
      next()
      return
    }
    response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  })
  return app
}

/** Serves on loopback, or on `host`. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS },
    serveApp(options),
  )
  await listen(server, options.port, options.host ?? "127.0.0.1")
  const { address, port, family } = server.address() as AddressInfo
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
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
