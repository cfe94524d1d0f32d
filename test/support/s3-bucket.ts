/**
 * What an S3 bucket does with requests that were let in: objects, ranges, multipart uploads, lists.
 *
 * @module
 */
import { createHash } from "node:crypto"
import type { IncomingHttpHeaders } from "node:http"

/** An answer: an error `code`, an XML text, or the bytes of an object. */
export interface S3Answer {
  readonly status: number
  readonly code?: string
  readonly xml?: string
  readonly body?: Uint8Array
  /** Content-Length, where it is not the body's. */
  readonly length?: number
  readonly headers?: Record<string, string>
}

interface S3Object {
  readonly bytes: Uint8Array
  readonly metadata: Record<string, string>
}

interface Upload {
  readonly key: string
  readonly metadata: Record<string, string>
  readonly parts: Map<number, Uint8Array>
}

const SMALLEST_PART = 5 << 20

/** One bucket. */
export class S3Bucket {
  readonly objects = new Map<string, S3Object>()
  /** Unfinished uploads. */
  readonly uploads = new Map<string, Upload>()
  readonly #name: string
  readonly #pageSize: number
  #made = 0

  constructor(name: string, pageSize: number) {
    this.#name = name
    this.#pageSize = pageSize
  }

  answer(
    method: string,
    url: URL,
    body: Uint8Array,
    headers: IncomingHttpHeaders,
    ignoreRange: boolean,
  ): S3Answer {
    const [bucket = "", ...rest] = decodeURIComponent(url.pathname.slice(1)).split("/")
    if (bucket !== this.#name) return { status: 404, code: "NoSuchBucket" }
    const key = rest.join("/")
    const query = url.searchParams
    if (key === "") return method === "HEAD" ? { status: 200 } : this.#list(query)
    const upload = query.get("uploadId")
    if (method === "POST" && query.has("uploads")) return this.#begin(key, headers)
    if (upload !== null) return this.#part(method, upload, Number(query.get("partNumber")), body)
    switch (method) {
      case "PUT":
        this.objects.set(key, { bytes: body, metadata: metadataOf(headers) })
        return { status: 200, headers: { etag: etag(body) } }
      case "DELETE":
        this.objects.delete(key)
        return { status: 204 }
      case "GET":
      case "HEAD":
        return this.#get(key, ignoreRange ? undefined : headers.range)
      default:
        return { status: 405, code: "MethodNotAllowed" }
    }
  }

  #get(key: string, range: string | undefined): S3Answer {
    const object = this.objects.get(key)
    if (object === undefined) return { status: 404, code: "NoSuchKey" }
    const { bytes } = object
    const headers: Record<string, string> = { etag: etag(bytes) }
    for (const [name, value] of Object.entries(object.metadata))
      headers[`x-amz-meta-${name}`] = value
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "")
    if (asked === null) return { status: 200, body: bytes, headers }
    const start = Number(asked[1])
    const end = Math.min(bytes.length, Number(asked[2]) + 1)
    if (start >= bytes.length) return { status: 416, code: "InvalidRange" }
    const contentRange = `bytes ${start}-${end - 1}/${bytes.length}`
    return {
      status: 206,
      body: bytes.subarray(start, end),
      headers: { ...headers, "content-range": contentRange },
    }
  }

  #begin(key: string, headers: IncomingHttpHeaders): S3Answer {
    const id = `upload-${++this.#made}`
    this.uploads.set(id, { key, metadata: metadataOf(headers), parts: new Map() })
    return {
      status: 200,
      xml: `<InitiateMultipartUploadResult><Bucket>${this.#name}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    }
  }

  #part(method: string, id: string, number: number, body: Uint8Array): S3Answer {
    const upload = this.uploads.get(id)
    if (upload === undefined) return { status: 404, code: "NoSuchUpload" }
    switch (method) {
      case "PUT":
        upload.parts.set(number, body)
        return { status: 200, headers: { etag: etag(body) } }
      case "DELETE":
        this.uploads.delete(id)
        return { status: 204 }
      case "POST":
        return this.#complete(id, upload, Buffer.from(body).toString())
      default:
        return { status: 405, code: "MethodNotAllowed" }
    }
  }

  #complete(id: string, upload: Upload, xml: string): S3Answer {
    const named = [...xml.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>([^<]*)</.exec(part)?.[1]?.replaceAll("&quot;", '"'),
    }))
    const pieces: Uint8Array[] = []
    for (const [index, { number, etag: given }] of named.entries()) {
      const piece = upload.parts.get(number)
      if (piece === undefined || etag(piece) !== given) return { status: 400, code: "InvalidPart" }
      if (index > 0 && number <= (named[index - 1]?.number ?? 0)) {
        return { status: 400, code: "InvalidPartOrder" }
      }
      if (index < named.length - 1 && piece.length < SMALLEST_PART) {
        return { status: 400, code: "EntityTooSmall" }
      }
      pieces.push(piece)
    }
    if (pieces.length === 0) return { status: 400, code: "MalformedXML" }
    this.objects.set(upload.key, { bytes: Buffer.concat(pieces), metadata: upload.metadata })
    this.uploads.delete(id)
    return {
      status: 200,
      xml: `<CompleteMultipartUploadResult><Key>${upload.key}</Key><ETag>"x"</ETag></CompleteMultipartUploadResult>`,
    }
  }

  #list(query: URLSearchParams): S3Answer {
    if (query.get("list-type") !== "2") return { status: 400, code: "InvalidArgument" }
    const prefix = query.get("prefix") ?? ""
    const after = query.get("continuation-token")
    const rest = [...this.objects]
      .filter(([key]) => key.startsWith(prefix) && (after === null || key > after))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    const page = rest.slice(0, this.#pageSize)
    const more = rest.length > page.length
    const token = more ? `<NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>` : ""
    const contents = page
      .map(
        ([key, { bytes }]) => `<Contents><Key>${key}</Key><Size>${bytes.length}</Size></Contents>`,
      )
      .join("")
    return {
      status: 200,
      xml: `<ListBucketResult><Name>${this.#name}</Name><IsTruncated>${more}</IsTruncated>${token}${contents}</ListBucketResult>`,
    }
  }
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("x-amz-meta-")) metadata[name.slice("x-amz-meta-".length)] = String(value)
  }
  return metadata
}

function etag(bytes: Uint8Array): string {
  return `"${createHash("md5").update(bytes).digest("hex")}"`
}
