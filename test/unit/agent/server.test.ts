import { connect } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseRules, startAgent } from "../../../src/agent/index.ts"
import { base64url } from "../../../src/base/bytes.ts"
import { systemClock } from "../../../src/base/clock.ts"
import { decodeDagCbor, encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { DurableTables } from "../../../src/db/durable.ts"
import { SymbolLedger } from "../../../src/ledger/index.ts"
import {
  createVault,
  memorySecrets,
  type Patient,
  startWorld,
  type World,
} from "../../support/world.ts"
import { secretOf } from "../vault/samples.ts"

let world: World
let patient: Patient
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
})
afterAll(() => world.close())

const CBOR = "application/cbor"
const post = (path: string, body: Uint8Array | string, type = CBOR) =>
  fetch(world.url + path, {
    method: "POST",
    headers: { "content-type": type },
    body: Buffer.from(body),
  })

const ROUTES = ["hand-over", "query", "deposit", "submit", "cosign", "links", "links/drop"].map(
  (name) => `/api/${name}`,
)

describe("the agent's server", () => {
  it("listens on loopback", () => {
    expect(world.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it("tells its pairing key in cbor and its status in JSON, with nothing secret in it", async () => {
    const pairing = await fetch(`${world.url}/api/pairing`)
    expect(pairing.headers.get("content-type")).toBe(CBOR)
    const told = decodeDagCbor(new Uint8Array(await pairing.arrayBuffer()))
    expect(Object.keys(told as object).toSorted()).toEqual(["agreement", "v"])
    const status = await fetch(`${world.url}/api/status`)
    expect(await status.json()).toEqual({ v: 1, vaults: 1, links: 0, drafts: 0 })
    expect(status.headers.get("cache-control")).toBe("no-store")
    expect(status.headers.get("x-powered-by")).toBeNull()
  })

  it.for(ROUTES)(
    "refuses another media type, nonsense and an oversized body at %s",
    async (route) => {
      const bodies: [status: number, code: string, answer: Promise<Response>][] = [
        [415, "unsupported", post(route, "{}", "application/json")],
        [400, "invalid_input", post(route, Uint8Array.of(0xff))],
        [400, "invalid_input", post(route, encodeDagCbor({ no: 1 }))],
        [413, "invalid_input", post(route, new Uint8Array(17 << 20))],
      ]
      for (const [status, code, answer] of bodies) {
        const response = await answer
        expect(response.status).toBe(status)
        expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/)
        expect(await response.json()).toMatchObject({ status, code })
      }
    },
  )

  it("refuses fields that it does not know", async () => {
    const act = {
      aggregate: new Uint8Array(8),
      factor: { enc: new Uint8Array(3), ct: new Uint8Array(3) },
    }
    for (const [route, body] of [
      ["/api/cosign", act],
      ["/api/cosign", { aggregate: new Uint8Array(8), more: 1 }],
      ["/api/submit", { aggregate: "text" }],
      ["/api/deposit", { deposits: [] }],
      ["/api/deposit", { deposits: Array.from({ length: 101 }, () => new Uint8Array(1)) }],
    ] as const) {
      expect((await post(route, encodeDagCbor(body))).status).toBe(400)
    }
  })

  it("knows no other route", async () => {
    for (const path of ["/", "/api", "/api/secrets", "/links", "/api/../keyring.cbor"]) {
      const response = await fetch(world.url + path)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: "not_found" })
    }
    expect((await fetch(`${world.url}/api/submit`)).status).toBe(404)
  })

  it("answers the next request after one whose sender went away", async () => {
    const { hostname, port } = new URL(world.url)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          "POST /api/query HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\ncontent-length: 99\r\n\r\n\x01",
        )
        socket.destroy()
        resolve()
      })
    })
    expect((await fetch(`${world.url}/api/status`)).status).toBe(200)
  })

  it("logs routes and nothing of what was asked", async () => {
    const id = base64url(secretOf("a link that nobody has"))
    world.log.length = 0
    await post(
      `/links/${id}?who=me`,
      JSON.stringify({ recipient: "Name", passcode: "secret" }),
      "application/json",
    )
    await world.agent.deposit([new Uint8Array(3)]).catch(() => undefined)
    const logged = JSON.stringify(world.log)
    expect(world.log.map(({ route, status }) => [route, status])).toEqual([
      ["/links/:id", 404],
      ["/api/deposit", 400],
    ])
    expect(logged).not.toContain(id)
    expect(logged).not.toContain("secret")
    expect(logged).not.toContain("Name")
  })

  it("hides an internal failure from whoever asks, and logs where it was thrown, not what it said", async () => {
    world.log.length = 0
    await world.tables.close()
    const response = await fetch(`${world.url}/api/status`)
    expect(response.status).toBe(500)
    const body = await response.text()
    expect(JSON.parse(body)).toMatchObject({ code: "internal" })
    expect(body).not.toMatch(/sql|driver|destroyed/i)
    expect(world.log[0]?.failure).toMatch(/^Error\n\s+at /)
    await world.restart()
    expect((await fetch(`${world.url}/api/status`)).status).toBe(200)
  })
})

describe("startAgent", () => {
  const start = async (secrets = memorySecrets().secrets, ledger = world.ledger) => {
    const tables = await DurableTables.open(":memory:")
    try {
      const agent = await startAgent({
        ledger,
        tables,
        secrets,
        port: 0,
        clock: systemClock,
        random: systemRandom,
        rules: async () => parseRules({}),
        openStores: () => world.stores,
      })
      await agent.close()
      await agent.close()
      return agent.url
    } finally {
      await tables.close()
    }
  }

  it("ends when it is told to, also twice", async () => {
    const url = await start()
    await expect(fetch(`${url}/api/status`)).rejects.toThrow(TypeError)
  })

  it("refuses to start with a vault of another network", async () => {
    const { secrets } = memorySecrets()
    const [vault] = world.vaults
    if (!vault) throw new Error("no vault")
    await secrets.save({ ...vault, network: secretOf("another network") })
    await expect(start(secrets)).rejects.toMatchObject({ code: "foreign_network" })
    expect(patient.accounts.id.network).toEqual(vault.network)
  })

  it("refuses to start where no node answers", async () => {
    const request = async () => ({ status: 503, body: {} })
    const listen = async () => ({ close: () => undefined })
    const ledger = new SymbolLedger({ node: { request, listen }, clock: systemClock })
    await expect(start(memorySecrets().secrets, ledger)).rejects.toMatchObject({
      code: "ledger_unavailable",
    })
  })
})
