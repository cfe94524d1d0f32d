/**
 * One store over HTTP: the server's half of `storage/http.ts`, whose wire contract this keeps.
 *
 * What is put must have the name it is put under; nothing is stored otherwise.
 *
 * @module
 */
import { pipeline } from "node:stream/promises"
import { type Request, type Response, Router } from "express"
import type { BlobSource, BlobStore, ByteRange, StoredBlob } from "../../storage/blob-store.ts"
import { withVerify } from "../../storage/with/verify.ts"
import { collect, once } from "../base/bytes.ts"
import {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  StorageUnavailableError,
} from "../base/errors.ts"
import { parseCid } from "../cid/cid.ts"
import { OBJECT_LIMIT } from "../lake/control-object.ts"
import type { StoreCall } from "../vault/store-authorization.ts"
import { onlyMethods } from "./problem.ts"
import type { StoreOwners, StoreRights } from "./rights.ts"

/** Largest body that is taken, bytes. */
const BODY_LIMIT = 64 * 2 ** 30
const MAX_PAGE = 1000
const BINARY = "application/octet-stream"

/** What the routes of a store ask. */
export interface BlobRoutesOptions {
  readonly rights: Pick<StoreRights, "require" | "requireOwner">
  readonly owners: StoreOwners
  /** Whether anybody may ask what there is. Else names are for those who hold them: boxes on chain and manifests tell them. */
  readonly listing: boolean
}

/** Routes of one store; `folder` is its place in signed calls. */
export function blobRoutes(
  store: BlobStore,
  folder: StoreCall["folder"],
  { rights, owners, listing }: BlobRoutesOptions,
): Router {
  const routes = Router()
  const checked = withVerify(store)
  routes.get("/", async (request, response) => {
    if (!listing) throw new AccessDeniedError("this server tells nobody what it holds")
    response.json(await listPage(store, request))
  })
  routes.get("/:key", async (request, response) => {
    await sendBlob(store, keyOf(request), request, response)
  })
  routes.put("/:key", async (request, response) => {
    const key = keyOf(request)
    const size = sizeOf(request)
    const call = { method: "PUT" as const, folder, cid: key, size }
    const register = await rights.require(request.headers.authorization, call)
    const there = await store.stat(key)
    if (!there) await owners.claim(folder, key, register)
    try {
      await checked.put(
        key,
        folder === "objects" ? await whole(request, size) : flowing(request, size),
      )
    } catch (error) {
      if (!there && !(await store.stat(key))) await owners.release(folder, key)
      throw error
    }
    response.status(there ? 200 : 201).end()
  })
  routes.delete("/:key", async (request, response) => {
    const key = keyOf(request)
    const call = { method: "DELETE" as const, folder, cid: key, size: 0 }
    const register = await rights.require(request.headers.authorization, call)
    if (await store.stat(key)) {
      rights.requireOwner(await owners.ownerOf(folder, key), register)
      await store.delete(key)
      await owners.release(folder, key)
    }
    response.status(204).end()
  })
  routes.all("/:key", onlyMethods("GET", "HEAD", "PUT", "DELETE"))
  routes.all("/", onlyMethods("GET", "HEAD"))
  return routes
}

/** Control objects are small and go to several copies: held whole. */
async function whole(request: Request, size: number): Promise<BlobSource> {
  if (size > OBJECT_LIMIT) throw new InvalidInputError("a control object has at most 1 MiB")
  const bytes = await collect(bodyOf(request), size)
  return { size, open: () => once(bytes) }
}

/** Not worth another try here: only the sender has the bytes again. */
class BodySpentError extends StorageUnavailableError {
  override readonly retryable = false
}

/** A blob is as large as it likes: it flows through, and can't be read again. */
function flowing(request: Request, size: number): BlobSource {
  let opened = false
  return {
    size,
    open: () => {
      if (opened) throw new BodySpentError("the store broke off: send the blob again")
      opened = true
      return bodyOf(request)
    },
  }
}

/** The body, from a connection that stays: who stops reading it half way still has an answer to send. */
async function* bodyOf(request: Request): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }))
      yield piece as Uint8Array
  } finally {
    // What is left of it is read and dropped, or the sender would never look up from sending.
    request.resume()
  }
}

async function sendBlob(
  store: BlobStore,
  key: string,
  request: Request,
  response: Response,
): Promise<void> {
  const stat = await store.stat(key)
  if (!stat) throw new NotFoundError("this store has no such blob")
  const range = rangeOf(request, stat.size)
  if (range === "outside") {
    response.status(416).set("content-range", `bytes */${stat.size}`).end()
    return
  }
  const { start, end } = range ?? { start: 0, end: stat.size }
  response.status(range ? 206 : 200).set({
    "content-type": BINARY,
    "content-length": String(end - start),
    "accept-ranges": "bytes",
    "cache-control": "public, max-age=31536000, immutable",
    ...(range && { "content-range": `bytes ${start}-${end - 1}/${stat.size}` }),
  })
  if (request.method === "HEAD" || end === start) {
    response.end()
    return
  }
  await pipeline(store.get(key, { start, end }), response)
}

async function listPage(store: BlobStore, request: Request) {
  const after = queryOf(request, "after") ?? ""
  const limit = Math.min(MAX_PAGE, Number(queryOf(request, "limit") ?? MAX_PAGE))
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidInputError("limit is not a whole number")
  const pageOf = (found: readonly StoredBlob[]) =>
    found.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit + 1)
  let found: StoredBlob[] = []
  for await (const one of store.list()) {
    if (one.key > after) found.push(one)
    // A store of millions is not held in memory for one page.
    if (found.length > 8 * MAX_PAGE) found = pageOf(found)
  }
  const ordered = pageOf(found)
  const keys = ordered.slice(0, limit)
  return ordered.length > limit ? { keys, next: keys.at(-1)?.key } : { keys }
}

/** One range of bytes (RFC 9110 §14.2); several, and what is no range, are answered whole. */
function rangeOf(request: Request, size: number): ByteRange | "outside" | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "")
  if (!match) return undefined
  const start = Number(match[1])
  const end = match[2] === "" ? size : Math.min(size, Number(match[2]) + 1)
  if (start >= size) return "outside"
  return end <= start ? undefined : { start, end }
}

function keyOf(request: Request): string {
  return parseCid(String(request.params["key"])).toString()
}

function sizeOf(request: Request): number {
  const size = Number(request.headers["content-length"])
  if (!Number.isSafeInteger(size) || size < 0 || size > BODY_LIMIT) {
    throw new InvalidInputError("a PUT names the length of its body")
  }
  return size
}

function queryOf(request: Request, name: string): string | undefined {
  const value = request.query[name]
  return typeof value === "string" ? value : undefined
}
