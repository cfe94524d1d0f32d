import { createHash } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../src/base/bytes.ts"
import { S3BlobStore } from "../../../storage/s3.ts"
import { nameOf, never, patterned, rejection, sourceOf, sourceThen } from "../../support/blobs.ts"
import type { Fault } from "../../support/loopback.ts"
import { S3_CREDENTIALS, type S3Server, startS3Server } from "../../support/s3-server.ts"

const MIB = 1 << 20
const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`
const xml = (status: number, code: string): Fault => ({
  kind: "status",
  status,
  body: error(code),
  type: "application/xml",
})

describe("S3BlobStore", () => {
  let server: S3Server
  let store: S3BlobStore
  const open = (changes: Partial<ConstructorParameters<typeof S3BlobStore>[0]> = {}) =>
    new S3BlobStore({
      bucket: "lake",
      endpoint: server.url,
      credentials: S3_CREDENTIALS,
      maxAttempts: 1,
      idleTimeoutMs: 20_000,
      connectionTimeoutMs: 10_000,
      ...changes,
    })
  beforeEach(async () => {
    server = await startS3Server()
    store = open()
  })
  afterEach(async () => {
    await store.close()
    await server.stop()
  })
  const call = (name: string, key: string): Promise<unknown> => {
    switch (name) {
      case "put":
        return store.put(key, sourceOf(patterned(500)))
      case "get":
        return collect(store.get(key))
      case "stat":
        return store.stat(key)
      case "delete":
        return store.delete(key)
      default:
        return store.list()[Symbol.asyncIterator]().next()
    }
  }

  const faults: [string, Fault, string][] = [
    ["403 AccessDenied", xml(403, "AccessDenied"), "access_denied"],
    ["401", { kind: "status", status: 401 }, "access_denied"],
    ["500 InternalError", xml(500, "InternalError"), "storage_unavailable"],
    ["503 SlowDown", xml(503, "SlowDown"), "storage_unavailable"],
    ["429", xml(429, "TooManyRequests"), "storage_unavailable"],
    ["507 XMinioStorageFull", xml(507, "XMinioStorageFull"), "storage_full"],
    [
      "502 with a web page",
      { kind: "status", status: 502, body: "<html>Bad <b>gateway", type: "text/html" },
      "storage_unavailable",
    ],
    ["a stall", { kind: "stall" }, "storage_unavailable"],
    ["a reset", { kind: "reset" }, "storage_unavailable"],
  ]
  const cases = faults.flatMap(([name, fault, code]) =>
    ["put", "get", "stat", "delete", "list"].map((method) => ({ name, fault, code, method })),
  )
  it.for(cases)("reports $name on $method as $code", async ({ fault, code, method }) => {
    const isSilent = fault.kind === "stall"
    if (isSilent) store = open({ idleTimeoutMs: 150 })
    server.fault = () => fault
    const failure = await rejection(call(method, await nameOf(patterned(500))))
    expect(failure).toMatchObject({ code, retryable: code === "storage_unavailable" })
    expect(failure.cause !== undefined || isSilent).toBe(true)
    expect(server.bucket.objects.size).toBe(0)
    expect(isSilent || server.requests.length > 0).toBe(true)
  })

  it.for(["put", "get", "stat", "delete", "list"])(
    "reports a refused connection on %s",
    async (method) => {
      await server.stop()
      expect(await rejection(call(method, "k"))).toMatchObject({ code: "storage_unavailable" })
    },
  )

  it.for(["put", "get", "stat", "list"])(
    "does not take a bucket that is not there for absence on %s",
    async (method) => {
      store = open({ bucket: "elsewhere" })
      const failure = await rejection(call(method, "k"))
      expect(failure).toMatchObject({ code: "storage_unavailable" })
      expect(failure.message).toContain("there is no bucket elsewhere")
    },
  )

  it("reports a wrong secret as refused", async () => {
    store = open({ credentials: { ...S3_CREDENTIALS, secretAccessKey: "wrong" } })
    for (const method of ["put", "get", "stat", "delete", "list"]) {
      expect(await rejection(call(method, "k"))).toMatchObject({ code: "access_denied" })
    }
    expect(server.bucket.objects.size).toBe(0)
  })

  it.for(["put", "get", "stat", "delete", "list"])(
    "stops %s when aborted while the service is silent",
    async (method) => {
      store = open({ idleTimeoutMs: 60_000 })
      const caller = new AbortController()
      const reason = new Error("changed my mind")
      server.fault = () => {
        caller.abort(reason)
        return { kind: "stall" }
      }
      const options = { signal: caller.signal }
      const work = {
        put: () => store.put("k", sourceOf(patterned(9)), options),
        get: () => collect(store.get("k", undefined, options)),
        stat: () => store.stat("k", options),
        delete: () => store.delete("k", options),
        list: () => store.list(options)[Symbol.asyncIterator]().next(),
      }[method]
      expect(await rejection(work?.() ?? never())).toBe(reason)
    },
  )

  describe("get", () => {
    it.for<Fault>([
      { kind: "truncate", after: 100 },
      { kind: "truncate", after: 0 },
    ])("reports a body cut short as broken, and as worth another try: %j", async (fault) => {
      await store.put("k", sourceOf(patterned(5000)))
      server.fault = () => fault
      expect(await rejection(collect(store.get("k")))).toMatchObject({
        code: "integrity_failed",
        retryable: true,
      })
    })

    it("reports a body that stops coming", async () => {
      await store.put("k", sourceOf(patterned(5000)))
      store = open({ idleTimeoutMs: 300 })
      server.fault = () => ({ kind: "stall-body", after: 100 })
      expect(await rejection(collect(store.get("k")))).toMatchObject({
        code: "storage_unavailable",
      })
    })

    it("cuts the range itself where the service ignores it", async () => {
      const bytes = patterned(5000)
      await store.put("k", sourceOf(bytes))
      server.fault = () => ({ kind: "ignore-range" })
      const part = await collect(store.get("k", { start: 1000, end: 1500 }))
      expect(Buffer.compare(part, bytes.subarray(1000, 1500))).toBe(0)
      expect(await collect(store.get("k", { start: 9000, end: 9100 }))).toHaveLength(0)
    })
  })

  describe("put", () => {
    it("sends the known digest, and hashes by no surprise framing", async () => {
      const bytes = patterned(3 * MIB)
      const sha256 = createHash("sha256").update(bytes).digest()
      await store.put("k", { ...sourceOf(bytes), sha256 })
      const put = server.requests.find(({ method }) => method === "PUT")
      expect(put?.headers["x-amz-content-sha256"]).toBe(sha256.toString("hex"))
      expect(put?.headers["x-amz-meta-sha256"]).toBe(sha256.toString("hex"))
      expect(put?.headers["content-length"]).toBe(String(bytes.length))
      for (const name of ["expect", "content-encoding", "transfer-encoding", "x-amz-trailer"]) {
        expect(put?.headers[name]).toBeUndefined()
      }
    })

    it("takes the digest of the only leaf for that of the whole", async () => {
      const bytes = patterned(100)
      const digest = createHash("sha256").update(bytes).digest()
      await store.put("k", { ...sourceOf(bytes), leaves: [digest] })
      expect(server.bucket.objects.get("k")?.metadata["sha256"]).toBe(digest.toString("hex"))
    })

    it("stores nothing when the declared digest is another", async () => {
      const source = { ...sourceOf(patterned(100)), sha256: new Uint8Array(32) }
      expect(await rejection(store.put("k", source))).toMatchObject({ code: "integrity_failed" })
      expect(server.bucket.objects.size).toBe(0)
    })

    it("does not read the source again when the digests agree", async () => {
      const bytes = patterned(100)
      const sha256 = createHash("sha256").update(bytes).digest()
      await store.put("k", { ...sourceOf(bytes), sha256 })
      const again = {
        ...sourceOf(bytes),
        sha256,
        open: () => {
          throw new Error("was read")
        },
      }
      await store.put("k", again)
      const other = { ...again, sha256: new Uint8Array(32) }
      expect(await rejection(store.put("k", other))).toMatchObject({ code: "already_exists" })
    })

    it("keeps its connection", async () => {
      for (let size = 1; size <= 5; size++) await store.put(`k${size}`, sourceOf(patterned(size)))
      expect(server.requests.length).toBeGreaterThanOrEqual(10)
      expect(server.connections()).toBe(1)
    })

    it("tries again as often as it was told", async () => {
      store = open({ maxAttempts: 3 })
      let left = 2
      server.fault = () => (left-- > 0 ? xml(500, "InternalError") : undefined)
      await store.put("k", sourceOf(patterned(9)))
      expect(server.bucket.objects.size).toBe(1)
    })
  })

  describe("a value of more than 64 MiB", () => {
    const bytes = patterned(65 * MIB + 3, 9)
    const partsSeen = () =>
      server.requests.filter(({ path }) => path.includes("partNumber=")).length

    it("goes in parts and comes back the same", async () => {
      await store.put("k", sourceOf(bytes))
      expect(partsSeen()).toBe(9)
      expect(server.bucket.uploads.size).toBe(0)
      expect(Buffer.compare(await collect(store.get("k")), bytes)).toBe(0)
    })

    it("leaves no part when one is refused", async () => {
      server.fault = ({ path }) =>
        path.includes("partNumber=3") ? xml(403, "AccessDenied") : undefined
      expect(await rejection(store.put("k", sourceOf(bytes)))).toMatchObject({
        code: "access_denied",
      })
      expect(server.bucket.uploads.size).toBe(0)
      expect(server.bucket.objects.size).toBe(0)
      expect(partsSeen()).toBeLessThan(9)
    })

    it("leaves no part when the source fails", async () => {
      const broken = new Error("source failed")
      const source = sourceThen(bytes.subarray(0, 33 * MIB), bytes.length, () =>
        Promise.reject(broken),
      )
      expect(await rejection(store.put("k", source))).toBe(broken)
      expect(partsSeen()).toBeGreaterThan(0)
      expect(server.bucket.uploads.size).toBe(0)
      expect(server.bucket.objects.size).toBe(0)
    })

    it("leaves no part when aborted", async () => {
      const caller = new AbortController()
      const reason = new Error("changed my mind")
      const source = sourceThen(bytes.subarray(0, 33 * MIB), bytes.length, () => {
        caller.abort(reason)
        return never()
      })
      expect(await rejection(store.put("k", source, { signal: caller.signal }))).toBe(reason)
      expect(partsSeen()).toBeGreaterThan(0)
      expect(server.bucket.uploads.size).toBe(0)
    })

    it("leaves no part when it cannot be completed", async () => {
      server.fault = ({ method, path }) =>
        method === "POST" && path.includes("uploadId=") ? xml(500, "InternalError") : undefined
      expect(await rejection(store.put("k", sourceOf(bytes)))).toMatchObject({
        code: "storage_unavailable",
      })
      expect(server.bucket.uploads.size).toBe(0)
      expect(await store.stat("k")).toBeUndefined()
    })
  })

  describe("list", () => {
    it("shows only keys directly under its prefix", async () => {
      store = open({ prefix: "a" })
      await store.put("k", sourceOf(patterned(3)))
      for (const name of ["k", "ab", "a/b/c", "a/.hidden", "b/k"]) {
        server.bucket.objects.set(name, { bytes: patterned(1), metadata: {} })
      }
      const seen: string[] = []
      for await (const { key } of store.list()) seen.push(key)
      expect(seen).toEqual(["k"])
    })

    it("refuses a page that is cut off without saying where to go on", async () => {
      server.fault = () => ({
        kind: "status",
        status: 200,
        body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        type: "application/xml",
      })
      expect(await rejection(call("list", ""))).toMatchObject({ code: "integrity_failed" })
    })
  })
})
