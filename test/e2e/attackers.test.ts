/**
 * Parties with their own keys against raw chain and raw lake. Each probe first opens what it may: one that opens nothing proves nothing.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { collectLoot } from "../../scripts/demo/attacker.ts"
import { hex, once, utf8 } from "../../src/base/bytes.ts"
import { cidOfBytes } from "../../src/cid/cid.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import { revoke } from "../../src/lake/grant.ts"
import type { PendingUpload } from "../../src/lake/pending-upload.ts"
import { upload } from "../../src/lake/upload.ts"
import { openManifest } from "../../src/record/manifest.ts"
import { deriveEpoch } from "../../src/vault/epoch.ts"
import type { GrantedEpoch } from "../../src/vault/grant.ts"
import { attackWith, type Reached, targetOf } from "../support/attack.ts"
import {
  dropLink,
  fetchByLink,
  grantRange,
  MemoryOutbox,
  makeLink,
  ownRecords,
  uploadFiles,
  uploadJob,
} from "../support/exchange.ts"
import { type StudyFile, studyFiles } from "../support/studies.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  type Member,
  newMember,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../support/world.ts"

const july = studyFiles({ name: "july", date: "20260703" })
const august = studyFiles({ name: "august", date: "20260811" })
const after = studyFiles({ name: "after", date: "20260705" })
const TIMES = ["2026-07-03", "2026-08-11", "2026-07-05"].map((day) => Date.parse(`${day}T10:30Z`))

let world: World
let patient: Patient
let writer: Hospital
let other: Hospital
let reader: Member
let lister: Member
let locator: Member
/** Keys of epochs that each grantee could open before the revocation, and keeps. */
const loot = new Map<Member, readonly GrantedEpoch[]>()
/** What the first hospital's outbox held: the record key of what it wrote itself. */
const written: PendingUpload[] = []
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  writer = await admitHospital(world, patient, "Writer")
  other = await admitHospital(world, patient, "Other")
  reader = await newMember(world, patient, "Dr. Reads July")
  lister = await newMember(world, patient, "Dr. Lists July")
  locator = await newMember(world, patient, "Archive")
  await grantRange(world, patient, reader, "2026-07")
  await grantRange(world, patient, lister, "2026-07", { capability: "list" })
  await grantRange(world, patient, locator, "2026", { capability: "locate" })
  await uploadFiles(world, patient, other, july)
  const outbox = new (class extends MemoryOutbox {
    override async save(pending: PendingUpload) {
      written.push(pending)
      await super.save(pending)
    }
  })()
  const job = await uploadJob(world, patient, writer, august)
  await upload(world.context, { ...job, outbox }, august)
  for (const member of [reader, lister, locator]) {
    const { epochs, messagesOpened } = await collectLoot(targetOf(world, patient), member.identity)
    if (messagesOpened !== 1) throw new Error("the probe opens nothing of its own")
    loot.set(member, epochs)
  }
})
afterAll(() => world.close())

const attack = async (epochs: readonly GrantedEpoch[]) =>
  await attackWith(targetOf(world, patient), epochs, TIMES)
const first = (files: readonly StudyFile[]) => hex(sha256(files[0]?.bytes ?? new Uint8Array()))

/** Records in chain order: July, August, and one after the revocation. */
function expectReached(found: readonly Reached[], expected: readonly Omit<Reached, "record">[]) {
  expect(found.map(({ locate, list, read }) => ({ locate, list, read }))).toEqual(expected)
}
const shut = { locate: false, list: false, read: undefined }

describe("before any revocation", () => {
  it("who reads July reads July, and only locates August", async () => {
    expectReached(await attack(loot.get(reader) ?? []), [
      { locate: true, list: true, read: first(july) },
      { locate: true, list: false, read: undefined },
    ])
  })

  it("who lists July lists July, and reads nothing", async () => {
    expectReached(await attack(loot.get(lister) ?? []), [
      { locate: true, list: true, read: undefined },
      { locate: true, list: false, read: undefined },
    ])
  })

  it("who locates locates, and lists and reads nothing", async () => {
    expectReached(await attack(loot.get(locator) ?? []), [
      { locate: true, list: false, read: undefined },
      { locate: true, list: false, read: undefined },
    ])
  })

  it("all three together read no more than the one who reads", async () => {
    expectReached(await attack([reader, lister, locator].flatMap((one) => loot.get(one) ?? [])), [
      { locate: true, list: true, read: first(july) },
      { locate: true, list: false, read: undefined },
    ])
  })
})

