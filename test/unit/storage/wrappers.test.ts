import { beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../src/base/bytes.ts"
import type { Clock } from "../../../src/base/clock.ts"
import {
  AccessDeniedError,
  AlreadyExistsError,
  type MedlakeError,
  NotFoundError,
  StorageFullError,
  StorageUnavailableError,
} from "../../../src/base/errors.ts"
import type { BlobSource, BlobStore } from "../../../storage/blob-store.ts"
import { CutShortError } from "../../../storage/body.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"
import { withCopies } from "../../../storage/with/copies.ts"
import { withRetry } from "../../../storage/with/retry.ts"
import { withVerify } from "../../../storage/with/verify.ts"
import { LEAF, nameOf, patterned, rejection, sourceOf } from "../../support/blobs.ts"

/** A store that fails on purpose: `fail` is asked before each call, `cut` after each piece of a get. */
class Faulty extends MemoryBlobStore {
  readonly calls: string[] = []
  fail: (call: string) => Error | undefined = () => undefined
  cut: (yielded: number) => Error | undefined = () => undefined

  #begin(call: string): void {
    this.calls.push(call)
    const failure = this.fail(call)
    if (failure !== undefined) throw failure
  }

  override async put(...given: Parameters<BlobStore["put"]>): Promise<void> {
    this.#begin("put")
    await super.put(...given)
  }

  override async *get(...given: Parameters<BlobStore["get"]>): AsyncIterable<Uint8Array> {
    const range = given[1]
    this.#begin(range === undefined ? "get" : `get ${range.start}-`)
    let yielded = 0
    for await (const piece of super.get(...given)) {
      yield piece
      yielded += piece.length
      const failure = this.cut(yielded)
      if (failure !== undefined) throw failure
    }
  }

  override async stat(...given: Parameters<BlobStore["stat"]>) {
    this.#begin("stat")
    return await super.stat(...given)
  }

  override async delete(...given: Parameters<BlobStore["delete"]>): Promise<void> {
    this.#begin("delete")
    await super.delete(...given)
  }

  override async *list(...given: Parameters<BlobStore["list"]>) {
    this.#begin("list")
    let yielded = 0
    for await (const entry of super.list(...given)) {
      yield entry
      const failure = this.cut(++yielded)
      if (failure !== undefined) throw failure
    }
  }

  /** Puts bytes under a name that is not theirs. */
  async damage(key: string, bytes: Uint8Array): Promise<void> {
    await super.delete(key)
    await super.put(key, sourceOf(bytes))
  }
}

const busy = () => new StorageUnavailableError("busy")
const refused = () => new AccessDeniedError("refused")

/** The first `count` are failures, then none. */
function times(count: number, failure: () => Error): () => Error | undefined {
  let left = count
  return () => (left-- > 0 ? failure() : undefined)
}

async function keysOf(store: BlobStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list()) keys.push(key)
  return keys.toSorted()
}

