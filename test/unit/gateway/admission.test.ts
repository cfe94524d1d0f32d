import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { DeadlineError } from "../../../src/base/errors.ts"
import { admissionApp } from "../../../src/gateway/admission-app.ts"
import { type RunningServer, serveOn } from "../../../src/gateway/serve.ts"
import { type AdmissionPort, HttpAdmission } from "../../../src/lake/admission.ts"
import { encodeOffer } from "../../../src/vault/offer.ts"

const NETWORK = new Uint8Array(32).fill(1)
const ROOT = new Uint8Array(32).fill(2)
const OFFER = encodeOffer({ card: utf8("card"), aggregate: utf8("aggregate") })
/** Anything canonical that is no offer is handed on as a card: its parser says what is wrong with it. */
const CARD = Uint8Array.of(0xa0)

let asked: [verb: string, bytes: number][] = []
let refusal: Error | undefined
const institution: AdmissionPort = {
  profile: async () => ({ name: "St. Example", network: NETWORK, root: ROOT }),
  answerCard: async (card) => answered("answerCard", card),
  acceptOffer: async (offer) => answered("acceptOffer", offer),
}
function answered(verb: string, bytes: Uint8Array): Uint8Array {
  asked.push([verb, bytes.length])
  if (refusal) throw refusal
  return utf8(verb)
}

let server: RunningServer
let logged: string[] = []
beforeAll(async () => {
  server = await serveOn(
    admissionApp(institution, (line) => logged.push(line)),
    0,
  )
})
afterAll(() => server.close())
beforeEach(() => {
  asked = []
  logged = []
  refusal = undefined
})
const post = (body: Uint8Array, type = "application/cbor") =>
  fetch(`${server.url}/api/admit`, {
    method: "POST",
    headers: { "content-type": type },
    body: Buffer.from(body),
  })

describe("admission over HTTP", () => {
  it("tells who answers, and hands cards and offers to those who take them", async () => {
    const client = new HttpAdmission(`${server.url}/`)
    await expect(client.profile()).resolves.toEqual({
      name: "St. Example",
      network: NETWORK,
      root: ROOT,
    })
    await expect(client.answerCard(CARD)).resolves.toEqual(utf8("answerCard"))
    await expect(client.acceptOffer(OFFER)).resolves.toEqual(utf8("acceptOffer"))
    expect(asked).toEqual([
      ["answerCard", CARD.length],
      ["acceptOffer", OFFER.length],
    ])
  })

  it.each([
    ["another media type", 415, "unsupported", () => post(CARD, "application/json")],
    ["nonsense", 400, "invalid_input", () => post(Uint8Array.of(0xff))],
    ["an oversized body", 413, "invalid_input", () => post(new Uint8Array(70_000))],
    ["another route", 404, "not_found", () => fetch(`${server.url}/api/other`)],
  ])("refuses %s, and asks the institution nothing", async (_, status, code, send) => {
    const response = await send()
    expect(response.status).toBe(status)
    expect(response.headers.get("content-type")).toContain("application/problem+json")
    expect(await response.json()).toMatchObject({ status, code })
    expect(asked).toEqual([])
  })

  it("raises the institution's refusal as the error that it was", async () => {
    refusal = new DeadlineError("the offer has expired: ask the patient for a new one")
    const failed = new HttpAdmission(server.url).acceptOffer(OFFER)
    await expect(failed).rejects.toMatchObject({
      code: "deadline_passed",
      message: refusal.message,
    })
    expect(logged).toEqual([])
  })

  it("tells nothing of a defect but that there is one", async () => {
    refusal = new TypeError("secret detail")
    const response = await post(CARD)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain("secret")
    expect(logged).toEqual(["POST /api: TypeError"])
  })

  describe("of a server that is none of ours", () => {
    let other: Server
    let answer: { status: number; body: string; location?: string }
    const at = () => `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    beforeAll(async () => {
      other = createServer((_request, response) => {
        const { status, body, location } = answer
        response.writeHead(status, location === undefined ? {} : { location }).end(body)
      })
      await new Promise<void>((done) => other.listen(0, "127.0.0.1", done))
    })
    afterAll(() => {
      other.close()
    })

    it("calls a profile broken that is none", async () => {
      for (const body of ["", "{}", `{"v":2,"name":"x","network":"","root":""}`]) {
        answer = { status: 200, body }
        await expect(new HttpAdmission(at()).profile()).rejects.toMatchObject({
          code: "integrity_failed",
        })
      }
    })

    it("calls it away when it fails, and follows it nowhere", async () => {
      const answers = [
        { status: 502, body: "<html>" },
        { status: 302, body: "", location: server.url },
      ]
      for (answer of answers) {
        await expect(new HttpAdmission(at()).answerCard(CARD)).rejects.toMatchObject({
          code: "institution_unavailable",
          retryable: true,
        })
      }
      expect(asked).toEqual([])
    })

    it("refuses an answer that is too long", async () => {
      answer = { status: 200, body: "x".repeat(70_000) }
      await expect(new HttpAdmission(at()).answerCard(CARD)).rejects.toMatchObject({
        code: "integrity_failed",
      })
    })
  })

  it("calls it away when nobody listens", async () => {
    const gone = await serveOn(admissionApp(institution), 0)
    await gone.close()
    await expect(new HttpAdmission(gone.url).profile()).rejects.toMatchObject({
      code: "institution_unavailable",
    })
  })
})
