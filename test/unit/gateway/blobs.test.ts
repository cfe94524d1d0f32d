import { mkdtemp, readdir, rm } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hex } from "../../../src/base/bytes.ts"
import { StorageUnavailableError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { StoreOwnerTable } from "../../../src/db/store-owners.ts"
import { type RunningServer, serve } from "../../../src/gateway/serve.ts"
import type { Identity } from "../../../src/lake/ports.ts"
import { authorizeStoreCall, type StoreCall } from "../../../src/vault/store-authorization.ts"
import type { BlobSource, BlobStore } from "../../../storage/blob-store.ts"
import { FilesystemBlobStore } from "../../../storage/filesystem.ts"
import { HttpBlobStore } from "../../../storage/http.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"
import { withRetry } from "../../../storage/with/retry.ts"
import { LEAF, nameOf, patterned, rejection, sourceOf } from "../../support/blobs.ts"
import { errno, type RecordingDisk, recordingDisk } from "../../support/recording-disk.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../../support/world.ts"

const FIVE_MINUTES = 5 * 60_000

let world: World
let patient: Patient
let other: Patient
let hospital: Hospital
let folder: string
let disk: RecordingDisk
let lake: FilesystemBlobStore
const control = new MemoryBlobStore()
let server: RunningServer
const logged: string[] = []
const stranger = partyOf(systemRandom(32))

const start = (changes: Partial<Parameters<typeof serve>[0]> = {}) =>
  serve({
    stores: { lake, control },
    owners: new StoreOwnerTable(":memory:"),
    links: {
      get: async () => undefined,
      add: async () => undefined,
      delete: async () => undefined,
    },
    ledger: world.ledger,
    clock: world.clock,
    keepers: [],
    listing: true,
    port: 0,
    log: (line) => logged.push(line),
    ...changes,
  })

beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  other = await createVault(world)
  hospital = await admitHospital(world, patient)
  folder = await mkdtemp(join(tmpdir(), "medlake-gateway-"))
  disk = recordingDisk(folder)
  lake = await FilesystemBlobStore.open(join(folder, "lake"), { disk })
  server = await start()
})
afterAll(async () => {
  await server.close()
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

/** The header of a call as `signer` makes it for `patient`'s register, unless said otherwise. */
async function authorization(
  call: StoreCall,
  signer: Identity,
  { register = patient.card.body.register, at = world.clock.now() } = {},
): Promise<string> {
  const { generationHash, identifier } = await world.ledger.network()
  const network = { generationHash, networkByte: identifier }
  return await authorizeStoreCall(call, network, register, signer, at)
}

let made = 0
/** Bytes that nobody stored yet. */
async function newBlob(size = 500) {
  const bytes = Buffer.from(patterned(size, 100 + (made += 1)))
  const cid = await nameOf(bytes)
  const call = (method: "PUT" | "DELETE"): StoreCall => ({
    method,
    folder: "blobs",
    cid,
    size: method === "PUT" ? size : 0,
  })
  return { bytes, cid, call, path: `/blobs/${cid}` }
}

type Blob = Awaited<ReturnType<typeof newBlob>>

const put = (blob: Blob, header: string | undefined, body: Uint8Array = blob.bytes, at = server) =>
  fetch(at.url + blob.path, {
    method: "PUT",
    headers: header === undefined ? {} : { authorization: header },
    body: Buffer.from(body),
  })
const remove = (blob: Blob, header: string, at = server) =>
  fetch(at.url + blob.path, { method: "DELETE", headers: { authorization: header } })
const putBy = async (blob: Blob, signer: Identity) =>
  await put(blob, await authorization(blob.call("PUT"), signer))
const codeOf = async (answer: Response) => {
  expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/)
  return `${answer.status} ${((await answer.json()) as { code: string }).code}`
}
const expectNothing = async ({ cid }: Blob) => {
  expect(await lake.stat(cid)).toBeUndefined()
  expect(await readdir(join(folder, "lake", ".incoming"))).toEqual([])
}

describe("PUT", () => {
  it("is a member's right: seat, phone", async () => {
    for (const signer of [hospital.identity, patient.phone]) {
      const blob = await newBlob()
      expect((await putBy(blob, signer)).status).toBe(201)
      expect((await putBy(blob, signer)).status).toBe(200)
      const stored = await fetch(server.url + blob.path)
      expect(Buffer.compare(Buffer.from(await stored.arrayBuffer()), blob.bytes)).toBe(0)
    }
  })

  it("is refused to a stranger, to another patient's phone, and without a signature", async () => {
    const blob = await newBlob()
    expect(await codeOf(await putBy(blob, stranger))).toBe("403 access_denied")
    expect(await codeOf(await putBy(blob, other.phone))).toBe("403 access_denied")
    expect(await codeOf(await put(blob, undefined))).toBe("400 invalid_input")
    expect(await codeOf(await put(blob, "Bearer token"))).toBe("400 invalid_input")
    expect(await codeOf(await put(blob, "Medlake AAAA"))).toMatch(/^4/)
    await expectNothing(blob)
  })

  it("is refused outside of five minutes, before and after", async () => {
    const blob = await newBlob()
    const now = world.clock.now()
    for (const at of [now - FIVE_MINUTES - 5000, now + FIVE_MINUTES + 60_000]) {
      const header = await authorization(blob.call("PUT"), hospital.identity, { at })
      expect(await codeOf(await put(blob, header))).toBe("403 clock_skewed")
    }
    await expectNothing(blob)
    const header = await authorization(blob.call("PUT"), hospital.identity, {
      at: now - FIVE_MINUTES + 60_000,
    })
    expect((await put(blob, header)).status).toBe(201)
  })

  it("is refused with the signature of another call: another blob, size, method, folder, register", async () => {
    const blob = await newBlob()
    const another = await newBlob()
    const calls: StoreCall[] = [
      another.call("PUT"),
      { ...blob.call("PUT"), size: 501 },
      { ...blob.call("PUT"), method: "DELETE" },
      { ...blob.call("PUT"), folder: "objects" },
    ]
    for (const call of calls) {
      const header = await authorization(call, hospital.identity)
      expect(await codeOf(await put(blob, header))).toBe("422 integrity_failed")
    }
    const { register } = other.card.body
    const header = await authorization(blob.call("PUT"), hospital.identity, { register })
    expect(await codeOf(await put(blob, header))).toBe("403 access_denied")
    await expectNothing(blob)
  })

  it("played back, does nothing new", async () => {
    const blob = await newBlob()
    const header = await authorization(blob.call("PUT"), hospital.identity)
    expect((await put(blob, header)).status).toBe(201)
    const again = await put(blob, header)
    expect(again.status).toBe(200)
    expect(await codeOf(await put(blob, header, patterned(500, 1)))).toBe("422 integrity_failed")
    const stored = await fetch(server.url + blob.path)
    expect(Buffer.compare(Buffer.from(await stored.arrayBuffer()), blob.bytes)).toBe(0)
  })

  it.for([500, 2 * LEAF + 9])(
    "stores nothing of %i bytes that are not the name's",
    async (size) => {
      const blob = await newBlob(size)
      const header = await authorization(blob.call("PUT"), hospital.identity)
      expect(await codeOf(await put(blob, header, patterned(size, 1)))).toBe("422 integrity_failed")
      await expectNothing(blob)
      expect((await put(blob, header)).status).toBe(201)
    },
  )

  it("asks for a length, and for one that it takes", async () => {
    const blob = await newBlob()
    const header = await authorization(blob.call("PUT"), hospital.identity)
    const chunked = await fetch(server.url + blob.path, {
      method: "PUT",
      headers: { authorization: header },
      body: ReadableStream.from([blob.bytes]),
      duplex: "half",
    })
    expect(await codeOf(chunked)).toBe("400 invalid_input")
    const huge = await raw(
      `PUT ${blob.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${2 ** 40}\r\nauthorization: ${header}\r\n\r\n`,
    )
    expect(huge).toMatch(/^HTTP\/1.1 400 /)
    await expectNothing(blob)
  })

  it("takes no control object of more than a mebibyte", async () => {
    const blob = await newBlob(LEAF + 1)
    const call: StoreCall = { ...blob.call("PUT"), folder: "objects" }
    const header = await authorization(call, hospital.identity)
    const answer = await put({ ...blob, path: `/objects/${blob.cid}` }, header)
    expect(await codeOf(answer)).toBe("400 invalid_input")
    expect(await control.stat(blob.cid)).toBeUndefined()
  })

  it("tells a full disk to who still sends, and stores nothing", async () => {
    const blob = await newBlob(24 * LEAF)
    let writes = 0
    disk.fail = (call) => {
      if (call === "write" && ++writes > 3) throw errno("ENOSPC")
    }
    const header = await authorization(blob.call("PUT"), hospital.identity)
    const store = new HttpBlobStore({
      url: `${server.url}/blobs`,
      authorize: async () => ({ authorization: header }),
    })
    const failure = await rejection(store.put(blob.cid, sourceOf(blob.bytes)))
    disk.fail = () => undefined
    expect(failure).toMatchObject({ code: "storage_full" })
    await expectNothing(blob)
    expect(disk.openHandles()).toBe(0)
  })

  it("does not read a body twice where the store behind it breaks off: the sender sends it again", async () => {
    const flaky = new Flaky()
    const at = await start({ stores: { lake: withRetry(flaky, { baseDelayMs: 1 }), control } })
    const blob = await newBlob(2 * LEAF)
    const header = await authorization(blob.call("PUT"), hospital.identity)
    expect(await codeOf(await put(blob, header, blob.bytes, at))).toBe("503 storage_unavailable")
    expect(flaky.puts).toBe(2)
    expect((await put(blob, header, blob.bytes, at)).status).toBe(201)
    await at.close()
  })

  it("stores nothing of a body that is cut off", async () => {
    const blob = await newBlob(3 * LEAF)
    const header = await authorization(blob.call("PUT"), hospital.identity)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1")
      socket.on("error", () => undefined)
      socket.on("close", () => resolve())
      socket.write(
        `PUT ${blob.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${3 * LEAF}\r\nauthorization: ${header}\r\n\r\n`,
      )
      socket.write(blob.bytes.subarray(0, 2 * LEAF), () => socket.destroy())
    })
    await until(async () => (await readdir(join(folder, "lake", ".incoming"))).length === 0)
    await expectNothing(blob)
  })

  it("cuts a connection over which nothing comes any more, and stores nothing", async () => {
    const at = await start({ idleTimeoutMs: 200 })
    const blob = await newBlob(3 * LEAF)
    const header = await authorization(blob.call("PUT"), hospital.identity)
    const head = `PUT ${blob.path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${3 * LEAF}\r\nauthorization: ${header}\r\n\r\n`
    const answer = await raw(head + "x".repeat(1000), at)
    expect(answer).not.toMatch(/ 20\d /)
    await until(async () => (await readdir(join(folder, "lake", ".incoming"))).length === 0)
    await expectNothing(blob)
    await at.close()
  })
})

