/**
 * A study's whole life between real sockets: sealed, cosigned, anchored, listed, granted, fetched, revoked, found again from words, verified.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { concat, equal, utf8 } from "../../src/base/bytes.ts"
import { AccessDeniedError } from "../../src/base/errors.ts"
import { systemRandom } from "../../src/base/random.ts"
import { cidOfBytes } from "../../src/cid/cid.ts"
import { revoke } from "../../src/lake/grant.ts"
import { readGrants } from "../../src/lake/grants.ts"
import { listRecords } from "../../src/lake/list.ts"
import { epochOf, openPatientVault } from "../../src/lake/patient-vault.ts"
import type { Identity } from "../../src/lake/ports.ts"
import { readerOfOwner } from "../../src/lake/reader.ts"
import { findVaults } from "../../src/lake/rebuild.ts"
import { requireReadable } from "../../src/lake/record-choice.ts"
import { readRecords } from "../../src/lake/records.ts"
import { REGISTER_METADATA_KEY } from "../../src/lake/register.ts"
import { announceAggregate, signAct } from "../../src/lake/register-act.ts"
import { isWhole, verifyRecords } from "../../src/lake/verify.ts"
import {
  aggregateHash,
  type Instruction,
  metadataDelta,
  mosaicIdOf,
  withCosignature,
} from "../../src/ledger/index.ts"
import { encodeRecordMessage } from "../../src/record/record-message.ts"
import { DATA_MOSAIC, newWords } from "../../src/vault/accounts.ts"
import { announcementHash, encodeAnnouncement } from "../../src/vault/announcement.ts"
import { slotOf } from "../../src/vault/calendar.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import {
  fetchAll,
  grantRange,
  memberRecords,
  ownRecords,
  uploadFiles,
} from "../support/exchange.ts"
import { type StudyFile, studyFiles } from "../support/studies.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  type Member,
  namesIn,
  newMember,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../support/world.ts"

let world: World
let patient: Patient
let hospital: Hospital
let clinician: Member
let colleague: Member
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  hospital = await admitHospital(world, patient)
  clinician = await newMember(world, patient, "Dr. Example")
  colleague = await newMember(world, patient, "Dr. Remaining")
})
afterAll(() => world.close())

const july = studyFiles({ name: "july", date: "20260703", instances: 5 })
const august = studyFiles({ name: "august", date: "20260811", instances: 2 })
const later = studyFiles({ name: "later", date: "20260720", instances: 2 })

/** Byte for byte, in either direction. */
function expectSame(fetched: ReadonlyMap<string, Uint8Array>, files: readonly StudyFile[]) {
  expect([...fetched.keys()].toSorted()).toEqual(
    files.map(({ sopInstanceUid }) => sopInstanceUid).toSorted(),
  )
  for (const { sopInstanceUid, bytes } of files) {
    expect(Buffer.compare(fetched.get(sopInstanceUid) as Uint8Array, bytes)).toBe(0)
  }
}

describe("a study", () => {
  it("is anchored as one record, and leaves nothing readable in lake, control store or chain", async () => {
    const { files, records } = await uploadFiles(world, patient, hospital, july)
    expect(files.map(({ outcome }) => outcome)).toEqual(july.map(() => "stored"))
    expect(records).toHaveLength(1)
    const secrets = ["Phantom^P1", july[0]?.sopInstanceUid ?? "", "Study july"].map((text) =>
      Buffer.from(text),
    )
    let objects = 0
    for (const store of [world.stores.lake, world.stores.control]) {
      for await (const { key } of store.list()) {
        const pieces: Uint8Array[] = []
        for await (const piece of store.get(key)) pieces.push(piece)
        const bytes = Buffer.concat(pieces)
        for (const secret of secrets) expect(bytes.includes(secret)).toBe(false)
        objects += 1
      }
    }
    expect(objects).toBeGreaterThanOrEqual(6)
    const input = Buffer.from(july[0]?.bytes ?? "")
    expect(secrets.every((secret) => input.includes(secret))).toBe(true)
  })

  it("adds nothing when it comes again", async () => {
    const before = await namesIn(world.stores.lake)
    const { files, records } = await uploadFiles(world, patient, hospital, july)
    expect(files.map(({ outcome }) => outcome)).toEqual(july.map(() => "exists"))
    expect(records).toEqual([])
    expect(await namesIn(world.stores.lake)).toEqual(before)
    expect((await ownRecords(world, patient)).records).toHaveLength(1)
  })

  it("is listed with what its owner may see, verified, and comes out byte for byte", async () => {
    await uploadFiles(world, patient, hospital, august)
    const found = await ownRecords(world, patient)
    const listed = listRecords(patient.accounts.id.register, found)
    expect(listed.map(({ standing }) => standing)).toEqual(["verified", "verified"])
    expect(listed.map(({ time }) => new Date(time ?? 0).toISOString())).toEqual([
      "2026-07-03T10:30:00.000Z",
      "2026-08-11T10:30:00.000Z",
    ])
    expect(JSON.parse(listed[0]?.entry ?? "")).toMatchObject({ instances: 5, modalities: ["CT"] })
    expect(found.balanced).toBe(true)
    expectSame(await fetchAll(world, patient.stores, found), [...july, ...august])
  })
})

