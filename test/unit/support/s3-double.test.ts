/**
 * The S3 double refuses what a strict service refuses: else the tests that use it prove nothing.
 */
import { createHash } from "node:crypto"
import { request as httpRequest, type IncomingMessage } from "node:http"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { S3BlobStore } from "../../../storage/s3.ts"
import { patterned, sourceOf } from "../../support/blobs.ts"
import { S3_CREDENTIALS, type S3Server, startS3Server } from "../../support/s3-server.ts"
import { signatureFault } from "../../support/s3-signature.ts"

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
const AWS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}

/** Examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)". */
const EXAMPLES = [
  {
    name: "GET object",
    method: "GET",
    url: "/test.txt",
    headers: { range: "bytes=0-9", "x-amz-content-sha256": EMPTY },
    signed: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT object",
    method: "PUT",
    url: "/test%24file.text",
    headers: {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    },
    signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET bucket lifecycle",
    method: "GET",
    url: "/?lifecycle",
    headers: { "x-amz-content-sha256": EMPTY },
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "list objects",
    method: "GET",
    url: "/?max-keys=2&prefix=J",
    headers: { "x-amz-content-sha256": EMPTY },
    signed: "host;x-amz-content-sha256;x-amz-date",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
] as const

function exampleRequest({ method, url, headers, signed, signature }: (typeof EXAMPLES)[number]) {
  return {
    method,
    url,
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${AWS.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signed},Signature=${signature}`,
    } as Record<string, string>,
  }
}

const faultOf = (request: object, credentials = AWS) =>
  signatureFault(request as IncomingMessage, credentials)

describe("signatureFault", () => {
  it.for(EXAMPLES)("finds the signature of AWS's own example right: $name", (example) => {
    expect(faultOf(exampleRequest(example))).toBeUndefined()
  })

  const [example] = EXAMPLES
  const changed = (changes: object) => ({ ...exampleRequest(example), ...changes })
  const withHeader = (name: string, value: string) => {
    const request = exampleRequest(example)
    return { ...request, headers: { ...request.headers, [name]: value } }
  }
  it.for<[string, object, string]>([
    ["another method", changed({ method: "PUT" }), "SignatureDoesNotMatch"],
    ["another path", changed({ url: "/other.txt" }), "SignatureDoesNotMatch"],
    ["another query", changed({ url: "/test.txt?acl" }), "SignatureDoesNotMatch"],
    ["another host", withHeader("host", "elsewhere"), "SignatureDoesNotMatch"],
    ["another time", withHeader("x-amz-date", "20130525T000000Z"), "SignatureDoesNotMatch"],
    ["another signed header", withHeader("range", "bytes=0-10"), "SignatureDoesNotMatch"],
    ["another content hash", withHeader("x-amz-content-sha256", "00"), "SignatureDoesNotMatch"],
    ["an unsigned x-amz header", withHeader("x-amz-meta-sha256", "00"), "AccessDenied"],
    ["no authorization", withHeader("authorization", ""), "AccessDenied"],
  ])("refuses %s", ([, request, fault]) => {
    expect(faultOf(request)).toBe(fault)
  })

  it("refuses another key and another secret", () => {
    const request = exampleRequest(example)
    expect(faultOf(request, { ...AWS, accessKeyId: "AKIDOTHER" })).toBe("InvalidAccessKeyId")
    expect(faultOf(request, { ...AWS, secretAccessKey: "other" })).toBe("SignatureDoesNotMatch")
  })
})

describe("the S3 double", () => {
  let server: S3Server
  const body = Buffer.from(patterned(500))
  let path: string
  let headers: Record<string, string>
  beforeEach(async () => {
    server = await startS3Server()
    const store = new S3BlobStore({
      bucket: "lake",
      endpoint: server.url,
      credentials: S3_CREDENTIALS,
    })
    await store.put("k", sourceOf(body))
    await store.close()
    const put = server.requests.find(({ method }) => method === "PUT")
    path = put?.path ?? ""
    headers = { ...(put?.headers as Record<string, string>) }
    delete headers["connection"]
    server.bucket.objects.clear()
  })
  afterEach(() => server.stop())

  /** Sends the PUT that was seen once more, changed. */
  const send = (changes: Record<string, string | undefined>, sent: Uint8Array = body) =>
    new Promise<string>((resolve, reject) => {
      const all = Object.entries({ ...headers, ...changes }).filter(
        ([, value]) => value !== undefined,
      )
      const request = httpRequest(server.url + path, {
        method: "PUT",
        headers: Object.fromEntries(all) as Record<string, string>,
      })
      request.on("response", (response) => {
        const pieces: Buffer[] = []
        response.on("data", (piece: Buffer) => pieces.push(piece))
        response.on("end", () => {
          const code = /<Code>(\w+)</.exec(Buffer.concat(pieces).toString())?.[1] ?? "none"
          resolve(`${response.statusCode} ${code}`)
        })
      })
      request.on("error", reject)
      request.end(sent)
    })

  it("takes the request as the SDK made it", async () => {
    expect(await send({})).toBe("200 none")
    expect(Buffer.compare(server.bucket.objects.get("k")?.bytes ?? body.subarray(1), body)).toBe(0)
  })

  const other = Buffer.from(patterned(500, 2))
  const hashOfOther = createHash("sha256").update(other).digest("hex")
  it.for<[string, Record<string, string | undefined>, Uint8Array, string]>([
    ["other bytes", {}, other, "400 XAmzContentSHA256Mismatch"],
    [
      "other bytes and their hash",
      { "x-amz-content-sha256": hashOfOther },
      other,
      "403 SignatureDoesNotMatch",
    ],
    [
      "an unsigned body without TLS",
      { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      body,
      "403 SignatureDoesNotMatch",
    ],
    ["no signature", { authorization: undefined }, body, "403 AccessDenied"],
    ["metadata that is not signed", { "x-amz-meta-more": "1" }, body, "403 AccessDenied"],
    [
      "chunked framing",
      { "content-length": undefined, "transfer-encoding": "chunked" },
      body,
      "411 MissingContentLength",
    ],
    ["aws-chunked framing", { "content-encoding": "aws-chunked" }, body, "400 InvalidRequest"],
    [
      "a streaming signature",
      { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
      body,
      "400 InvalidRequest",
    ],
    ["Expect", { expect: "100-continue" }, body, "417 ExpectationFailed"],
  ])("refuses %s and stores nothing", async ([, changes, sent, answer]) => {
    expect(await send(changes, sent)).toBe(answer)
    expect(server.bucket.objects.size).toBe(0)
  })

  it("stores nothing of a body that ends early", async () => {
    const cut = new Promise<string>((resolve) => {
      const request = httpRequest(server.url + path, { method: "PUT", headers })
      request.on("response", (response) => resolve(String(response.statusCode)))
      request.on("error", () => resolve("cut"))
      request.write(body.subarray(0, 100), () => request.destroy())
    })
    expect(await cut).toBe("cut")
    expect(server.bucket.objects.size).toBe(0)
  })
})