describe("DELETE", () => {
  it("is the right of the register's cosignatories alone", async () => {
    const blob = await newBlob()
    await putBy(blob, hospital.identity)
    for (const signer of [hospital.identity, stranger, other.phone]) {
      const header = await authorization(blob.call("DELETE"), signer)
      expect(await codeOf(await remove(blob, header))).toBe("403 access_denied")
    }
    expect(await lake.stat(blob.cid)).toEqual({ size: 500 })
    const header = await authorization(blob.call("DELETE"), patient.phone)
    expect((await remove(blob, header)).status).toBe(204)
    await expectNothing(blob)
    expect((await remove(blob, header)).status).toBe(204)
  })

  it("erases nothing of another register's, whoever owns that register", async () => {
    const blob = await newBlob()
    await putBy(blob, hospital.identity)
    const { register } = other.card.body
    // Putting the same bytes for one's own register does not make them one's own.
    expect(
      (await put(blob, await authorization(blob.call("PUT"), other.phone, { register }))).status,
    ).toBe(200)
    const header = await authorization(blob.call("DELETE"), other.phone, { register })
    expect(await codeOf(await remove(blob, header))).toBe("403 access_denied")
    expect(await lake.stat(blob.cid)).toEqual({ size: 500 })
  })

  it("erases what has no known owner only where one register is served", async () => {
    const blob = await newBlob()
    await lake.put(blob.cid, sourceOf(blob.bytes))
    const header = await authorization(blob.call("DELETE"), patient.phone)
    expect(await codeOf(await remove(blob, header))).toBe("403 access_denied")
    const sole = await start({ registers: new Set([hex(patient.accounts.id.register)]) })
    expect((await remove(blob, header, sole)).status).toBe(204)
    await expectNothing(blob)
    await sole.close()
  })
})

