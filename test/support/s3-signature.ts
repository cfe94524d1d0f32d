/**
 * Checks AWS Signature Version 4 the way a service does: from the request as it came over the socket.
 * Source: AWS "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)".
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto"
import type { IncomingMessage } from "node:http"

/** Who may use the server. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/** The S3 error code of a wrong signature, `undefined` for a right one. */
export function signatureFault(
  request: IncomingMessage,
  { accessKeyId, secretAccessKey }: Credentials,
): string | undefined {
  const match = AUTHORIZATION.exec(request.headers.authorization ?? "")
  if (match === null) return "AccessDenied"
  const [, id, day = "", region = "", names = "", signature] = match
  if (id !== accessKeyId) return "InvalidAccessKeyId"
  const signed = names.split(";")
  for (const name of ["host", "x-amz-date", "x-amz-content-sha256"]) {
    if (!signed.includes(name)) return "AccessDenied"
  }
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith("x-amz-") && !signed.includes(name)) return "AccessDenied"
  }
  const time = String(request.headers["x-amz-date"])
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical(request, signed))].join("\n")
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  )
  const expected = createHmac("sha256", key).update(text).digest("hex")
  return expected === signature ? undefined : "SignatureDoesNotMatch"
}

function canonical(request: IncomingMessage, signed: readonly string[]): string {
  const url = new URL(request.url ?? "/", "http://host")
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join("&")
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join("")
  return [
    request.method,
    url.pathname,
    query,
    headers,
    signed.join(";"),
    request.headers["x-amz-content-sha256"],
  ].join("\n")
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.codePointAt(0)?.toString(16).toUpperCase()}`,
  )
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
