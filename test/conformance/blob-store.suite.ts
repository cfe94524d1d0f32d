/**
 * The contract of `storage/blob-store.ts`, which every driver and every wrapper meets.
 *
 * @module
 */
import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../src/base/bytes.ts"
import { MedlakeError } from "../../src/base/errors.ts"
import type { BlobStore } from "../../storage/blob-store.ts"
import {
  LEAF,
  nameOf,
  never,
  patterned,
  rejection,
  sourceOf,
  sourceThen,
} from "../support/blobs.ts"

/** A driver or wrapper under test. */
export interface BlobStoreTarget {
  readonly name: string
  /** `cid`: refuses bytes that are not the key's. */
  readonly names: "any" | "cid"
  /** A fresh, empty store. Called once per test. */
  open(): Promise<BlobStore>
}

const SIZES = [0, 1, LEAF - 1, LEAF, LEAF + 1, 3 * LEAF + 7]
const REASON = new Error("the caller changed her mind")

/** Runs the contract over a target. */
export function describeBlobStore(target: BlobStoreTarget): void {
  describe(`BlobStore contract: ${target.name}`, () => {
    let store: BlobStore
    beforeEach(async () => {
      store = await target.open()
    })
    afterEach(() => store.close())

    const keep = async (bytes: Uint8Array): Promise<string> => {
      const key = await nameOf(bytes)
      await store.put(key, sourceOf(bytes))
      return key
    }
    const expectBytes = async (key: string, bytes: Uint8Array) => {
      const stored = await collect(store.get(key))
      expect(Buffer.compare(stored, bytes)).toBe(0)
    }
    const expectAbsent = async (key: string) => {
      expect(await store.stat(key)).toBeUndefined()
      expect(await rejection(collect(store.get(key)))).toMatchObject({ code: "not_found" })
      expect(await keys()).not.toContain(key)
    }
    const keys = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const entry of store.list()) found.push(entry.key)
      return found
    }

    describe("put", () => {
      it.for(SIZES)("keeps %i bytes unchanged", async (size) => {
        const bytes = patterned(size)
        const key = await keep(bytes)
        await expectBytes(key, bytes)
        expect(await store.stat(key)).toEqual({ size })
      })

      it("keeps bytes that come in crooked pieces", async () => {
        const bytes = patterned(2 * LEAF + 333, 2)
        const key = await nameOf(bytes)
        await store.put(key, sourceOf(bytes, 77_777))
        await expectBytes(key, bytes)
      })

      it("takes the same bytes again", async () => {
        const bytes = patterned(LEAF + 5, 3)
        const key = await keep(bytes)
        await store.put(key, sourceOf(bytes, 99_999))
        await expectBytes(key, bytes)
        expect(await keys()).toEqual([key])
      })

      it.for(["longer", "shorter", "of the same length"])(
        "refuses other bytes under a taken key: %s",
        async (how) => {
          const bytes = patterned(1000, 4)
          const other = patterned({ longer: 1001, shorter: 999 }[how] ?? 1000, 5)
          const key = await keep(bytes)
          const error = await rejection(store.put(key, sourceOf(other)))
          const code = target.names === "cid" ? "integrity_failed" : "already_exists"
          expect(error).toMatchObject({ code })
          await expectBytes(key, bytes)
        },
      )

      if (target.names === "cid") {
        it.for([10, LEAF + 10])("refuses %i bytes whose name is another", async (size) => {
          const key = await nameOf(patterned(size, 6))
          const error = await rejection(store.put(key, sourceOf(patterned(size, 7))))
          expect(error).toMatchObject({ code: "integrity_failed" })
          await expectAbsent(key)
        })
      } else {
        it.for(["a", "A-b_c.d", "_", "a..b", "-..", "x".repeat(200)])(
          "takes the key %s",
          async (key) => {
            await store.put(key, sourceOf(patterned(9)))
            await expectBytes(key, patterned(9))
            expect(await keys()).toEqual([key])
          },
        )
      }

      it("leaves nothing behind when its source fails half way, and passes the failure on", async () => {
        const bytes = patterned(3 * LEAF, 8)
        const key = await nameOf(bytes)
        const broken = new Error("source failed")
        const source = sourceThen(bytes.subarray(0, 2 * LEAF), bytes.length, () =>
          Promise.reject(broken),
        )
        expect(await rejection(store.put(key, source))).toBe(broken)
        await expectAbsent(key)
      })

      it("leaves nothing behind when its source ends early", async () => {
        const bytes = patterned(LEAF + 9, 9)
        const key = await nameOf(bytes)
        const source = { ...sourceOf(bytes), size: bytes.length + 1 }
        expect(await rejection(store.put(key, source))).toMatchObject({ code: "invalid_input" })
        await expectAbsent(key)
      })

      it.for([9, LEAF + 9])("leaves nothing behind when its source runs over %i", async (size) => {
        const bytes = patterned(size, 10)
        const key = await nameOf(bytes)
        const source = {
          ...sourceOf(bytes),
          size: bytes.length,
          open: sourceOf(patterned(size + 1, 10)).open,
        }
        expect(await rejection(store.put(key, source))).toMatchObject({ code: "invalid_input" })
        await expectAbsent(key)
      })

      it("shows no reader a part of a value", async () => {
        const bytes = patterned(3 * LEAF, 11)
        const key = await nameOf(bytes)
        let looks = 0
        await store.put(key, {
          size: bytes.length,
          async *open() {
            for (let at = 0; at < bytes.length; at += LEAF) {
              yield bytes.slice(at, at + LEAF)
              // Of copies, one may be complete before the other.
              const seen = await collect(store.get(key)).then(
                (whole) => (Buffer.compare(whole, bytes) === 0 ? "whole" : "other bytes"),
                (error: MedlakeError) => error.code,
              )
              expect(["whole", "not_found"]).toContain(seen)
              looks++
            }
          },
        })
        expect(looks).toBeGreaterThanOrEqual(3)
        await expectBytes(key, bytes)
      })

      it("leaves one whole value when the same is put many times at once", async () => {
        const bytes = patterned(LEAF + 77, 12)
        const key = await nameOf(bytes)
        await Promise.all([1, 2, 3, 4].map(() => store.put(key, sourceOf(bytes))))
        await expectBytes(key, bytes)
        expect(await keys()).toEqual([key])
      })

      it("stops when aborted while its source waits, and leaves nothing behind", async () => {
        const bytes = patterned(2 * LEAF, 13)
        const key = await nameOf(bytes)
        const caller = new AbortController()
        const source = sourceThen(bytes.subarray(0, LEAF), bytes.length, () => {
          caller.abort(REASON)
          return never()
        })
        expect(await rejection(store.put(key, source, { signal: caller.signal }))).toBe(REASON)
        await expectAbsent(key)
      })
    })

    describe("get", () => {
      it("yields the range asked for, cut at the end of the value", async () => {
        const bytes = patterned(2 * LEAF + 500, 14)
        const key = await keep(bytes)
        const position = fc.oneof(
          fc.integer({ min: 0, max: bytes.length + 100 }),
          fc.constantFrom(0, 1, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF, bytes.length, 2 ** 40),
        )
        let tried = 0
        await fc.assert(
          fc.asyncProperty(position, position, async (a, b) => {
            const range = { start: Math.min(a, b), end: Math.max(a, b) }
            const part = await collect(store.get(key, range))
            expect(Buffer.compare(part, bytes.subarray(range.start, range.end))).toBe(0)
            tried++
          }),
          { numRuns: 30, seed: 20261124 },
        )
        expect(tried).toBe(30)
      })

      it("yields nothing of an empty value, whatever the range", async () => {
        const key = await keep(new Uint8Array(0))
        for (const range of [
          undefined,
          { start: 0, end: 0 },
          { start: 0, end: 9 },
          { start: 5, end: 9 },
        ]) {
          expect(await collect(store.get(key, range))).toHaveLength(0)
        }
      })

      it.for([undefined, { start: 0, end: 0 }, { start: 3, end: 9 }])(
        "says that a key is absent, range %j",
        async (range) => {
          const key = await nameOf(patterned(50, 15))
          const error = await rejection(collect(store.get(key, range)))
          expect(error).toMatchObject({ code: "not_found", retryable: false })
        },
      )

      it.for([
        { start: -1, end: 3 },
        { start: 3, end: 2 },
        { start: 0.5, end: 2 },
        { start: 0, end: Number.NaN },
      ])("refuses the range %j", async (range) => {
        const key = await keep(patterned(10))
        expect(await rejection(collect(store.get(key, range)))).toMatchObject({
          code: "invalid_input",
        })
      })

      it("lets a reader stop early and read again", async () => {
        const bytes = patterned(3 * LEAF, 16)
        const key = await keep(bytes)
        let pieces = 0
        for await (const piece of store.get(key)) {
          pieces += Math.sign(piece.length)
          break
        }
        expect(pieces).toBe(1)
        await expectBytes(key, bytes)
      })

      it("passes a reader's own error unchanged", async () => {
        const key = await keep(patterned(LEAF, 17))
        const mine = new Error("disk of the reader is full")
        const read = async () => {
          for await (const piece of store.get(key)) if (piece.length > 0) throw mine
        }
        expect(await rejection(read())).toBe(mine)
      })

      it("gives pieces that the reader may change", async () => {
        const bytes = patterned(5000, 18)
        const key = await keep(bytes)
        for await (const piece of store.get(key)) piece.fill(0)
        await expectBytes(key, bytes)
      })

      it("stops when aborted half way", async () => {
        const key = await keep(patterned(4 * LEAF, 19))
        const caller = new AbortController()
        let seen = 0
        const read = async () => {
          for await (const piece of store.get(key, undefined, { signal: caller.signal })) {
            seen += piece.length
            caller.abort(REASON)
          }
        }
        expect(await rejection(read())).toBe(REASON)
        expect(seen).toBeGreaterThan(0)
        expect(seen).toBeLessThan(4 * LEAF)
      })
    })

    describe("stat", () => {
      it("is undefined for an absent key", async () => {
        expect(await store.stat(await nameOf(patterned(51)))).toBeUndefined()
      })
    })

    describe("delete", () => {
      it("makes a stored key absent and leaves the others", async () => {
        const first = await keep(patterned(LEAF + 1, 20))
        const second = await keep(patterned(9, 21))
        await store.delete(first)
        await expectAbsent(first)
        await expectBytes(second, patterned(9, 21))
      })

      it("resolves for an absent key", async () => {
        const key = await keep(patterned(9, 22))
        await store.delete(await nameOf(patterned(52)))
        expect(await keys()).toEqual([key])
      })

      it("lets a key be stored again", async () => {
        const key = await keep(patterned(9, 23))
        await store.delete(key)
        await keep(patterned(9, 23))
        await expectBytes(key, patterned(9, 23))
      })
    })

    describe("list", () => {
      it("yields nothing of an empty store", async () => {
        expect(await keys()).toEqual([])
      })

      it("yields each key once with its size, over many pages", async () => {
        const expected = new Map<string, number>()
        for (let size = 1; size <= 11; size++) expected.set(await keep(patterned(size, 24)), size)
        const seen: [string, number][] = []
        for await (const { key, size } of store.list()) seen.push([key, size])
        expect(seen).toHaveLength(11)
        expect(new Map(seen)).toEqual(expected)
      })

      it("stops when aborted half way", async () => {
        for (let size = 1; size <= 5; size++) await keep(patterned(size, 25))
        const caller = new AbortController()
        let seen = 0
        const read = async () => {
          for await (const entry of store.list({ signal: caller.signal })) {
            seen += Math.sign(entry.size)
            caller.abort(REASON)
          }
        }
        expect(await rejection(read())).toBe(REASON)
        expect(seen).toBe(1)
      })
    })

    describe("every call", () => {
      const calls: Record<string, (key: string, signal?: AbortSignal) => Promise<unknown>> = {
        put: (key, signal) => store.put(key, sourceOf(patterned(9, 26)), given(signal)),
        get: (key, signal) => collect(store.get(key, undefined, given(signal))),
        stat: (key, signal) => store.stat(key, given(signal)),
        delete: (key, signal) => store.delete(key, given(signal)),
        list: (_key, signal) => drain(store, signal),
      }

      it.for(Object.keys(calls))("%s does nothing once aborted", async (name) => {
        const stored = await keep(patterned(9, 27))
        const key = name === "put" ? await nameOf(patterned(9, 26)) : stored
        const error = await rejection(calls[name]?.(key, AbortSignal.abort(REASON)) ?? never())
        expect(error).toBe(REASON)
        expect(await keys()).toEqual([stored])
      })

      it.for(["", ".hidden", "..", "a/b", "a\\b", "a b", "ä", "x".repeat(201), "a\0"])(
        "refuses the key %j",
        async (key) => {
          for (const name of ["put", "get", "stat", "delete"]) {
            const error = await rejection(calls[name]?.(key) ?? never())
            expect(error).toBeInstanceOf(MedlakeError)
            expect(error).toMatchObject({ code: "invalid_input" })
          }
          expect(await keys()).toEqual([])
        },
      )
    })
  })
}

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

async function drain(store: BlobStore, signal: AbortSignal | undefined): Promise<number> {
  let seen = 0
  for await (const entry of store.list(given(signal))) seen += entry.size
  return seen
}