it("serves no register but those that it was told", async () => {
  const sole = await start({ registers: new Set([hex(other.accounts.id.register)]) })
  const blob = await newBlob()
  const header = await authorization(blob.call("PUT"), hospital.identity)
  expect(await codeOf(await put(blob, header, blob.bytes, sole))).toBe("403 access_denied")
  const own = { register: stranger.key }
  const claimed = await authorization(blob.call("PUT"), stranger, own)
  expect(await codeOf(await put(blob, claimed, blob.bytes, sole))).toBe("403 access_denied")
  await expectNothing(blob)
  await sole.close()
})

describe("GET and HEAD", () => {
  const rangeOf = (blob: Blob, range: string) =>
    fetch(server.url + blob.path, { headers: { range } })

  it("are free, immutable and exact", async () => {
    const blob = await newBlob(2 * LEAF + 3)
    await putBy(blob, hospital.identity)
    const whole = await fetch(server.url + blob.path)
    expect(whole.status).toBe(200)
    expect(whole.headers.get("content-type")).toBe("application/octet-stream")
    expect(whole.headers.get("cache-control")).toContain("immutable")
    expect(whole.headers.get("accept-ranges")).toBe("bytes")
    expect(Buffer.compare(Buffer.from(await whole.arrayBuffer()), blob.bytes)).toBe(0)
    const head = await fetch(server.url + blob.path, { method: "HEAD" })
    expect(head.headers.get("content-length")).toBe(String(2 * LEAF + 3))
    expect((await head.arrayBuffer()).byteLength).toBe(0)
  })

  it.for([
    ["bytes=0-0", 206, "bytes 0-0/500", 0, 1],
    ["bytes=10-19", 206, "bytes 10-19/500", 10, 20],
    ["bytes=490-", 206, "bytes 490-499/500", 490, 500],
    ["bytes=490-9999999", 206, "bytes 490-499/500", 490, 500],
    ["bytes=0-1,5-6", 200, null, 0, 500],
    ["bytes=-10", 200, null, 0, 500],
    ["bytes=20-10", 200, null, 0, 500],
    ["lines=1-2", 200, null, 0, 500],
    ["bytes=x-y", 200, null, 0, 500],
  ] as const)("answers the range %s", async ([range, status, contentRange, from, to]) => {
    const blob = await newBlob()
    await putBy(blob, hospital.identity)
    const answer = await rangeOf(blob, range)
    expect(answer.status).toBe(status)
    expect(answer.headers.get("content-range")).toBe(contentRange)
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(Buffer.compare(bytes, blob.bytes.subarray(from, to))).toBe(0)
  })

  it.for(["bytes=500-", "bytes=500-600", "bytes=99999999999999999999-"])(
    "answers 416 to the range %s",
    async (range) => {
      const blob = await newBlob()
      await putBy(blob, hospital.identity)
      const answer = await rangeOf(blob, range)
      expect(answer.status).toBe(416)
      expect(answer.headers.get("content-range")).toBe("bytes */500")
    },
  )

  it("say that a blob is not there", async () => {
    const blob = await newBlob()
    const answer = await fetch(server.url + blob.path)
    expect(await codeOf(answer)).toBe("404 not_found")
    expect((await fetch(server.url + blob.path, { method: "HEAD" })).status).toBe(404)
  })
})

