/**
 * An S3 service on a loopback socket: strict about signatures, lengths, framing and content hashes, because a double that takes anything
 * proves nothing. Path style, one bucket.
 *
 * @module
 */
import { createHash } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { type Fault, type LoopbackServer, listenOnLoopback, misbehave } from "./loopback.ts"
import { type S3Answer, S3Bucket } from "./s3-bucket.ts"
import { type Credentials, signatureFault } from "./s3-signature.ts"

/** The only account. */
export const S3_CREDENTIALS: Credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
}

/** One request as the server saw it. */
export interface S3Request {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingMessage["headers"]
}

/** A running service. */
export interface S3Server extends LoopbackServer {
  readonly bucket: S3Bucket
  /** Requests, the refused ones too. */
  readonly requests: S3Request[]
  /** How many connections were made. */
  connections(): number
  /** Says how a request fails; `undefined` for those that do not. */
  fault: (request: S3Request) => Fault | undefined
}

/** Starts a service with the bucket `lake`, whose pages hold `pageSize` keys. */
export async function startS3Server(pageSize = 3): Promise<S3Server> {
  const bucket = new S3Bucket("lake", pageSize)
  const requests: S3Request[] = []
  const sockets = new Set<unknown>()
  const loopback = await listenOnLoopback(async (request, response) => {
    sockets.add(request.socket)
    const seen = { method: request.method ?? "", path: request.url ?? "", headers: request.headers }
    requests.push(seen)
    const fault = server.fault(seen)
    if (fault !== undefined && (await misbehave(fault, request, response))) return
    const body = await readWhole(request)
    const refusal = refuse(request, body)
    const url = new URL(request.url ?? "/", "http://host")
    const answer =
      refusal ??
      bucket.answer(seen.method, url, body, request.headers, fault?.kind === "ignore-range")
    send(request, response, answer, fault)
  })
  const server: S3Server = {
    ...loopback,
    bucket,
    requests,
    connections: () => sockets.size,
    fault: () => undefined,
  }
  return server
}

/** What a strict service says about a request before it looks at the object. */
function refuse(request: IncomingMessage, body: Uint8Array): S3Answer | undefined {
  const { headers } = request
  const hash = String(headers["x-amz-content-sha256"])
  if (headers["content-encoding"]?.includes("aws-chunked") || hash.startsWith("STREAMING-")) {
    return { status: 400, code: "InvalidRequest" }
  }
  if (headers.expect !== undefined) return { status: 417, code: "ExpectationFailed" }
  if (request.method === "PUT") {
    if (headers["transfer-encoding"] !== undefined || headers["content-length"] === undefined) {
      return { status: 411, code: "MissingContentLength" }
    }
    if (Number(headers["content-length"]) !== body.length) {
      return { status: 400, code: "IncompleteBody" }
    }
  }
  const fault = signatureFault(request, S3_CREDENTIALS)
  if (fault !== undefined) return { status: 403, code: fault }
  // Without TLS nothing else protects the body on its way.
  if (hash !== createHash("sha256").update(body).digest("hex")) {
    return { status: 400, code: "XAmzContentSHA256Mismatch" }
  }
  return undefined
}

async function readWhole(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: S3Answer,
  fault: Fault | undefined,
): void {
  const xml =
    answer.code === undefined
      ? answer.xml
      : `<Error><Code>${answer.code}</Code><Message>refused</Message></Error>`
  const body = answer.body ?? Buffer.from(xml ?? "")
  const length = answer.length ?? body.length
  response.writeHead(answer.status, { ...answer.headers, "content-length": length })
  if (request.method === "HEAD") {
    response.end()
  } else if (fault?.kind === "truncate" && answer.body !== undefined) {
    response.write(body.subarray(0, fault.after), () => response.socket?.end())
  } else if (fault?.kind === "stall-body" && answer.body !== undefined) {
    response.write(body.subarray(0, fault.after))
  } else {
    response.end(body)
  }
}
