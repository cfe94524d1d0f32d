import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { systemClock } from "../../../src/base/clock.ts"
import { AccessDeniedError, StorageUnavailableError } from "../../../src/base/errors.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import { type Reader, readerOfOwner } from "../../../src/lake/reader.ts"
import { RECORDS_AT_ONCE, readRecords } from "../../../src/lake/records.ts"
import { upload } from "../../../src/lake/upload.ts"
import { isWhole, verifyRecords } from "../../../src/lake/verify.ts"
import { HttpSymbolNode } from "../../../src/ledger/http-node.ts"
import { SymbolLedger } from "../../../src/ledger/index.ts"
import type { BlobStore } from "../../../storage/blob-store.ts"
import { dicomFile, identity } from "../../support/dicom-file.ts"
import { type Imaging, openImaging } from "../../support/imaging.ts"

/** As many as one aggregate takes. */
const RECORDS = 100

let imaging: Imaging
let reader: Reader

beforeAll(async () => {
  imaging = await openImaging()
  const files = Array.from({ length: RECORDS }, (_, i) => {
    const uids = { study: `2.25.9${i}`, series: `2.25.8${i}`, instance: `2.25.7${i}` }
    return { name: `${i}.dcm`, source: bytesSource(dicomFile(identity(uids))) }
  })
  await upload(imaging.world.context, imaging.job, files)
  const { file } = await imaging.patient.open()
  reader = readerOfOwner(imaging.patient.accounts, file)
}, 120_000)

afterAll(async () => {
  await imaging?.world.close()
})

/** The world's node and control store, counting what is asked of them; `fail` may make a request for an object fail. */
function counted(fail?: (request: number) => Error | undefined) {
  const { world } = imaging
  const seen = { aggregates: 0, objects: 0, underWay: 0, most: 0 }
  const node = new HttpSymbolNode(world.devnet.url)
  const begin = () => {
    seen.underWay += 1
    seen.most = Math.max(seen.most, seen.underWay)
  }
  const request: HttpSymbolNode["request"] = async (method, path, ...rest) => {
    if (/^\/transactions\/confirmed\/[0-9A-F]{64}$/.test(path)) seen.aggregates += 1
    begin()
    return await node.request(method, path, ...rest).finally(() => {
      seen.underWay -= 1
    })
  }
  const listen: HttpSymbolNode["listen"] = (...args) => node.listen(...args)
  const ledger = new SymbolLedger({ node: { request, listen }, clock: systemClock })
  const store = world.stores.control
  const turns = lastComesFirst()
  const control = new Proxy<BlobStore>(store, {
    get: (_, name) => (name === "get" ? get : Reflect.get(store, name).bind(store)),
  })
  async function* get(...args: Parameters<BlobStore["get"]>) {
    seen.objects += 1
    const error = fail?.(seen.objects)
    begin()
    try {
      await turns()
      if (error) throw error
      yield* store.get(...args)
    } finally {
      seen.underWay -= 1
    }
  }
  return { seen, control, context: { ...world.context, ledger } }
}

/** Whoever waits in the same turn of the event loop goes on in the opposite order. */
function lastComesFirst(): () => Promise<void> {
  const waiting: (() => void)[] = []
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length > 1) return
      setImmediate(() => {
        for (const go of waiting.splice(0).toReversed()) go()
      })
    })
}

describe(`${RECORDS} records of one aggregate`, () => {
  it("cost one request for the aggregate and one for the members, and come in the order of the chain", async () => {
    const { seen, control, context } = counted()
    const { records, balanced } = await readRecords(context, control, reader)
    expect(records.map(({ standing }) => standing)).toEqual(Array(RECORDS).fill("verified"))
    expect(records.map(({ facts }) => facts.transfer.index)).toEqual(
      Array.from({ length: RECORDS }, (_, i) => i),
    )
    expect(balanced).toBe(true)
    expect(seen.aggregates).toBe(1)
    expect(seen.objects).toBe(1 + 2 * RECORDS)
  })

  it("are opened several at a time, and no more than there may be", async () => {
    const { seen, control, context } = counted()
    await readRecords(context, control, reader)
    expect(seen.most).toBe(RECORDS_AT_ONCE)
    expect(seen.underWay).toBe(0)
  })

  it("are verified with one proof of the aggregate, in their order, each told of when it is done", async () => {
    const { seen, control, context } = counted()
    const { records, finalizedHeight } = await readRecords(context, control, reader)
    seen.aggregates = 0
    let done = 0
    const onRecord = () => {
      done += 1
    }
    const { lake } = imaging.world.stores
    const verified = await verifyRecords(context, lake, records, finalizedHeight, { onRecord })
    expect(seen.aggregates).toBe(1)
    expect(verified.map(({ name }) => name)).toEqual(records.map(({ name }) => name))
    expect(verified.every((one) => isWhole(one) && one.leaves > 0)).toBe(true)
    expect(done).toBe(RECORDS)
  })

  it.each([
    ["does not answer", new StorageUnavailableError("no answer"), "no answer"],
    ["refuses", new AccessDeniedError("not you"), "refuses to be read: not you"],
  ])(
    "are not read at all when the store once %s, and no further record is begun",
    async (_, error, message) => {
      const FAILING = 40
      const { seen, control, context } = counted((request) =>
        request === FAILING ? error : undefined,
      )
      await expect(readRecords(context, control, reader)).rejects.toThrow(message)
      await vi.waitFor(() => expect(seen.underWay).toBe(0))
      expect(seen.objects).toBeLessThan(FAILING + 2 * RECORDS_AT_ONCE)
    },
  )
})