describe("any request", () => {
  it.for([
    "/blobs/..%2f..%2fetc%2fpasswd",
    "/blobs/%2e%2e",
    "/blobs/.incoming",
    "/blobs/lake",
    "/blobs/bafkreinotacid",
    "/blobs/QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",
    "/blobs/%00",
    "/blobs/%zz",
  ])("for %s touches no file", async (path) => {
    disk.calls.length = 0
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await rawStatus(method, path)
      expect(answer).toBe(400)
    }
    expect(disk.calls).toEqual([])
  })

  it("of another method is told which there are", async () => {
    const blob = await newBlob()
    for (const [method, path, allow] of [
      ["POST", blob.path, "GET, HEAD, PUT, DELETE"],
      ["PATCH", blob.path, "GET, HEAD, PUT, DELETE"],
      ["PUT", "/blobs", "GET, HEAD"],
    ] as const) {
      const answer = await fetch(server.url + path, { method, body: "x" })
      expect(answer.headers.get("allow")).toBe(allow)
      expect(await codeOf(answer)).toBe("405 invalid_input")
    }
  })

  it("to nowhere is a problem, and none names its server", async () => {
    const answer = await fetch(`${server.url}/nowhere`)
    expect(answer.headers.get("x-powered-by")).toBeNull()
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff")
    expect(await codeOf(answer)).toBe("404 not_found")
  })

  it("of a browser may come from any page", async () => {
    const answer = await fetch(`${server.url}/links/x`, {
      method: "OPTIONS",
      headers: { origin: "https://viewer.example", "access-control-request-method": "POST" },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers.get("access-control-allow-origin")).toBe("*")
    expect(answer.headers.get("access-control-allow-methods")).toContain("POST")
    expect(answer.headers.get("access-control-allow-headers")).toContain("content-type")
  })

  it("lists nothing unless the operator said so", async () => {
    const closed = await start({ listing: false })
    for (const path of ["blobs", "objects", "blobs?limit=1"]) {
      expect(await codeOf(await fetch(`${closed.url}/${path}`))).toBe("403 access_denied")
    }
    await closed.close()
  })

  it("lists in pages, and refuses a page that is no number", async () => {
    const seen: string[] = []
    let after = ""
    for (;;) {
      const answer = await fetch(`${server.url}/blobs?limit=3&after=${after}`)
      const page = (await answer.json()) as { keys: { key: string }[]; next?: string }
      seen.push(...page.keys.map(({ key }) => key))
      if (page.next === undefined) break
      after = page.next
    }
    const all: string[] = []
    for await (const { key } of lake.list()) all.push(key)
    expect(seen.length).toBeGreaterThan(6)
    expect(seen).toEqual(all.toSorted())
    for (const limit of ["0", "-1", "x", "1.5"]) {
      expect(await codeOf(await fetch(`${server.url}/blobs?limit=${limit}`))).toBe(
        "400 invalid_input",
      )
    }
  })

  it("that fails inside says nothing of the inside", async () => {
    const broken = new MemoryBlobStore()
    broken.stat = async () => {
      throw new Error("secret detail /etc/passwd")
    }
    const at = await start({ stores: { lake: broken, control } })
    logged.length = 0
    const answer = await fetch(`${at.url}${(await newBlob()).path}`)
    const text = await answer.clone().text()
    expect(await codeOf(answer)).toBe("500 internal")
    expect(text).not.toContain("secret")
    expect(logged).toEqual(["GET /blobs: Error"])
    await at.close()
  })
})

/** Its first put of a body breaks off half way. */
class Flaky extends MemoryBlobStore implements BlobStore {
  puts = 0

  override async put(key: string, source: BlobSource): Promise<void> {
    this.puts += 1
    if (this.puts === 1) {
      for await (const piece of source.open()) if (piece.length > 0) break
      throw new StorageUnavailableError("broke off")
    }
    await super.put(key, source)
  }
}

/** Sends bytes as they are and collects what comes until the connection ends, or the head of an answer is there. */
function raw(text: string, at = server): Promise<string> {
  return new Promise((resolve) => {
    let answer = ""
    const socket = connect(Number(new URL(at.url).port), "127.0.0.1")
    socket.on("error", () => undefined)
    socket.on("close", () => resolve(answer))
    socket.on("data", (piece: Buffer) => {
      answer += piece.toString("latin1")
      if (answer.includes("\r\n\r\n")) socket.destroy()
    })
    socket.write(text)
  })
}

async function rawStatus(method: string, path: string): Promise<number> {
  const answer = await raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`)
  return Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1])
}

/** Waits for the server to have noticed; fails by the test's own time limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve))
}
