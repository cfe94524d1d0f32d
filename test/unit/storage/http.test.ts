import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../src/base/bytes.ts"
import { AccessDeniedError } from "../../../src/base/errors.ts"
import { HttpBlobStore } from "../../../storage/http.ts"
import { type BlobServer, startBlobServer } from "../../support/blob-server.ts"
import { patterned, rejection, sourceOf } from "../../support/blobs.ts"
import type { Fault } from "../../support/loopback.ts"

const METHODS = ["put", "get", "stat", "delete", "list"]
const MIB = 1 << 20

describe("HttpBlobStore", () => {
  let server: BlobServer
  let store: HttpBlobStore
  const open = (changes: Partial<ConstructorParameters<typeof HttpBlobStore>[0]> = {}) =>
    new HttpBlobStore({ url: `${server.url}/blobs/`, idleTimeoutMs: 20_000, ...changes })
  beforeEach(async () => {
    server = await startBlobServer()
    store = open()
  })
  afterEach(() => server.stop())
  const call = (method: string, options: { signal?: AbortSignal } = {}): Promise<unknown> => {
    switch (method) {
      case "put":
        return store.put("k", sourceOf(patterned(3 * MIB)), options)
      case "get":
        return collect(store.get("k", undefined, options))
      case "stat":
        return store.stat("k", options)
      case "delete":
        return store.delete("k", options)
      default:
        return store.list(options)[Symbol.asyncIterator]().next()
    }
  }
  const status = (code: number, body?: string): Fault => ({
    kind: "status",
    status: code,
    ...(body !== undefined && { body, type: "application/problem+json" }),
  })

  const faults: [string, Fault, string][] = [
    ["401", status(401), "access_denied"],
    ["403", status(403), "access_denied"],
    ["400", status(400), "invalid_input"],
    ["429", status(429), "storage_unavailable"],
    ["500", status(500), "storage_unavailable"],
    ["503", status(503), "storage_unavailable"],
    ["507", status(507), "storage_full"],
    ["a stall", { kind: "stall" }, "storage_unavailable"],
    ["a reset", { kind: "reset" }, "storage_unavailable"],
  ]
  const cases = faults.flatMap(([name, fault, code]) =>
    METHODS.map((method) => ({ name, fault, code, method })),
  )
  it.for(cases)("reports $name on $method as $code", async ({ fault, code, method }) => {
    if (fault.kind === "stall") store = open({ idleTimeoutMs: 200 })
    server.fault = () => fault
    const failure = await rejection(call(method))
    expect(failure).toMatchObject({ code, retryable: code === "storage_unavailable" })
    expect(await server.store.stat("k")).toBeUndefined()
  })

  it.for(METHODS)("reports a refused connection on %s", async (method) => {
    await server.stop()
    expect(await rejection(call(method))).toMatchObject({ code: "storage_unavailable" })
  })

  it.for(METHODS)("stops %s when aborted while the server is silent", async (method) => {
    const caller = new AbortController()
    const reason = new Error("changed my mind")
    server.fault = () => {
      caller.abort(reason)
      return { kind: "stall" }
    }
    expect(await rejection(call(method, { signal: caller.signal }))).toBe(reason)
  })

  it.for<[string, Fault, object]>([
    [
      "a problem of ours",
      status(409, '{"status":409,"code":"stale_epoch","title":"a new epoch"}'),
      { code: "stale_epoch", message: "a new epoch" },
    ],
    ["another's 409", status(409, "{}"), { code: "already_exists" }],
    ["another's 422", status(422, "<html>"), { code: "integrity_failed" }],
    [
      "an unknown code",
      status(503, '{"code":"teapot","title":"x"}'),
      { code: "storage_unavailable" },
    ],
  ])("raises %s as what it names", async ([, fault, expected]) => {
    server.fault = () => fault
    for (const method of ["put", "delete"]) {
      expect(await rejection(call(method))).toMatchObject(expected)
    }
  })

  it("signs what changes something, for the method, the key and the size, and nothing else", async () => {
    const asked: unknown[][] = []
    store = open({
      authorize: async (...given) => {
        asked.push(given)
        return { authorization: `Medlake ${given.join("-")}` }
      },
    })
    for (const method of METHODS) await call(method).catch(() => undefined)
    expect(asked).toEqual([
      ["PUT", "k", 3 * MIB],
      ["DELETE", "k", 0],
    ])
    const signed = server.requests.filter(({ authorization }) => authorization !== undefined)
    expect(signed.map(({ line }) => line)).toEqual(["PUT /blobs/k", "DELETE /blobs/k"])
  })

  it("sends nothing when it can't be signed", async () => {
    const locked = new AccessDeniedError("the keyring is locked")
    store = open({ authorize: () => Promise.reject(locked) })
    for (const method of ["put", "delete"]) expect(await rejection(call(method))).toBe(locked)
    expect(server.requests).toEqual([])
  })

  describe("get", () => {
    beforeEach(() => server.store.put("k", sourceOf(patterned(5000))))

    it.for([0, 100])("reports a body cut after %i bytes as worth another try", async (after) => {
      server.fault = () => ({ kind: "truncate", after })
      expect(await rejection(call("get"))).toMatchObject({
        code: "integrity_failed",
        retryable: true,
      })
    })

    it("reports a body that stops coming", async () => {
      store = open({ idleTimeoutMs: 300 })
      server.fault = () => ({ kind: "stall-body", after: 100 })
      expect(await rejection(call("get"))).toMatchObject({ code: "storage_unavailable" })
    })

    it("cuts the range itself where the server ignores it", async () => {
      server.fault = () => ({ kind: "ignore-range" })
      const part = await collect(store.get("k", { start: 1000, end: 1500 }))
      expect(Buffer.compare(part, patterned(5000).subarray(1000, 1500))).toBe(0)
    })
  })

  it.for<[string, string, string]>([
    ["no JSON", "<html>", "integrity_failed"],
    ["no page", '{"keys":[{"key":1}]}', "integrity_failed"],
    ["a page that leads to itself", '{"keys":[],"next":"x"}', "integrity_failed"],
  ])("refuses a list that is %s", async ([, body, code]) => {
    server.fault = () => ({ kind: "status", status: 200, body, type: "application/json" })
    const read = async () => {
      for await (const { key } of store.list()) expect(key).toBe("never")
    }
    expect(await rejection(read())).toMatchObject({ code })
  })
})