describe("a writer", () => {
  it("opens what it wrote with the keys of its outbox, and nothing that others wrote", async () => {
    const target = targetOf(world, patient)
    const [own] = written
    if (!own) throw new Error("the outbox held nothing")
    const { records } = await ownRecords(world, patient)
    const manifests = records.map(({ facts }) => {
      if (typeof facts.manifestCid === "string") throw new Error("the owner can't locate a record")
      return facts.manifestCid.toString()
    })
    const opens = await Promise.all(
      manifests.map(async (cid) => {
        const sealed = await (await fetch(`${target.control}/${cid}`)).arrayBuffer()
        try {
          return openManifest(target.vault, own.recordKey, new Uint8Array(sealed)).kind
        } catch {
          return undefined
        }
      }),
    )
    expect(opens).toEqual([undefined, "dicom-study"])
    const { epochs, objectsOpened, objectsTried, messagesOpened, messagesTried } =
      await collectLoot(target, writer.identity)
    expect({ epochs, objectsOpened, messagesOpened }).toEqual({
      epochs: [],
      objectsOpened: 0,
      messagesOpened: 0,
    })
    expect(objectsTried).toBeGreaterThan(10)
    expect(messagesTried).toBeGreaterThan(5)
  })

  it("erases nothing, in neither store", async () => {
    const { lake, control } = writer.stores
    const { blobs, manifestCid } = written[0] as PendingUpload
    const blob = blobs[0]?.cid ?? ""
    const refused = { code: "access_denied" }
    await expect(lake.delete(blob)).rejects.toMatchObject(refused)
    await expect(control.delete(manifestCid)).rejects.toMatchObject(refused)
    expect(await world.stores.lake.stat(blob)).toBeDefined()
    expect(await world.stores.control.stat(manifestCid)).toBeDefined()
  })

  it("puts what it names, and a stranger nothing", async () => {
    const stranger = world.storesFor(patient.accounts.register, partyOf(sha256(utf8("stranger"))))
    const bytes = utf8("some object")
    const source = { size: bytes.length, open: () => once(bytes) }
    const name = cidOfBytes(bytes).toString()
    await expect(stranger.control.put(name, source)).rejects.toMatchObject({
      code: "access_denied",
    })
    expect(await world.stores.control.stat(name)).toBeUndefined()
    await writer.stores.control.put(name, source)
    expect(await world.stores.control.stat(name)).toBeDefined()
  })
})

describe("a link's holder", () => {
  it("opens nothing any more once it was dropped, with the link, the passcode and the raw store", async () => {
    const made = await makeLink(world, patient, { passcode: "blue whale" })
    const { envelope } = made
    expect((await fetchByLink(made.link, "blue whale")).size).toBe(july.length + august.length)
    const { control } = targetOf(world, patient)
    expect((await fetch(`${control}/${envelope}`)).status).toBe(200)
    await dropLink(world, patient, made)
    await expect(fetchByLink(made.link, "blue whale")).rejects.toMatchObject({ code: "not_found" })
    expect((await fetch(`${control}/${envelope}`)).status).toBe(404)
  })
})

describe("after a revocation", () => {
  beforeAll(async () => {
    const vault = await patient.open()
    const grants = vault.file.grants.map(({ id }) => id)
    await revoke(world.context, patient.tools, vault, { grants, seats: [] })
    await uploadFiles(world, patient, writer, after)
  })

  it("the revoked keep what was open to them, and get nothing of what came later, dated as it may be", async () => {
    const { epochs, objectsOpened, messagesOpened } = await collectLoot(
      targetOf(world, patient),
      reader.identity,
    )
    expect({ epochs, objectsOpened, messagesOpened }).toEqual({
      epochs: [],
      objectsOpened: 0,
      messagesOpened: 1,
    })
    expectReached(await attack([...(loot.get(reader) ?? []), ...epochs]), [
      { locate: true, list: true, read: first(july) },
      { locate: true, list: false, read: undefined },
      shut,
    ])
  })

  it("a stolen agent has the newest epoch alone, once that was final", async () => {
    // An agent looks after what it may forget when it starts, and once a minute.
    await world.restart()
    const stolen = await vi.waitUntil(
      () => world.vaults.find(({ epochs }) => epochs.length === 1),
      {
        timeout: 30_000,
      },
    )
    const { id } = patient.accounts
    const held = stolen.epochs.map(({ epoch, secret }): GrantedEpoch => {
      const { index, listRoot, readRoot } = deriveEpoch(id, epoch, secret)
      const whole = (key: Uint8Array) => [{ depth: 0, prefix: 0, key }]
      return { epoch, key: index, list: whole(listRoot), read: whole(readRoot) }
    })
    expect(held.map(({ epoch }) => epoch)).toEqual([2])
    expectReached(await attack(held), [
      shut,
      shut,
      { locate: true, list: true, read: first(after) },
    ])
    const { objectsOpened } = await collectLoot(targetOf(world, patient), partyOf(stolen.seed))
    expect(objectsOpened).toBe(0)
  })
})