describe("withRetry", () => {
  let inner: Faulty
  let waits: number[]
  const clock: Clock = {
    now: () => 0,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      waits.push(ms)
    },
  }
  const open = (attempts = 4) =>
    withRetry(inner, { attempts, baseDelayMs: 100, clock, random: () => 0 })
  beforeEach(() => {
    inner = new Faulty()
    waits = []
  })
  const call = async (store: BlobStore, method: string): Promise<unknown> => {
    switch (method) {
      case "put":
        return store.put("k", sourceOf(patterned(9)))
      case "get":
        return collect(store.get("k"))
      case "stat":
        return store.stat("k")
      case "delete":
        return store.delete("k")
      default:
        return keysOf(store)
    }
  }
  const METHODS = ["put", "get", "stat", "delete", "list"]

  it.for(METHODS)(
    "tries %s again while the store is busy, twice as patiently each time",
    async (method) => {
      await inner.put("k", sourceOf(patterned(9)))
      inner.calls.length = 0
      inner.fail = times(3, busy)
      await call(open(), method)
      expect(inner.calls).toEqual(Array.from({ length: 4 }, () => method))
      expect(waits).toEqual([50, 100, 200])
    },
  )

  it.for(METHODS)(
    "gives up on %s after the attempts it has, with the store's own failure",
    async (method) => {
      const failure = busy()
      inner.fail = () => failure
      expect(await rejection(call(open(3), method))).toBe(failure)
      expect(inner.calls).toHaveLength(3)
    },
  )

  it.for<[string, () => Error]>([
    ["refused", refused],
    ["full", () => new StorageFullError("full")],
    ["absent", () => new NotFoundError("absent")],
    ["a bug", () => new TypeError("bug")],
  ])("does not try again what cannot pass: %s", async ([, make]) => {
    const failure = make()
    inner.fail = () => failure
    for (const method of METHODS) expect(await rejection(call(open(), method))).toBe(failure)
    expect(inner.calls).toEqual(METHODS)
    expect(waits).toEqual([])
  })

  it("stops waiting when aborted, with the caller's reason", async () => {
    const caller = new AbortController()
    const reason = new Error("enough")
    inner.fail = () => {
      caller.abort(reason)
      return busy()
    }
    const stopped = open().put("k", sourceOf(patterned(9)), { signal: caller.signal })
    expect(await rejection(stopped)).toBe(reason)
    expect(inner.calls).toHaveLength(1)
  })

  it("goes on reading at the byte where it broke, and progress makes its attempts count anew", async () => {
    const bytes = patterned(6 * LEAF + 5, 2)
    await inner.put("k", sourceOf(bytes))
    inner.calls.length = 0
    inner.cut = (yielded) => (yielded === LEAF ? new CutShortError("cut") : undefined)
    const read = await collect(open(2).get("k", { start: 3, end: 10 * LEAF }))
    expect(Buffer.compare(read, bytes.subarray(3))).toBe(0)
    expect(inner.calls).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => `get ${i * LEAF + 3}-`))
  })

  it("yields each key once when a listing breaks half way", async () => {
    for (const key of ["a", "b", "c"]) await inner.put(key, sourceOf(patterned(1)))
    let broke = 0
    inner.cut = (yielded) => (yielded === 2 && broke++ === 0 ? busy() : undefined)
    const seen: string[] = []
    for await (const { key } of open().list()) seen.push(key)
    expect(seen).toEqual(["a", "b", "c"])
    expect(broke).toBe(2)
  })

  it("reads the source from its beginning for each try", async () => {
    const source = sourceOf(patterned(3 * LEAF))
    let tries = 0
    const flaky: BlobStore = Object.assign(new Faulty(), {
      put: async (_key: string, given: BlobSource) => {
        for await (const piece of given.open()) if (piece.length > 0) break
        if (++tries < 3) throw busy()
      },
    })
    await withRetry(flaky, { clock }).put("k", source)
    expect(source.opened).toBe(3)
  })
})

describe("withVerify", () => {
  let inner: Faulty
  let store: BlobStore
  beforeEach(() => {
    inner = new Faulty()
    store = withVerify(inner)
  })

  it.for([9, LEAF])(
    "yields no byte of a damaged leaf of %i bytes, whole or in part",
    async (size) => {
      const key = await nameOf(patterned(size))
      await inner.damage(key, patterned(size, 2))
      for (const range of [undefined, { start: 2, end: 5 }]) {
        let seen = 0
        const read = async () => {
          for await (const piece of store.get(key, range)) seen += piece.length
        }
        expect(await rejection(read())).toMatchObject({
          code: "integrity_failed",
          retryable: false,
        })
        expect(seen).toBe(0)
      }
    },
  )

  it.for(["first", "last"])(
    "never yields the whole of a value whose %s leaf is damaged",
    async (which) => {
      const bytes = patterned(3 * LEAF)
      const key = await nameOf(bytes)
      const damaged = bytes.slice()
      damaged[which === "first" ? 0 : damaged.length - 1]! ^= 1
      await inner.damage(key, damaged)
      let seen = 0
      const read = async () => {
        for await (const piece of store.get(key)) seen += piece.length
      }
      expect(await rejection(read())).toMatchObject({ code: "integrity_failed" })
      expect(seen).toBeLessThan(3 * LEAF)
    },
  )

  it.for([
    ["shorter", -1],
    ["longer", 1],
    ["a leaf longer", LEAF],
  ] as const)("refuses a value that is %s than its name says", async ([, more]) => {
    const key = await nameOf(patterned(2 * LEAF))
    await inner.damage(key, patterned(2 * LEAF + more))
    expect(await rejection(collect(store.get(key)))).toMatchObject({ code: "integrity_failed" })
  })

  it("replaces a damaged value by the right one", async () => {
    const bytes = patterned(LEAF + 5)
    const key = await nameOf(bytes)
    await inner.damage(key, patterned(LEAF + 5, 2))
    await store.put(key, sourceOf(bytes))
    expect(Buffer.compare(await collect(store.get(key)), bytes)).toBe(0)
  })

  it("does not touch a right value for a wrong one", async () => {
    const bytes = patterned(LEAF + 5)
    const key = await nameOf(bytes)
    await store.put(key, sourceOf(bytes))
    inner.calls.length = 0
    const failure = await rejection(store.put(key, sourceOf(patterned(LEAF + 5, 2))))
    expect(failure).toMatchObject({ code: "integrity_failed" })
    expect(inner.calls).not.toContain("delete")
    expect(Buffer.compare(await collect(store.get(key)), bytes)).toBe(0)
  })

  it("says that the key is taken when its source cannot be read again to tell who is right", async () => {
    const bytes = patterned(LEAF + 5)
    const key = await nameOf(bytes)
    await inner.damage(key, patterned(LEAF + 5, 2))
    const source = sourceOf(bytes)
    const spent = {
      size: source.size,
      open: () => {
        if (source.opened > 0) throw busy()
        return source.open()
      },
    }
    expect(await rejection(store.put(key, spent))).toBeInstanceOf(AlreadyExistsError)
    expect(inner.calls).not.toContain("delete")
  })

  it("passes keys that are no CIDs", async () => {
    await store.put("k", sourceOf(patterned(9)))
    expect(await collect(store.get("k", { start: 1, end: 3 }))).toHaveLength(2)
  })
})

