import { createHash } from "node:crypto"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../src/base/bytes.ts"
import { IpfsBlobStore } from "../../../storage/ipfs.ts"
import { blocksOf, LEAF, nameOf, patterned, rejection, sourceOf } from "../../support/blobs.ts"
import { type KuboServer, startKuboServer } from "../../support/kubo-server.ts"
import type { Fault } from "../../support/loopback.ts"

const METHODS = ["put", "get", "stat", "delete", "list"]

describe("IpfsBlobStore", () => {
  let server: KuboServer
  let store: IpfsBlobStore
  const open = (changes: Partial<ConstructorParameters<typeof IpfsBlobStore>[0]> = {}) =>
    new IpfsBlobStore({ api: server.url, idleTimeoutMs: 10_000, ...changes })
  beforeEach(async () => {
    server = await startKuboServer()
    store = open()
  })
  afterEach(() => server.stop())
  const bytes = patterned(2 * LEAF + 77, 3)
  const call = async (method: string, options: { signal?: AbortSignal } = {}): Promise<unknown> => {
    const key = await nameOf(bytes)
    switch (method) {
      case "put":
        return store.put(key, sourceOf(bytes), options)
      case "get":
        return collect(store.get(key, undefined, options))
      case "stat":
        return store.stat(key, options)
      case "delete":
        return store.delete(key, options)
      default:
        return store.list(options)[Symbol.asyncIterator]().next()
    }
  }
  const commands = () => server.requests.map((request) => request.split("?")[0])
  const leavesOf = (whole: Uint8Array) =>
    Array.from({ length: Math.ceil(whole.length / LEAF) }, (_, i) =>
      createHash("sha256")
        .update(whole.subarray(i * LEAF, (i + 1) * LEAF))
        .digest(),
    )

  const faults: [string, Fault, string][] = [
    ["403", { kind: "status", status: 403, body: "403 - Forbidden" }, "access_denied"],
    ["401", { kind: "status", status: 401 }, "access_denied"],
    ["404, no RPC API there", { kind: "status", status: 404 }, "invalid_input"],
    ["405, a gateway's address", { kind: "status", status: 405 }, "invalid_input"],
    ["502 with a web page", { kind: "status", status: 502, body: "<html>" }, "storage_unavailable"],
    [
      "a full disk",
      {
        kind: "status",
        status: 500,
        body: JSON.stringify({
          Message: "write /data/ipfs/blocks: no space left on device",
          Code: 0,
          Type: "error",
        }),
        type: "application/json",
      },
      "storage_full",
    ],
    ["a stall", { kind: "stall" }, "storage_unavailable"],
    ["a reset", { kind: "reset" }, "storage_unavailable"],
  ]
  const cases = faults.flatMap(([name, fault, code]) =>
    METHODS.map((method) => ({ name, fault, code, method })),
  )
  it.for(cases)("reports $name on $method as $code", async ({ fault, code, method }) => {
    const isSilent = fault.kind === "stall"
    if (isSilent) store = open({ idleTimeoutMs: 200 })
    server.fault = () => fault
    expect(await rejection(call(method))).toMatchObject({
      code,
      retryable: code === "storage_unavailable",
    })
    expect(server.node.pins.size).toBe(0)
    expect(isSilent || server.requests.length > 0).toBe(true)
  })

  it.for(METHODS)("stops %s when aborted while the daemon is silent", async (method) => {
    store = open({ idleTimeoutMs: 60_000 })
    const caller = new AbortController()
    const reason = new Error("changed my mind")
    server.fault = () => {
      caller.abort(reason)
      return { kind: "stall" }
    }
    expect(await rejection(call(method, { signal: caller.signal }))).toBe(reason)
  })

  it("sends the headers it was given", async () => {
    store = open({ headers: { authorization: "Bearer made-up" } })
    await call("put")
    expect(server.headers.length).toBeGreaterThan(0)
    for (const headers of server.headers) expect(headers.authorization).toBe("Bearer made-up")
  })

  describe("put", () => {
    it("stores exactly the blocks of unixfs-v1-2025, none over a mebibyte, and pins the root", async () => {
      const { key, blocks } = await blocksOf(bytes)
      await store.put(key, sourceOf(bytes, 99_999))
      expect([...server.node.blocks.keys()].toSorted()).toEqual([...blocks.keys()].toSorted())
      expect(blocks.size).toBe(4)
      for (const block of blocks.values()) expect(block.length).toBeLessThanOrEqual(LEAF)
      expect([...server.node.pins]).toEqual([key])
    })

    it.for([true, false])("reads its source once, leaves known: %s", async (known) => {
      const source = { ...sourceOf(bytes) }
      let opened = 0
      const once = {
        ...source,
        open: () => {
          opened += 1
          return source.open()
        },
        ...(known && { leaves: leavesOf(bytes) }),
      }
      await store.put(await nameOf(bytes), once)
      expect(opened).toBe(1)
      expect(server.node.pins.size).toBe(1)
    })

    it("pins last, when every block is there", async () => {
      await call("put")
      expect(commands().filter((one) => one === "block/put").length).toBe(4)
      expect(commands().at(-1)).toBe("pin/add")
    })

    it("sends nothing when the announced leaves make another name", async () => {
      const source = { ...sourceOf(bytes), leaves: leavesOf(patterned(2 * LEAF + 77, 4)) }
      const failure = await rejection(store.put(await nameOf(bytes), source))
      expect(failure).toMatchObject({ code: "integrity_failed" })
      expect(server.requests).toEqual([])
    })

    it("sends no leaf that is not the announced one, and pins nothing", async () => {
      const other = patterned(2 * LEAF + 77, 4)
      const source = { ...sourceOf(other), leaves: leavesOf(bytes) }
      const failure = await rejection(store.put(await nameOf(bytes), source))
      expect(failure).toMatchObject({ code: "integrity_failed" })
      expect(server.node.blocks.size).toBe(0)
      expect(server.node.pins.size).toBe(0)
    })

    it("refuses a daemon that names a block otherwise", async () => {
      server.node.putBlock = () => "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
      const failure = await rejection(call("put"))
      expect(failure).toMatchObject({ code: "integrity_failed" })
      expect(server.node.pins.size).toBe(0)
    })

    it.for(["pin/add", "block/put"])("leaves no pin when %s fails", async (command) => {
      server.fault = (request) =>
        request.startsWith(command) ? { kind: "status", status: 500, body: "" } : undefined
      expect(await rejection(call("put"))).toMatchObject({ code: "storage_unavailable" })
      server.fault = () => undefined
      expect(await call("stat")).toBeUndefined()
      expect(await rejection(call("get"))).toMatchObject({ code: "not_found" })
      await call("put")
      expect(Buffer.compare((await call("get")) as Uint8Array, bytes)).toBe(0)
    })

    it("does nothing for a value that is pinned", async () => {
      await call("put")
      server.requests.length = 0
      const unread = {
        ...sourceOf(bytes),
        leaves: leavesOf(bytes),
        open: () => {
          throw new Error("was read")
        },
      }
      await store.put(await nameOf(bytes), unread)
      expect(commands()).toEqual(["pin/ls"])
    })

    it.for([
      ["a CIDv0", "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"],
      ["no CID", "k"],
    ])("refuses %s as a key", async ([, key]) => {
      const failure = await rejection(store.put(key ?? "", sourceOf(bytes)))
      expect(failure).toMatchObject({ code: "invalid_input" })
      expect(server.requests).toEqual([])
    })
  })

  describe("get", () => {
    it.for([
      [0, "storage_unavailable"],
      [100, "integrity_failed"],
    ] as const)(
      "reports a body cut after %i bytes as %s, and as worth another try",
      async ([after, code]) => {
        await call("put")
        server.fault = (asked) =>
          asked.startsWith("cat") ? { kind: "truncate", after } : undefined
        expect(await rejection(call("get"))).toMatchObject({ code, retryable: true })
      },
    )

    it("reports a body that stops coming", async () => {
      await call("put")
      store = open({ idleTimeoutMs: 300 })
      server.fault = (asked) =>
        asked.startsWith("cat") ? { kind: "stall-body", after: 100 } : undefined
      expect(await rejection(call("get"))).toMatchObject({ code: "storage_unavailable" })
    })

    it("says that the store does not answer when a block under the pin is gone", async () => {
      await call("put")
      store = open({ idleTimeoutMs: 300 })
      const [leaf] = server.node.blocks.keys()
      server.node.blocks.delete(leaf ?? "")
      expect(await rejection(call("get"))).toMatchObject({ code: "storage_unavailable" })
    })

    it("does not fetch what is only somewhere in the network: not pinned is absent", async () => {
      const { key, blocks } = await blocksOf(bytes)
      for (const [cid, block] of blocks) server.node.blocks.set(cid, block)
      expect(await rejection(collect(store.get(key)))).toMatchObject({ code: "not_found" })
      expect(commands()).toEqual(["pin/ls"])
    })
  })

  it("deletes the pin and leaves the blocks to the daemon", async () => {
    await call("put")
    await call("delete")
    expect(server.node.pins.size).toBe(0)
    expect(server.node.blocks.size).toBe(4)
    expect(await call("stat")).toBeUndefined()
  })

  it("lists files only: a folder that is pinned there is another program's", async () => {
    await call("put")
    server.node.pinFolder()
    const seen: string[] = []
    for await (const { key } of store.list()) seen.push(key)
    expect(seen).toEqual([await nameOf(bytes)])
    expect(server.node.pins.size).toBe(2)
  })
})
