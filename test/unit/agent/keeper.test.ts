import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { base64url, fromBase64url } from "../../../src/base/bytes.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { identityOf } from "../../../src/lake/identity.ts"
import type { Identity } from "../../../src/lake/ports.ts"
import {
  openKeeperAnswer,
  passcodeProof,
  proofHash,
  sealKeeperRequest,
} from "../../../src/vault/link-keeper.ts"
import { type KeptLink, sealDropLink, sealKeepLink } from "../../../src/vault/link-keeping.ts"
import { createVault, type Patient, startWorld, type World } from "../../support/world.ts"
import { cidOf, secretOf, viewer } from "../vault/samples.ts"

const PASSCODE = "Fuchs 12"
const WRONG = secretOf("wrong proof")

let world: World
let patient: Patient
let link: KeptLink
let proof: Uint8Array
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
})
afterAll(() => world.close())
beforeEach(async () => {
  const id = systemRandom(32)
  proof = await passcodeProof(PASSCODE, id)
  link = {
    link: id,
    proofHash: proofHash(proof),
    h: systemRandom(32),
    until: 0,
    envelope: cidOf("envelope"),
    jwe: "header..iv.ciphertext.tag",
  }
})

const agreement = () => patient.card.body.agent.agreement
const keep = async (kept: KeptLink = link, phone: Identity = patient.phone) =>
  world.agent.keepLink(await sealKeepLink(kept, agreement(), phone))
const path = (id = link.link) => `${world.url}/links/${base64url(id)}`
const post = (url: string, body: unknown) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })

