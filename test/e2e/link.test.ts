/**
 * A link between real sockets: the images for a reader of ours, a FHIR Bundle for any SMART Health Link viewer, and its ends.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { AccessDeniedError, NotFoundError } from "../../src/base/errors.ts"
import type { MadeLink } from "../../src/lake/link.ts"
import { dropLink, fetchByLink, makeLink, uploadFiles } from "../support/exchange.ts"
import { readHealthLink, viewHealthLink } from "../support/health-link-viewer.ts"
import { studyFiles } from "../support/studies.ts"
import {
  admitHospital,
  createVault,
  namesIn,
  type Patient,
  startWorld,
  type World,
} from "../support/world.ts"

const PASSCODE = "blue whale 42"
const HOUR = 3_600_000
const shared = studyFiles({ name: "shared", date: "20260703" })
const kept = studyFiles({ name: "kept", date: "20260704" })

let world: World
let patient: Patient
let made: MadeLink
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  const hospital = await admitHospital(world, patient)
  await uploadFiles(world, patient, hospital, shared)
  await uploadFiles(world, patient, hospital, kept)
  made = await newLink()
})
afterAll(() => world.close())

const newLink = (options: { passcode?: string; until?: number } = { passcode: PASSCODE }) =>
  makeLink(world, patient, options, (all) => all.slice(0, 1))

async function expectShared(text: string, passcode = PASSCODE): Promise<void> {
  const found = await fetchByLink(text, passcode)
  expect(found.size).toBe(shared.length)
  for (const { sopInstanceUid, bytes } of shared) {
    expect(Buffer.compare(found.get(sopInstanceUid) as Uint8Array, bytes)).toBe(0)
  }
}

/** Gone for everybody, right passcode or not. */
async function expectGone({ link }: MadeLink): Promise<void> {
  await expect(fetchByLink(link, PASSCODE)).rejects.toThrow(NotFoundError)
  expect((await viewHealthLink(readHealthLink(link), { passcode: PASSCODE })).status).toBe(404)
}

describe("a link", () => {
  it("gives whoever has it and the passcode the images it shares, byte for byte, and no others", async () => {
    await expectShared(made.link)
  })

  it("is a plain SMART Health Link: any viewer gets a FHIR Bundle", async () => {
    const link = readHealthLink(`https://viewer.example/open#${made.link}`)
    expect(link).toMatchObject({ flag: "P", label: "Head CT", v: 1 })
    expect(link.url.length).toBeLessThanOrEqual(128)
    expect(Buffer.from(link.key, "base64url")).toHaveLength(32)
    for (const asked of [{}, { embeddedLengthMax: 0 }, { embeddedLengthMax: 1e6 }]) {
      const { status, files } = await viewHealthLink(link, { passcode: PASSCODE, ...asked })
      expect(status).toBe(200)
      expect(files.map(({ contentType }) => contentType)).toEqual(["application/fhir+json"])
      const bundle = files[0]?.json
      expect(bundle).toMatchObject({ resourceType: "Bundle", type: "collection" })
      const [study, endpoint, ...more] = bundle?.entry ?? []
      expect(more).toEqual([])
      expect(study?.resource).toMatchObject({
        resourceType: "ImagingStudy",
        status: "available",
        started: "2026-07-03T10:30:00.000Z",
        numberOfSeries: 1,
        numberOfInstances: shared.length,
        endpoint: [{ reference: endpoint?.fullUrl }],
      })
      expect(endpoint?.resource).toMatchObject({ resourceType: "Endpoint", status: "active" })
      expect(JSON.stringify(bundle)).not.toContain("Phantom")
    }
  })

  it("counts wrong passcodes of both kinds of reader together, and right ones not at all", async () => {
    const { link } = await newLink()
    const plain = readHealthLink(link)
    const remaining = async () =>
      (await viewHealthLink(plain, { passcode: "wrong" })).remainingAttempts
    expect(await remaining()).toBe(4)
    for (let i = 0; i < 6; i++) {
      expect((await viewHealthLink(plain, { passcode: PASSCODE })).files).toHaveLength(1)
    }
    await expectShared(link)
    expect(await remaining()).toBe(3)
    const native = fetchByLink(link, "also wrong")
    await expect(native).rejects.toThrow(AccessDeniedError)
    await expect(native).rejects.toThrow("2 tries are left")
    await expectShared(link)
    expect([await remaining(), await remaining()]).toEqual([1, 0])
    await expectGone({ ...made, link })
  })

  it("opens with the link key alone for no reader: half of the key is the keeper's", async () => {
    const { link } = await newLink()
    await world.tables.links.drop(idOf(link), patient.accounts.register)
    await expectGone({ ...made, link })
  })

  it("ends at its time", async () => {
    const ending = await newLink({ passcode: PASSCODE, until: world.clock.now() + HOUR })
    await expectShared(ending.link)
    world.clock.offsetMs = HOUR + 1
    await expectGone(ending)
    world.clock.offsetMs = 0
    await expectShared(ending.link)
  })

  it("is over for who holds it once it was revoked: keeper, envelope and address are gone", async () => {
    const over = await newLink()
    await expectShared(over.link)
    expect(await namesIn(world.stores.control)).toContain(over.envelope)
    await dropLink(world, patient, over)
    await expectGone(over)
    expect(await namesIn(world.stores.control)).not.toContain(over.envelope)
    await expectShared(made.link)
  })

  it("opens without passcode and keeper when made so, and is ended by erasing its envelope", async () => {
    const offline = await newLink({})
    const plain = readHealthLink(offline.link)
    expect(plain.flag).toBe("U")
    expect((await viewHealthLink(plain)).files[0]?.json.resourceType).toBe("Bundle")
    await expectShared(offline.link, "")
    await dropLink(world, patient, offline, true)
    expect((await viewHealthLink(plain)).status).toBe(404)
    await expect(fetchByLink(offline.link, "")).rejects.toThrow(NotFoundError)
  })
})

const idOf = (link: string) =>
  Buffer.from(readHealthLink(link).url.split("/").at(-1) ?? "", "base64url")
