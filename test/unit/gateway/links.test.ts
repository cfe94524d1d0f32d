import { once } from "node:events"
import type { IncomingMessage, Server } from "node:http"
import type { AddressInfo } from "node:net"
import express from "express"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { AlreadyExistsError } from "../../../src/base/errors.ts"
import { linkRoutes, type StoredLink } from "../../../src/gateway/link-routes.ts"
import { problems } from "../../../src/gateway/problem.ts"
import { StoreRights } from "../../../src/gateway/rights.ts"
import type { SymbolLedger } from "../../../src/ledger/index.ts"
import { type LoopbackServer, listenOnLoopback } from "../../support/loopback.ts"

const ID = "A".repeat(43)
const OTHER = `${"B".repeat(42)}A`
const JWE = `eyJhbGciOiJkaXIifQ..${"x".repeat(300)}`
const ENVELOPE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
const MINUTE = 60_000

/** Rights of a server on which the header names the register; who may is tested with the stores. */
class NamedRights extends StoreRights {
  readonly calls: string[] = []

  constructor() {
    super(undefined as unknown as SymbolLedger, { now: () => 0, sleep: async () => undefined })
  }

  override async require(header: string | undefined, call: { method: string; cid: string }) {
    this.calls.push(`${call.method} ${call.cid}`)
    return header ?? "nobody"
  }
}

interface Asked {
  readonly url: string | undefined
  readonly body: unknown
}