describe("a grant", () => {
  it("opens its month byte for byte, and no other", async () => {
    await grantRange(world, patient, clinician, "2026-07")
    await grantRange(world, patient, colleague, "2026")
    const found = await memberRecords(world, patient, clinician)
    expect(found.records.map(({ standing }) => standing)).toEqual(["verified", "anchored"])
    expectSame(await fetchAll(world, clinician.stores, found), july)
    expect(() => found.records.slice(1).map(requireReadable)).toThrow(AccessDeniedError)
  })

  it("opens nothing for somebody else", async () => {
    const stranger = await newMember(world, patient, "Dr. Stranger")
    const { accounts } = patient
    const grants = await readGrants(
      world.context,
      stranger.stores.control,
      accounts,
      stranger.identity,
    )
    expect(grants).toEqual([])
  })
})

describe("revoke", () => {
  it("begins a new epoch in one aggregate, shut to the revoked and open to those who remain", async () => {
    const vault = await patient.open()
    const { height } = await world.ledger.chain()
    const ids = vault.file.grants.filter(({ card }) => equal(card, clinician.card.bytes))
    expect(ids).toHaveLength(1)
    const { act, regranted } = await revoke(world.context, patient.tools, vault, {
      grants: ids.map(({ id }) => id),
      seats: [],
    })
    expect(regranted).toBe(1)
    expect(act.height).toBe(height + 1)
    const aggregate = await world.ledger.aggregate(act.hash)
    expect(aggregate?.instructions.map(({ type }) => type)).toEqual([
      "transfer",
      "account-metadata",
      "transfer",
    ])
    expect((await patient.open()).state.newest.announcement).toMatchObject({
      epoch: 2,
      revision: 0,
    })
    await uploadFiles(world, patient, hospital, later)
    const { accounts } = patient
    const { identity, stores } = clinician
    const grants = await readGrants(world.context, stores.control, accounts, identity)
    expect(grants.map(({ body }) => body)).toEqual([undefined])
    const remaining = await memberRecords(world, patient, colleague)
    expectSame(await fetchAll(world, colleague.stores, remaining), [...july, ...august, ...later])
  })
})

/** Moves one unit with any message from the vault to the register, signed by phone and agent: what a defect, or two stolen keys, could do. */
async function moveRecord(message: Uint8Array, amount = 1n) {
  const { id, vault } = patient.accounts
  const mosaics = [{ id: mosaicIdOf(id.vault, DATA_MOSAIC.nonce), amount }]
  const transfer: Instruction = {
    type: "transfer",
    signer: vault,
    recipient: id.register,
    mosaics,
    message,
  }
  return await enactByBoth([transfer])
}

/** A record message by its head alone. */
const garbage = (version: number, epoch: number) =>
  concat(utf8("ML"), Uint8Array.of(0, version, 0, 0, 0, epoch), systemRandom(376))

/** The agent's own key, as a thief of its home has it. */
const stolenAgent = (): Identity => partyOf(world.vaults[0]?.seed as Uint8Array)

async function enactByBoth(instructions: readonly Instruction[]) {
  const { context, ledger } = world
  const signed = await signAct(context, patient.phone, instructions, 1)
  const hash = aggregateHash(await ledger.network(), signed)
  const agent = stolenAgent()
  const signature = await agent.sign(hash)
  return await announceAggregate(
    context,
    withCosignature(signed, { publicKey: agent.key, signature }),
  )
}