describe("withCopies", () => {
  let first: Faulty
  let second: Faulty
  let store: BlobStore
  beforeEach(() => {
    first = new Faulty()
    second = new Faulty()
    store = withCopies([first, second])
  })
  const bytes = patterned(3 * LEAF, 7)

  it.for<[string, () => MedlakeError]>([
    ["is silent", busy],
    ["refuses", refused],
  ])("reads from the second copy when the first %s", async ([, make]) => {
    await store.put("k", sourceOf(bytes))
    first.fail = make
    expect(Buffer.compare(await collect(store.get("k")), bytes)).toBe(0)
    expect(await store.stat("k")).toEqual({ size: bytes.length })
  })

  it("goes on with the second copy at the byte where the first broke", async () => {
    await store.put("k", sourceOf(bytes))
    second.calls.length = 0
    first.cut = () => new CutShortError("cut")
    const read = await collect(store.get("k", { start: 5, end: 2 * LEAF + 9 }))
    expect(Buffer.compare(read, bytes.subarray(5, 2 * LEAF + 9))).toBe(0)
    expect(second.calls).toEqual([`get ${LEAF + 5}-`])
  })

  it("reads a damaged object from the other copy, where each is held against the names", async () => {
    const key = await nameOf(patterned(100))
    const checked = withCopies([withVerify(first), withVerify(second)])
    await checked.put(key, sourceOf(patterned(100)))
    await first.damage(key, patterned(100, 2))
    expect(Buffer.compare(await collect(checked.get(key)), patterned(100))).toBe(0)
    await checked.put(key, sourceOf(patterned(100)))
    expect(Buffer.compare(await collect(first.get(key)), patterned(100))).toBe(0)
  })

  it("does not call absent what one copy could not tell", async () => {
    second.fail = busy
    expect(await rejection(collect(store.get("k")))).toMatchObject({ code: "storage_unavailable" })
    expect(await rejection(store.stat("k"))).toMatchObject({ code: "storage_unavailable" })
    second.fail = () => undefined
    first.fail = busy
    expect(await rejection(collect(store.get("k")))).toMatchObject({ code: "storage_unavailable" })
    expect(await rejection(store.stat("k"))).toMatchObject({ code: "storage_unavailable" })
  })

  it.for(["put", "delete"] as const)(
    "reports no %s that one copy did not do; again completes it",
    async (method) => {
      if (method === "delete") await store.put("k", sourceOf(bytes))
      const run = () => (method === "put" ? store.put("k", sourceOf(bytes)) : store.delete("k"))
      second.fail = busy
      expect(await rejection(run())).toMatchObject({ code: "storage_unavailable" })
      second.fail = () => undefined
      await run()
      const expected = method === "put" ? ["k"] : []
      expect(await keysOf(first)).toEqual(expected)
      expect(await keysOf(second)).toEqual(expected)
    },
  )

  it("lists what either has, each key once", async () => {
    await store.put("both", sourceOf(patterned(1)))
    await first.put("left", sourceOf(patterned(1)))
    await second.put("right", sourceOf(patterned(1)))
    expect(await keysOf(store)).toEqual(["both", "left", "right"])
  })
})
