/**
 * A server of the wire contract of `storage/http.ts` over any store, on a loopback socket, that can be told to misbehave.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { MedlakeError } from "../../src/base/errors.ts"
import type { BlobStore } from "../../storage/blob-store.ts"
import { MemoryBlobStore } from "../../storage/memory.ts"
import { type Fault, type LoopbackServer, listenOnLoopback, misbehave } from "./loopback.ts"

const STATUS: Partial<Record<MedlakeError["code"], number>> = {
  not_found: 404,
  already_exists: 409,
  invalid_input: 400,
  integrity_failed: 422,
}

/** A running server. */
export interface BlobServer extends LoopbackServer {
  /** What stands behind it. */
  readonly store: BlobStore
  /** What it does with the requests for which it returns a fault. */
  fault: (request: IncomingMessage) => Fault | undefined
  /** `METHOD path` of every request, and its Authorization header. */
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[]
}

/** Starts a server whose pages hold `pageSize` keys. */
export async function startBlobServer(pageSize = 3): Promise<BlobServer> {
  const store = new MemoryBlobStore()
  const requests: BlobServer["requests"] = []
  const loopback = await listenOnLoopback(async (request, response) => {
    requests.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
    })
    const fault = server.fault(request)
    if (fault !== undefined && (await misbehave(fault, request, response))) return
    try {
      await answer(store, pageSize, request, response, fault)
    } catch (error) {
      const status = error instanceof MedlakeError ? (STATUS[error.code] ?? 500) : 500
      if (!response.headersSent) response.writeHead(status, { "content-length": 0 }).end()
    }
  })
  const server: BlobServer = { ...loopback, store, fault: () => undefined, requests }
  return server
}

async function answer(
  store: BlobStore,
  pageSize: number,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://loopback")
  const key = url.pathname.replace(/^\/blobs\/?/, "")
  if (key === "") return sendPage(store, pageSize, url, response)
  if (request.method === "PUT") {
    const size = Number(request.headers["content-length"])
    if (!Number.isSafeInteger(size)) {
      response.writeHead(411).end()
      return
    }
    await store.put(key, { size, open: () => request })
    response.writeHead(201, { "content-length": 0 }).end()
    return
  }
  if (request.method === "DELETE") {
    await store.delete(key)
    response.writeHead(204).end()
    return
  }
  const found = await store.stat(key)
  if (found === undefined) {
    response.writeHead(404, { "content-length": 0 }).end()
    return
  }
  if (request.method === "HEAD") {
    response.writeHead(200, { "content-length": found.size }).end()
    return
  }
  await sendValue(store, key, found.size, request, response, fault)
}

async function sendValue(
  store: BlobStore,
  key: string,
  size: number,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const asked =
    fault?.kind === "ignore-range" ? null : /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")
  const start = Number(asked?.[1] ?? 0)
  const end = Math.min(size, asked === null ? size : Number(asked[2]) + 1)
  if (asked !== null && start >= size) {
    response.writeHead(416, { "content-range": `bytes */${size}`, "content-length": 0 }).end()
    return
  }
  const headers = { "content-length": end - start }
  if (asked === null) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${end - 1}/${size}` })
  let left = fault?.kind === "truncate" || fault?.kind === "stall-body" ? fault.after : end - start
  for await (const piece of store.get(key, { start, end })) {
    response.write(piece.subarray(0, left))
    left -= Math.min(left, piece.length)
  }
  if (fault?.kind === "truncate") response.socket?.end()
  else if (fault?.kind !== "stall-body") response.end()
}

async function sendPage(
  store: BlobStore,
  pageSize: number,
  url: URL,
  response: ServerResponse,
): Promise<void> {
  const all: { key: string; size: number }[] = []
  for await (const entry of store.list()) all.push(entry)
  const after = url.searchParams.get("after")
  const rest = all
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .filter(({ key }) => after === null || key > after)
  const limit = Math.min(pageSize, Number(url.searchParams.get("limit") ?? pageSize))
  const keys = rest.slice(0, limit)
  const body = JSON.stringify({ keys, ...(rest.length > limit ? { next: keys.at(-1)?.key } : {}) })
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
  response.end(body)
}