describe("verify", () => {
  it("shows records that do not hold, each with its reason, and the others whole", async () => {
    const { id } = patient.accounts
    const vault = await patient.open()
    const cid = () => cidOfBytes(systemRandom(32))
    const content = {
      manifest: cid(),
      catalogue: cid(),
      slot: slotOf(Date.UTC(2026, 6, 3)).slot,
      recordKey: systemRandom(32),
    }
    const messageOf = (epoch: number) =>
      encodeRecordMessage(id, epochOf(id, vault.file, epoch), content, systemRandom)
    await moveRecord(utf8("no record at all"))
    await moveRecord(messageOf(1))
    await moveRecord(garbage(1, 2))
    await moveRecord(garbage(9, 2))
    await moveRecord(messageOf(2), 2n)
    const found = await ownRecords(world, patient)
    expect(found.records.map(({ standing }) => standing)).toEqual([
      "verified",
      "verified",
      "verified",
      ...Array.from({ length: 5 }, () => "quarantined"),
    ])
    expect(found.records.flatMap(({ reasons }) => reasons.map(({ code }) => code))).toEqual([
      "not-a-record",
      "other-epoch",
      "locate-shut",
      "unsupported",
      "not-one-unit",
    ])
    expect(found.balanced).toBe(true)
  })

  it("shows an erased record as erased", async () => {
    const vault = await patient.open()
    const { announcement, digest } = vault.state.newest
    const [first] = (await ownRecords(world, patient)).records
    const { hash, index } = first?.facts.transfer ?? { hash: new Uint8Array(), index: -1 }
    const message = encodeAnnouncement({
      ...announcement,
      revision: announcement.revision + 1,
      previous: digest,
      erased: [{ hash, index }],
    })
    const { id, register } = patient.accounts
    await enactByBoth([
      { type: "transfer", signer: register, recipient: id.register, mosaics: [], message },
      {
        type: "account-metadata",
        signer: register,
        target: id.register,
        key: REGISTER_METADATA_KEY,
        ...metadataDelta(digest, announcementHash(message)),
      },
    ])
    const found = await ownRecords(world, patient)
    expect(found.records.map(({ standing }) => standing).slice(0, 3)).toEqual([
      "erased",
      "verified",
      "verified",
    ])
    expect(() => found.records.slice(0, 1).map(requireReadable)).toThrow(AccessDeniedError)
  })

  it("checks merkle path, finality, manifest and every leaf, and names the leaf that broke", async () => {
    const found = await ownRecords(world, patient)
    const { finalizedHeight } = found
    const check = async () =>
      await verifyRecords(world.context, patient.stores.lake, found.records, finalizedHeight)
    const whole = await check()
    expect(whole.map(isWhole)).toEqual([false, true, true, false, false, false, false, false])
    expect(whole.every(({ merkle }) => merkle)).toBe(true)
    expect(whole.reduce((sum, { leaves }) => sum + leaves, 0)).toBeGreaterThanOrEqual(6)
    const opened = found.records[1]?.facts.opened
    if (typeof opened !== "object") throw new Error("the record is not open")
    const [blob] = opened.blobs
    const key = blob?.cid.toString() ?? ""
    await world.stores.lake.delete(key)
    const lost = await check()
    expect(lost[1]?.faults).toEqual([`blob 0 (${key}): no store has it`])
    expect(lost[2]?.faults).toEqual([])
  })
})

describe("rebuild", () => {
  it("finds the vault again from the words alone, and lists the same", async () => {
    const before = listRecords(patient.accounts.id.register, await ownRecords(world, patient))
    const anonymous = world.storesFor(patient.accounts.register, partyOf(systemRandom(32)))
    const found = []
    for await (const one of findVaults(world.context, anonymous.control, patient.words, [])) {
      found.push(one)
    }
    expect(found).toHaveLength(1)
    const [again] = found
    if (!again) throw new Error("no vault was found")
    expect(again.category).toBe("imaging")
    const card = parseVaultCard(again.card)
    const phone = partyOf(again.phoneSeed)
    expect(phone.key).toEqual(patient.phone.key)
    const vault = await openPatientVault(world.context, anonymous.control, phone, card)
    const records = await readRecords(
      world.context,
      anonymous.control,
      readerOfOwner(vault, vault.file),
    )
    expect(listRecords(again.register, records)).toEqual(before)
    expect(before.length).toBe(8)
  })

  it("finds nothing for other words", async () => {
    const { control } = patient.stores
    const other = newWords(systemRandom)
    const found = []
    for await (const one of findVaults(world.context, control, other, [])) found.push(one)
    expect(found).toEqual([])
  })
})