/** One guess by proof, as the native client makes it. */
async function guess(guessed: Uint8Array, id = link.link) {
  const url = `${path(id)}/keeper`
  const request = await sealKeeperRequest(id, agreement(), {
    proof: guessed,
    viewer: viewer.agreement,
  })
  const body = { enc: base64url(request.enc), ct: base64url(request.ct) }
  const response = await post(url, body)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const plain = async (passcode: string, more: object = {}) => {
  const response = await post(path(), { recipient: "Praxis", passcode, ...more })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Tries that were left after each wrong guess, ascending. */
function remainingIn(
  answers: readonly { status: number; body: Record<string, unknown> }[],
): number[] {
  const wrong = answers.filter(({ status }) => status === 401)
  return wrong.map(({ body }) => Number(body["remainingAttempts"])).toSorted((a, b) => a - b)
}

async function halfIn(body: Record<string, unknown>): Promise<Uint8Array> {
  const message = { enc: fromBase64url(String(body["enc"])), ct: fromBase64url(String(body["ct"])) }
  return await openKeeperAnswer(link.link, viewer, message)
}

/** Guesses evaluated since `before` decisions were logged. */
async function evaluated(): Promise<{ right: number; wrong: number }> {
  const guesses = (await world.tables.decisions.newest(1000)).filter(({ what }) => what === "guess")
  const count = (outcome: string) => guesses.filter((one) => one.outcome === outcome).length
  return { right: count("right"), wrong: count("wrong") }
}

describe("the keeper", () => {
  it("gives its half to whoever proves the passcode, and to nobody else", async () => {
    await keep()
    const wrong = await guess(WRONG)
    expect(wrong.status).toBe(401)
    expect(wrong.body).toMatchObject({ code: "access_denied", remainingAttempts: 4 })
    const right = await guess(proof)
    expect(right.status).toBe(200)
    await expect(halfIn(right.body)).resolves.toEqual(link.h)
  })

  it("gives the file of a plain link to whoever knows the passcode", async () => {
    await keep()
    expect((await plain("Fuchs 13")).body).toMatchObject({ remainingAttempts: 4 })
    const { status, body } = await plain(PASSCODE)
    expect(status).toBe(200)
    expect(body).toEqual({ files: [{ contentType: "application/fhir+json", embedded: link.jwe }] })
    expect((await plain(PASSCODE, { embeddedLengthMax: 3 })).status).toBe(400)
  })

  it("evaluates exactly five of fifty wrong guesses at once, then the link is dead", async () => {
    await keep()
    const before = await evaluated()
    const answers = await Promise.all(Array.from({ length: 50 }, () => guess(WRONG)))
    const left = remainingIn(answers)
    expect(left).toEqual([0, 1, 2, 3, 4])
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(45)
    expect((await evaluated()).wrong - before.wrong).toBe(5)
    expect((await guess(proof)).status).toBe(404)
    expect((await plain(PASSCODE)).status).toBe(404)
    await expect(world.tables.links.find(link.link)).resolves.toBeUndefined()
    await expect(keep()).rejects.toMatchObject({ code: "already_exists" })
  })

  it("goes on counting after a restart", async () => {
    await keep()
    await guess(WRONG)
    await guess(WRONG)
    await world.restart()
    const answers = await Promise.all(Array.from({ length: 48 }, () => guess(WRONG)))
    const left = remainingIn(answers)
    expect(left).toEqual([0, 1, 2])
    expect((await guess(proof)).status).toBe(404)
  })

  it("evaluates exactly five of fifty wrong guesses while it is restarted under them", async () => {
    await keep()
    const before = await evaluated()
    const cut = { status: 0, body: {} }
    const fire = () => Array.from({ length: 25 }, () => guess(WRONG).catch(() => cut))
    const first = fire()
    await world.restart()
    const answers = await Promise.all([...first, ...fire()])
    expect(answers).toHaveLength(50)
    expect((await evaluated()).wrong - before.wrong).toBe(5)
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5)
    expect(answers.every(({ status }) => [0, 401, 404].includes(status))).toBe(true)
    expect((await guess(proof)).status).toBe(404)
  })

  it("counts no right guess, fifty at once", async () => {
    await keep()
    const answers = await Promise.all(Array.from({ length: 50 }, () => guess(proof)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50)
    expect((await guess(WRONG)).body["remainingAttempts"]).toBe(4)
  })

  it("counts native and plain guesses in one", async () => {
    await keep()
    await guess(WRONG)
    expect((await plain("no")).body["remainingAttempts"]).toBe(3)
    expect((await guess(WRONG)).body["remainingAttempts"]).toBe(2)
  })

  it("spends a try that a crash left unanswered", async () => {
    await keep()
    await world.tables.links.spend(link.link, 0)
    await world.restart()
    expect((await guess(WRONG)).body["remainingAttempts"]).toBe(3)
  })

  it("stays dead when a crash came between the fifth try and its answer", async () => {
    await keep()
    for (let i = 0; i < 5; i++) await world.tables.links.spend(link.link, 0)
    await world.restart()
    expect((await guess(proof)).status).toBe(404)
    expect((await plain(PASSCODE)).status).toBe(404)
    expect((await guess(WRONG)).status).toBe(404)
  })

  it("spends no try on a request that does not open, or that is malformed", async () => {
    await keep()
    const stranger = identityOf(secretOf("stranger"), 0x98)
    const request = { proof, viewer: viewer.agreement }
    const elsewhere = await sealKeeperRequest(link.link, stranger.agreement, request)
    const otherLink = await sealKeeperRequest(secretOf("other link"), agreement(), request)
    for (const { enc, ct } of [elsewhere, otherLink]) {
      const response = await post(`${path()}/keeper`, { enc: base64url(enc), ct: base64url(ct) })
      expect(response.status).toBe(403)
    }
    const malformed = [
      {},
      { enc: "?", ct: "?" },
      { enc: "", ct: "" },
      { enc: "AA", ct: "AA", more: 1 },
    ]
    for (const body of malformed) expect((await post(`${path()}/keeper`, body)).status).toBe(400)
    for (const body of [
      {},
      { recipient: "x" },
      { recipient: "x", passcode: 1 },
      { passcode: "x" },
    ]) {
      expect((await post(path(), body)).status).toBe(400)
    }
    expect((await guess(WRONG)).body["remainingAttempts"]).toBe(4)
  })

  it("says of an unknown, an over and a dropped link the same as of a dead one", async () => {
    const unknown = await guess(proof)
    await keep({ ...link, until: world.clock.now() + 1000 })
    world.clock.offsetMs += 1000
    const over = await guess(proof)
    const dropped = secretOf("dropped link")
    await keep({ ...link, link: dropped })
    await world.agent.dropLink(await sealDropLink(dropped, agreement(), patient.phone))
    const gone = await guess(proof, dropped)
    expect([unknown, over, gone].map(({ status }) => status)).toEqual([404, 404, 404])
    expect(over.body).toEqual(unknown.body)
    expect(gone.body).toEqual(unknown.body)
    const nonsense = await post(`${world.url}/links/short`, { recipient: "x", passcode: "x" })
    expect(nonsense.status).toBe(404)
  })
})

describe("keeping", () => {
  it("is refused to anybody but the phone of a vault", async () => {
    const stranger = identityOf(secretOf("stranger"), 0x98)
    await expect(keep(link, stranger)).rejects.toMatchObject({ code: "access_denied" })
    const elsewhere = await sealKeepLink(link, stranger.agreement, patient.phone)
    await expect(world.agent.keepLink(elsewhere)).rejects.toMatchObject({ code: "access_denied" })
    await expect(world.tables.links.find(link.link)).resolves.toBeUndefined()
  })

  it("is refused a second time, and does not bring tries back", async () => {
    await keep()
    await guess(WRONG)
    await expect(keep()).rejects.toMatchObject({ code: "already_exists" })
    expect((await guess(WRONG)).body["remainingAttempts"]).toBe(3)
  })

  it("is refused after a drop: the message played back revives nothing", async () => {
    await keep()
    const drop = await sealDropLink(link.link, agreement(), patient.phone)
    await world.agent.dropLink(drop)
    await expect(world.agent.dropLink(drop)).rejects.toMatchObject({ code: "not_found" })
    await expect(keep()).rejects.toMatchObject({ code: "already_exists" })
    expect((await guess(proof)).status).toBe(404)
  })
})