describe("the link server", () => {
  let keeper: LoopbackServer
  let server: Server
  let url: string
  let links: Map<string, StoredLink>
  let rights: NamedRights
  let asked: Asked[]
  let now: number
  let answer: { status: number; headers?: Record<string, string>; body: string }
  beforeEach(async () => {
    asked = []
    now = 1_000_000
    links = new Map()
    rights = new NamedRights()
    answer = {
      status: 200,
      body: JSON.stringify({ files: [{ contentType: "application/fhir+json", embedded: JWE }] }),
    }
    keeper = await listenOnLoopback(async (request, response) => {
      asked.push({ url: request.url, body: JSON.parse(await textOf(request)) as unknown })
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers })
      response.end(answer.body)
    })
    const store = {
      get: async (id: string) => links.get(id),
      add: async (id: string, link: StoredLink) => {
        if (links.has(id)) throw new AlreadyExistsError("taken")
        links.set(id, link)
      },
      delete: async (id: string) => void links.delete(id),
    }
    const clock = { now: () => now, sleep: async () => undefined }
    const app = express()
    app.set("trust proxy", "loopback")
    app.use("/links", linkRoutes(store, [`${keeper.url}/`], rights, clock))
    app.use(problems(undefined))
    server = app.listen(0, "127.0.0.1")
    await once(server, "listening")
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await keeper.stop()
  })

  const registration = (changes: object = {}) => ({
    envelope: ENVELOPE,
    control: ["https://control.example/objects"],
    keeper: { url: keeper.url, key: "AAAA" },
    until: 0,
    ...changes,
  })
  const call = (method: string, path: string, body?: object | string, headers: object = {}) =>
    fetch(`${url}/links/${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: "register-1", ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    })
  const register = (changes: object = {}, id = ID) => call("PUT", id, registration(changes))
  const codeOf = async (reply: Response) =>
    `${reply.status} ${((await reply.json()) as { code: string }).code}`

  describe("registering", () => {
    it("keeps what was said and for whom, once", async () => {
      expect((await register()).status).toBe(201)
      expect(links.get(ID)).toEqual({ ...registration(), register: "register-1" })
      expect(rights.calls).toEqual([`PUT ${ENVELOPE}`])
      expect(await codeOf(await register({ until: 5 }))).toBe("409 already_exists")
      expect(links.get(ID)?.until).toBe(0)
    })

    it("forwards to no keeper that this server was not told of", async () => {
      const foreign = { keeper: { url: "http://169.254.169.254/", key: "AAAA" } }
      expect(await codeOf(await register(foreign))).toBe("403 access_denied")
      expect(links.size).toBe(0)
    })

    it.for<[string, object]>([
      ["no envelope", { envelope: undefined }],
      ["an address that is none", { control: ["nowhere"] }],
      ["no control store", { control: [] }],
      ["a field of its own", { admin: true }],
      ["somebody else's register", { register: "register-2" }],
      ["a time that is none", { until: -1 }],
    ])("refuses %s", async ([, changes]) => {
      expect(await codeOf(await register(changes))).toBe("400 invalid_input")
      expect(links.size).toBe(0)
    })

    it("refuses what is no JSON, or too much of it", async () => {
      expect(await codeOf(await call("PUT", ID, "{"))).toBe("400 invalid_input")
      const long = registration({ jwe: "x".repeat(2_100_000) })
      expect(await codeOf(await call("PUT", ID, long))).toBe("413 invalid_input")
      expect(links.size).toBe(0)
    })

    it.for([
      "short",
      `${"A".repeat(42)}.`,
      `${"A".repeat(42)}B`,
      "A".repeat(44),
      "..%2f..%2fetc%2fpasswd",
    ])("takes no id like %s", async (id) => {
      expect(await codeOf(await register({}, id))).toBe("404 not_found")
      expect(links.size).toBe(0)
    })
  })

  describe("removing", () => {
    it("is the right of the register that it was registered for", async () => {
      await register()
      const foreign = await call("DELETE", ID, undefined, { authorization: "register-2" })
      expect(await codeOf(foreign)).toBe("403 access_denied")
      expect(links.size).toBe(1)
      expect((await call("DELETE", ID)).status).toBe(204)
      expect(links.size).toBe(0)
      expect(await codeOf(await call("DELETE", ID))).toBe("404 not_found")
    })

    it("takes away what has ended, too", async () => {
      await register({ until: now - 1 })
      expect((await call("DELETE", ID)).status).toBe(204)
      expect(links.size).toBe(0)
    })
  })

  describe("the manifest request", () => {
    const request = { recipient: "Dr. Example", passcode: "4711" }

    it("goes to the keeper, and its answer back", async () => {
      await register()
      const reply = await call("POST", ID, request)
      expect(reply.status).toBe(200)
      expect(reply.headers.get("content-type")).toMatch(/^application\/json/)
      expect(await reply.json()).toEqual({
        files: [{ contentType: "application/fhir+json", embedded: JWE }],
      })
      expect(asked).toEqual([{ url: `/links/${ID}`, body: request }])
    })

    it("embeds what is within embeddedLengthMax", async () => {
      await register()
      const reply = await call("POST", ID, { ...request, embeddedLengthMax: JWE.length })
      const { files } = (await reply.json()) as { files: object[] }
      expect(files).toEqual([{ contentType: "application/fhir+json", embedded: JWE }])
      expect(asked[0]?.body).toEqual(request)
    })

    it("gives a location for what is longer: once, within its time, under this link alone", async () => {
      await register()
      await register({}, OTHER)
      const located = async () => {
        const reply = await call("POST", ID, { ...request, embeddedLengthMax: JWE.length - 1 })
        const { files } = (await reply.json()) as { files: Record<string, string>[] }
        expect(Object.keys(files[0] ?? {})).toEqual(["contentType", "location"])
        return files[0]?.["location"] ?? ""
      }
      const location = await located()
      expect(location).toMatch(new RegExp(`^${url}/links/${ID}/files/[A-Za-z0-9_-]{43}$`))
      expect((await fetch(location.replace(ID, OTHER))).status).toBe(404)
      const file = await fetch(location)
      expect(file.headers.get("content-type")).toMatch(/^application\/jose/)
      expect(file.headers.get("cache-control")).toBe("no-store")
      expect(await file.text()).toBe(JWE)
      expect((await fetch(location)).status).toBe(404)
      const late = await located()
      now += 60 * MINUTE
      expect((await fetch(late)).status).toBe(404)
    })

    it("names the location by the address that the reader called", async () => {
      await register()
      const reply = await call(
        "POST",
        ID,
        { ...request, embeddedLengthMax: 1 },
        { "x-forwarded-proto": "https" },
      )
      const { files } = (await reply.json()) as { files: Record<string, string>[] }
      expect(files[0]?.["location"]).toMatch(/^https:\/\/127\.0\.0\.1:/)
    })

    it("passes a wrong passcode's remaining attempts on", async () => {
      await register()
      answer = { status: 401, body: JSON.stringify({ remainingAttempts: 3 }) }
      const reply = await call("POST", ID, { ...request, embeddedLengthMax: 10 })
      expect(reply.status).toBe(401)
      expect(await reply.json()).toEqual({ remainingAttempts: 3 })
    })

    it("passes on that it comes too often", async () => {
      await register()
      answer = { status: 429, headers: { "retry-after": "7" }, body: "{}" }
      const reply = await call("POST", ID, request)
      expect([reply.status, reply.headers.get("retry-after")]).toEqual([429, "7"])
    })

    it("says that the keeper does not answer", async () => {
      await register()
      await keeper.stop()
      expect(await codeOf(await call("POST", ID, request))).toBe("503 agent_unavailable")
    })

    it("follows no keeper elsewhere", async () => {
      await register()
      answer = { status: 307, headers: { location: "http://127.0.0.1:1/" }, body: "{}" }
      expect(await codeOf(await call("POST", ID, request))).toBe("503 agent_unavailable")
    })

    it("is 404 for a link that is unknown, ended, or has no keeper: one like the other", async () => {
      await register({ until: now - 1 })
      await register({ keeper: undefined, jwe: JWE }, OTHER)
      const bodies = new Set<string>()
      for (const id of [ID, OTHER, `${"C".repeat(42)}A`]) {
        const reply = await call("POST", id, request)
        expect(reply.status).toBe(404)
        bodies.add(await reply.text())
      }
      expect(bodies.size).toBe(1)
      expect(asked).toEqual([])
    })

    it.for<[string, string | object, Record<string, string>, number]>([
      ["no JSON", "recipient=x", { "content-type": "application/x-www-form-urlencoded" }, 415],
      ["half of it", "{", {}, 400],
      ["a limit that is none", { ...request, embeddedLengthMax: -1 }, {}, 400],
      ["a text as limit", { ...request, embeddedLengthMax: "10" }, {}, 400],
      ["more than a reader has to say", { ...request, recipient: "x".repeat(20_000) }, {}, 413],
    ])("refuses %s, and asks no keeper", async ([, body, headers, status]) => {
      await register()
      expect((await call("POST", ID, body, headers)).status).toBe(status)
      expect(asked).toEqual([])
    })
  })

  describe("a link without keeper (flag U)", () => {
    beforeEach(() => register({ keeper: undefined, jwe: JWE }))

    it("gives its file to whoever says a name", async () => {
      const reply = await call("GET", `${ID}?recipient=Dr.%20Example`)
      expect(reply.headers.get("content-type")).toMatch(/^application\/jose/)
      expect(await reply.text()).toBe(JWE)
    })

    it.for(["", "?recipient=", "?recipient[]=x"])("asks for the name: %j", async (query) => {
      expect(await codeOf(await call("GET", ID + query))).toBe("400 invalid_input")
    })

    it("ends with its time", async () => {
      await register({ keeper: undefined, jwe: JWE, until: now + MINUTE }, OTHER)
      expect((await call("GET", `${OTHER}?recipient=x`)).status).toBe(200)
      now += 2 * MINUTE
      expect((await call("GET", `${OTHER}?recipient=x`)).status).toBe(404)
    })
  })

  it("tells native readers where the envelope is, and forwards theirs to the keeper", async () => {
    await register()
    expect(await (await call("GET", `${ID}/native`)).json()).toEqual({
      envelope: ENVELOPE,
      control: ["https://control.example/objects"],
      keeper: "AAAA",
    })
    await call("POST", `${ID}/keeper`, { enc: "AA", ct: "BB" })
    expect(asked).toEqual([{ url: `/links/${ID}/keeper`, body: { enc: "AA", ct: "BB" } }])
  })

  it.for([
    ["PATCH", ID],
    ["POST", `${ID}/native`],
    ["GET", `${ID}/keeper`],
  ] as const)("answers 405 to %s %s", async ([method, path]) => {
    await register()
    const reply = await call(method, path)
    expect(reply.status).toBe(405)
    expect(reply.headers.get("allow")).not.toBeNull()
  })
})

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ""
  for await (const piece of request) text += String(piece)
  return text
}
