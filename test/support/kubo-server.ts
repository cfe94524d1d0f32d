/**
 * A Kubo RPC API on a loopback socket: the calls that the project makes, with Kubo's own answers and error shapes
 * (docs.ipfs.tech/reference/kubo/rpc, and what a Kubo 0.44 daemon was seen to answer).
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { KuboError, KuboNode, MissingBlock } from "./kubo-node.ts"
import { type Fault, type LoopbackServer, listenOnLoopback, misbehave } from "./loopback.ts"

/** A running daemon. */
export interface KuboServer extends LoopbackServer {
  readonly node: KuboNode
  /** `command?query` of every request. */
  readonly requests: string[]
  /** Headers of every request. */
  readonly headers: IncomingMessage["headers"][]
  /** Says how a request fails; `undefined` for those that do not. */
  fault: (request: string) => Fault | undefined
}

/** Starts a daemon with an empty repository. */
export async function startKuboServer(): Promise<KuboServer> {
  const node = new KuboNode()
  const requests: string[] = []
  const headers: KuboServer["headers"] = []
  const loopback = await listenOnLoopback(async (request, response) => {
    const asked = (request.url ?? "").replace(/^\/api\/v0\//, "")
    requests.push(asked)
    headers.push(request.headers)
    const fault = server.fault(asked)
    if (fault !== undefined && (await misbehave(fault, request, response))) return
    if (request.method !== "POST") {
      response.writeHead(405).end("405 - Method Not Allowed")
      return
    }
    try {
      await answer(node, request, response, fault)
    } catch (error) {
      // Kubo asks the network for a block that it lacks, and waits.
      if (error instanceof MissingBlock) return
      if (!(error instanceof KuboError)) throw error
      sendJson(response, { Message: error.message, Code: 0, Type: "error" }, 500)
    }
  })
  const server: KuboServer = { ...loopback, node, requests, headers, fault: () => undefined }
  return server
}

async function answer(
  node: KuboNode,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://host")
  const query = url.searchParams
  const arg = query.get("arg") ?? ""
  switch (url.pathname) {
    case "/api/v0/version":
      return sendJson(response, {
        Version: "0.44.0",
        Commit: "",
        Repo: "18",
        System: "amd64/linux",
      })
    case "/api/v0/id":
      return sendJson(response, {
        ID: "12D3KooWDouble",
        Addresses: null,
        AgentVersion: "kubo/0.44.0",
      })
    case "/api/v0/repo/stat":
      return sendJson(response, {
        NumObjects: node.blocks.size,
        RepoSize: node.size,
        Version: "fs-repo@18",
      })
    case "/api/v0/block/put": {
      const block = await fileOfForm(request)
      const codec = query.get("format") ?? query.get("cid-codec") ?? "raw"
      return sendJson(response, { Key: node.putBlock(block, codec), Size: block.length })
    }
    case "/api/v0/block/get":
      return sendBytes(response, node.block(arg), undefined)
    case "/api/v0/block/stat":
      return sendJson(response, { Key: arg, Size: node.block(arg).length })
    case "/api/v0/pin/add":
      node.pin(arg)
      return sendJson(response, { Pins: [arg] })
    case "/api/v0/pin/rm":
      node.unpin(arg)
      return sendJson(response, { Pins: [arg] })
    case "/api/v0/pin/ls":
      return sendLines(response, node.listPins(arg))
    case "/api/v0/cat": {
      const offset = Number(query.get("offset") ?? 0)
      const length = Number(query.get("length") ?? Number.MAX_SAFE_INTEGER)
      return sendBytes(response, node.file(arg).subarray(offset, offset + length), fault)
    }
    default:
      response.writeHead(404).end("404 page not found")
  }
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(`${JSON.stringify(value)}\n`)
}

function sendLines(response: ServerResponse, values: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "application/json", "x-chunked-output": "1" })
  for (const value of values) response.write(`${JSON.stringify(value)}\n`)
  response.end()
}

/** Kubo streams bytes without a length. */
function sendBytes(response: ServerResponse, bytes: Uint8Array, fault: Fault | undefined): void {
  response.writeHead(200, { "content-type": "text/plain", trailer: "X-Stream-Error" })
  if (fault?.kind === "truncate") {
    response.write(bytes.subarray(0, fault.after), () => response.socket?.end())
  } else if (fault?.kind === "stall-body") {
    response.write(bytes.subarray(0, fault.after))
  } else {
    response.end(bytes)
  }
}

/** The one file of a multipart/form-data body (RFC 7578). */
async function fileOfForm(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const boundary = /boundary="?([^";]+)"?/.exec(request.headers["content-type"] ?? "")?.[1]
  const start = body.indexOf("\r\n\r\n")
  const end = body.lastIndexOf(`\r\n--${boundary}--`)
  if (boundary === undefined || start < 0 || end < 0)
    throw new KuboError("file argument 'data' is required")
  return body.subarray(start + 4, Math.max(end, start + 4))
}
