// oxlint-disable unicorn/no-thenable -- "then" is the word of the rules file; nobody awaits a rule
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { concat, equal, utf8 } from "../../../src/base/bytes.ts"
import type { MedlakeError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { getObject } from "../../../src/lake/control-object.ts"
import { announceAggregate, signAct } from "../../../src/lake/register-act.ts"
import { mosaicIdOf, parseAggregate, withCosignature } from "../../../src/ledger/index.ts"
import { openList, openPins, parseCatalogue } from "../../../src/record/catalogue.ts"
import { sealDeposit } from "../../../src/record/deposit.ts"
import { openQueryAnswer, sealQuery } from "../../../src/record/query.ts"
import {
  openIndex,
  openLocateWith,
  openRecordKey,
  parseRecordMessage,
} from "../../../src/record/record-message.ts"
import { writerMessageHash } from "../../../src/record/writer-message.ts"
import { DATA_MOSAIC } from "../../../src/vault/accounts.ts"
import { encodeAnnouncement } from "../../../src/vault/announcement.ts"
import { slotKey, slotOf } from "../../../src/vault/calendar.ts"
import { contextOf } from "../../../src/vault/context.ts"
import { deriveEpoch } from "../../../src/vault/epoch.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  namesIn,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../../support/world.ts"
import { cidOf, secretOf } from "../vault/samples.ts"
import { depositOf, draftOf, intakeKey, type Sealed, signDraft, vaultEpoch } from "./deposits.ts"

let world: World
let patient: Patient
let hospital: Hospital
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  hospital = await admitHospital(world, patient)
})
afterAll(() => world.close())
beforeEach(() => world.setRules({}))

const deposit = (name: string, changes = {}) =>
  depositOf(world, patient, hospital.identity, name, changes)
const draft = (...sealed: Sealed[]) => draftOf(world, patient, hospital.identity, ...sealed)
const sign = (unsigned: Uint8Array) => signDraft(world, hospital.identity, unsigned)
const register = () => patient.accounts.register

/** What a refusal must not leave behind. */
async function nothingAdopted(work: () => Promise<unknown>, manifests: readonly Uint8Array[]) {
  const before = await namesIn(world.stores.control)
  const error = (await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as MedlakeError | undefined
  const after = await namesIn(world.stores.control)
  expect(after).toEqual(before)
  await expect(world.tables.drafts.adopted(register(), manifests)).resolves.toEqual([])
  return error
}

async function existences(...names: [uid: string, digest: string][]) {
  const at = vaultEpoch(world, patient)
  const by = { writer: hospital.identity, random: systemRandom }
  const instances = names.map(([uid, digest]) => ({
    uid: `1.2.${uid}`,
    digest: secretOf(`digest ${digest}`),
  }))
  const query = await sealQuery(at, intakeKey(world), instances, by)
  const asked = { hash: writerMessageHash(query), count: instances.length }
  return await openQueryAnswer(at, asked, await world.agent.query(query), hospital.identity)
}

describe("a deposit", () => {
  it("becomes a draft of one transfer a record, which its writer can check and its owner can read", async () => {
    const [one, two] = [await deposit("one"), await deposit("two")]
    const { aggregate, openers } = await draft(one, two)
    const network = await world.ledger.network()
    const { instructions, signer, cosignatures } = parseAggregate(network, aggregate)
    const { id, vault } = patient.accounts
    expect(signer).toEqual(hospital.identity.key)
    expect(cosignatures).toEqual([])
    expect(instructions).toHaveLength(2)
    const held = world.vaults[0]?.epochs[0]
    const epoch = deriveEpoch(id, 1, held?.secret ?? new Uint8Array())
    for (const [i, sealed] of [one, two].entries()) {
      const instruction = instructions[i]
      if (instruction?.type !== "transfer") throw new Error("no transfer")
      expect(instruction.signer).toEqual(vault)
      expect(instruction.recipient).toEqual(id.register)
      expect(instruction.mosaics).toEqual([
        { id: mosaicIdOf(id.vault, DATA_MOSAIC.nonce), amount: 1n },
      ])
      const message = parseRecordMessage(instruction.message)
      if (!message) throw new Error("no record message")
      const opener = openers[i]?.opener ?? new Uint8Array()
      const located = openLocateWith(message, opener)
      expect(located.manifest.equals(sealed.deposit.manifest.cid)).toBe(true)
      const indexed = openIndex(id, message, epoch.index)
      const { slot } = slotOf(sealed.deposit.time)
      expect(indexed.slot).toBe(slot)
      const context = contextOf(id, 1)
      const readKey = slotKey(epoch.readRoot, slot, "read", context)
      expect(openRecordKey(id, message, indexed, readKey)).toEqual(sealed.deposit.recordKey)
      const object = await getObject(world.stores.control, located.catalogue)
      const catalogue = parseCatalogue(object, 1)
      expect(openPins(id, catalogue, epoch.locate).manifest.size).toBe(sealed.deposit.manifest.size)
      const list = openList(id, catalogue, slotKey(epoch.listRoot, slot, "list", context))
      expect(list.writer).toEqual(hospital.identity.key)
      expect(list.tags).toHaveLength(1)
    }
  })

  it("is anchored once its writer has signed, and known from then on", async () => {
    const sealed = await deposit("anchored")
    await expect(existences(["anchored", "anchored"])).resolves.toEqual(["new"])
    const { aggregate } = await draft(sealed)
    await expect(existences(["anchored", "anchored"])).resolves.toEqual(["new"])
    const signed = await sign(aggregate)
    await expect(world.agent.submit(signed.aggregate)).resolves.toEqual(signed.hash)
    await world.ledger.confirm(signed.hash, signed)
    await expect(
      existences(["anchored", "anchored"], ["anchored", "changed"], ["other", "other"]),
    ).resolves.toEqual(["exists", "other-version", "new"])
  })

  it("gets the same draft again, also after it was anchored, and the same hash", async () => {
    const sealed = await deposit("again")
    const first = await draft(sealed)
    const resealed = await deposit("again")
    expect(equal(resealed.message, sealed.message)).toBe(false)
    const objects = await namesIn(world.stores.control)
    expect(await draft(resealed)).toEqual(first)
    const signed = await sign(first.aggregate)
    await world.agent.submit(signed.aggregate)
    await world.ledger.confirm(signed.hash, signed)
    expect(await draft(sealed)).toEqual(first)
    await expect(world.agent.submit(signed.aggregate)).resolves.toEqual(signed.hash)
    expect(await namesIn(world.stores.control)).toEqual(objects)
  })

  it("gets one draft and one catalogue when it is sent ten times at once", async () => {
    const sealed = await deposit("parallel")
    const before = (await namesIn(world.stores.control)).length
    const drafts = await Promise.all(Array.from({ length: 10 }, () => draft(sealed)))
    const different = new Set(drafts.map(({ aggregate }) => Buffer.from(aggregate).toString("hex")))
    expect(different.size).toBe(1)
    expect(await namesIn(world.stores.control)).toHaveLength(before + 1)
  })

  it("gets a new draft after the deadline, with the same catalogue; the old one can't be submitted", async () => {
    const sealed = await deposit("late")
    const first = await draft(sealed)
    const signed = await sign(first.aggregate)
    const objects = await namesIn(world.stores.control)
    world.clock.offsetMs += 3 * 60 * 60_000
    await expect(world.agent.submit(signed.aggregate)).rejects.toMatchObject({
      code: "deadline_passed",
    })
    const second = await draft(await deposit("late"))
    expect(equal(second.aggregate, first.aggregate)).toBe(false)
    expect(await namesIn(world.stores.control)).toEqual(objects)
    await expect(world.agent.submit(signed.aggregate)).rejects.toMatchObject({
      code: "deadline_passed",
    })
    await expect(world.ledger.state(signed.hash)).resolves.toEqual({ group: "unknown" })
    const again = await sign(second.aggregate)
    await world.agent.submit(again.aggregate)
    await world.ledger.confirm(again.hash, again)
  })

  it("is not misled by a stranger who sends the register an announcement", async () => {
    const [held] = world.vaults
    if (!held) throw new Error("no vault")
    const stranger = partyOf(secretOf("announcing stranger"))
    await world.devnet.fund(stranger.address, 1_000_000_000n)
    const { newest } = (await patient.open()).state
    const next = { ...newest.announcement, epoch: 2, revision: 0, previous: newest.digest }
    const forged = await signAct(
      world.context,
      stranger,
      [
        {
          type: "transfer",
          signer: stranger.key,
          recipient: patient.accounts.id.register,
          mosaics: [],
          message: encodeAnnouncement(next),
        },
      ],
      0,
    )
    const { height } = await announceAggregate(world.context, forged)
    expect(height).toBeGreaterThan(1)
    await expect(draft(await deposit("after a forgery"))).resolves.toMatchObject({
      openers: [{ index: 0 }],
    })
  })

  it("supersedes the draft that it was in when it comes in other company", async () => {
    const [one, two] = [await deposit("alone"), await deposit("joining")]
    const alone = await sign((await draft(one)).aggregate)
    const both = await sign((await draft(one, two)).aggregate)
    await expect(world.agent.submit(alone.aggregate)).rejects.toMatchObject({
      code: "agent_refused",
      rule: "draft",
    })
    await expect(world.agent.submit(both.aggregate)).resolves.toEqual(both.hash)
    await world.ledger.confirm(both.hash, both)
    await expect(draft(one)).rejects.toMatchObject({ code: "already_exists" })
    await expect(world.ledger.state(alone.hash)).resolves.toEqual({ group: "unknown" })
  })

  it("keeps its draft over a restart of the agent", async () => {
    const sealed = await deposit("restart")
    const first = await draft(sealed)
    await world.restart()
    expect(await draft(sealed)).toEqual(first)
  })

  it.for(["submitted", "confirmed"] as const)(
    "is announced after a restart when the chain does not have what was %s",
    async (state) => {
      const sealed = await deposit(`lost ${state}`)
      const signed = await sign((await draft(sealed)).aggregate)
      const { signature } = parseAggregate(await world.ledger.network(), signed.aggregate)
      const [adopted] = await world.tables.drafts.adopted(register(), [sealed.manifest])
      const id = adopted?.draft.id ?? new Uint8Array()
      // What a crash right after the durable write leaves, or a roll-back: bound, not on the chain.
      await world.tables.drafts.submit(id, signature, signed.hash)
      await world.tables.drafts.setState(id, state)
      await expect(world.ledger.state(signed.hash)).resolves.toEqual({ group: "unknown" })
      await world.restart()
      const wait = { deadlineMs: Number.MAX_SAFE_INTEGER }
      expect((await world.ledger.confirm(signed.hash, wait)).height).toBeGreaterThan(1)
      await expect(existences([`lost ${state}`, `lost ${state}`])).resolves.toEqual(["exists"])
    },
  )
})

describe("a deposit that is refused", () => {
  const REFUSED: readonly [what: string, code: string, make: () => Promise<Sealed>][] = [
    [
      "of a stranger",
      "access_denied",
      () => depositOf(world, patient, partyOf(secretOf("stranger")), "stranger"),
    ],
    [
      "of the patient's own phone",
      "access_denied",
      () => depositOf(world, patient, patient.phone, "phone"),
    ],
    [
      "whose manifest is not stored",
      "not_found",
      () => deposit("r1", { manifest: { cid: cidOf("absent"), size: 1 } }),
    ],
    [
      "whose blob is not stored",
      "not_found",
      () => deposit("r2", { blobs: [{ cid: cidOf("absent"), size: 1 }] }),
    ],
    [
      "whose blob has another size",
      "integrity_failed",
      async () => {
        const {
          deposit: { blobs },
        } = await deposit("r3")
        return await deposit("r3", {
          blobs: blobs.map(({ cid, size }) => ({ cid, size: size + 1 })),
        })
      },
    ],
    [
      "whose manifest has another size",
      "integrity_failed",
      async () => {
        const {
          deposit: { manifest },
        } = await deposit("r4")
        return await deposit("r4", { manifest: { ...manifest, size: 1 } })
      },
    ],
    [
      "sealed to another key",
      "access_denied",
      async () => {
        const sealed = await deposit("r5")
        const by = { writer: hospital.identity, random: systemRandom }
        const message = await sealDeposit(
          vaultEpoch(world, patient),
          patient.phone.agreement,
          sealed.deposit,
          by,
        )
        return { ...sealed, message }
      },
    ],
    [
      "for an epoch to come",
      "stale_epoch",
      async () => {
        const sealed = await deposit("r6")
        const by = { writer: hospital.identity, random: systemRandom }
        const at = { ...vaultEpoch(world, patient), epoch: 2 }
        return { ...sealed, message: await sealDeposit(at, intakeKey(world), sealed.deposit, by) }
      },
    ],
    [
      "for another vault",
      "integrity_failed",
      async () => {
        const sealed = await deposit("r7")
        const by = { writer: hospital.identity, random: systemRandom }
        const at = vaultEpoch(world, patient)
        const elsewhere = { ...at, vault: { ...at.vault, vault: patient.phone.address } }
        return {
          ...sealed,
          message: await sealDeposit(elsewhere, intakeKey(world), sealed.deposit, by),
        }
      },
    ],
    [
      "with a changed byte",
      "integrity_failed",
      async () => {
        const sealed = await deposit("r8")
        const message = sealed.message.slice()
        const middle = message.length >> 1
        message[middle] = (message[middle] as number) ^ 1
        return { ...sealed, message }
      },
    ],
    [
      "that is no cbor",
      "invalid_input",
      async () => ({ ...(await deposit("r9")), message: utf8("x") }),
    ],
    [
      "with a byte behind it",
      "invalid_input",
      async () => {
        const sealed = await deposit("r10")
        return { ...sealed, message: concat(sealed.message, Uint8Array.of(0)) }
      },
    ],
  ]

  it.for(REFUSED)("%s leaves nothing: %s", async ([, code, make]) => {
    const sealed = await make()
    const error = await nothingAdopted(() => draft(sealed), [sealed.manifest])
    expect(error?.code).toBe(code)
  })

  it("takes the others of its request with it", async () => {
    const [good, bad] = [
      await deposit("good"),
      await deposit("bad", { blobs: [{ cid: cidOf("absent"), size: 1 }] }),
    ]
    const error = await nothingAdopted(() => draft(good, bad), [good.manifest, bad.manifest])
    expect(error?.code).toBe("not_found")
  })

  it("is one of none, one sent twice, and one of another writer than the first", async () => {
    const [one, again] = [await deposit("twice"), await deposit("twice")]
    const other = await depositOf(world, patient, partyOf(secretOf("other")), "another writer")
    expect((await nothingAdopted(() => draft(), []))?.code).toBe("invalid_input")
    expect((await nothingAdopted(() => draft(one, again), [one.manifest]))?.code).toBe(
      "invalid_input",
    )
    expect((await nothingAdopted(() => draft(one, other), [one.manifest]))?.code).toBe(
      "invalid_input",
    )
  })

  it.for<[rules: object, rule: string, outcome: string]>([
    [{ deposits: [{ name: "closed", then: "refuse" }] }, "closed", "refuse"],
    [{ deposits: [{ name: "in person", who: "Klinikum", then: "ask" }] }, "in person", "ask"],
    [{ deposits: [{ name: "small", maxBytes: 1, then: "adopt" }] }, "small", "refuse"],
    [{ dryRun: true }, "member", "adopt"],
  ])("is one that a rule turns down: %j", async ([rules, rule, outcome]) => {
    world.setRules(rules)
    const sealed = await deposit("ruled out")
    const error = await nothingAdopted(() => draft(sealed), [sealed.manifest])
    expect(error).toMatchObject({ code: "agent_refused", rule })
    const [logged] = await world.tables.decisions.newest(1)
    expect(logged).toMatchObject({ what: "deposit", rule, outcome, dryRun: "dryRun" in rules })
  })

  it("is one above the rate, counted within a request and over the hour", async () => {
    world.clock.offsetMs += 61 * 60_000
    world.setRules({ deposits: [{ name: "two", perHour: 2, then: "adopt" }] })
    const three = [await deposit("p1"), await deposit("p2"), await deposit("p3")] as const
    const error = await nothingAdopted(
      () => draft(...three),
      three.map(({ manifest }) => manifest),
    )
    expect(error).toMatchObject({ rule: "two" })
    await draft(three[0], three[1])
    expect(await nothingAdopted(() => draft(three[2]), [three[2].manifest])).toMatchObject({
      rule: "two",
    })
    world.clock.offsetMs += 61 * 60_000
    await draft(three[2])
  })

  it("is one whose manifest another member deposited", async () => {
    const mine = await deposit("mine")
    await draft(mine)
    const other = await admitHospital(world, patient, "Praxis")
    const theirs = await depositOf(world, patient, other.identity, "mine")
    await expect(draftOf(world, patient, other.identity, theirs)).rejects.toMatchObject({
      rule: "other-writer",
    })
    const [adopted] = await world.tables.drafts.adopted(register(), [mine.manifest])
    expect(adopted?.draft.writer).toEqual(hospital.identity.key)
  })
})

describe("a submission", () => {
  it("sent ten times at once is announced under one hash", async () => {
    const signed = await sign((await draft(await deposit("ten"))).aggregate)
    const hashes = await Promise.all(
      Array.from({ length: 10 }, () => world.agent.submit(signed.aggregate)),
    )
    expect(hashes).toHaveLength(10)
    expect(hashes.every((hash) => equal(hash, signed.hash))).toBe(true)
    await world.ledger.confirm(signed.hash, signed)
  })

  it("is refused unless it is the draft, byte for byte, signed by its writer alone", async () => {
    const { aggregate } = await draft(await deposit("exact"))
    const signed = await sign(aggregate)
    const network = await world.ledger.network()
    const dearer = aggregate.slice()
    dearer[112] = (dearer[112] as number) ^ 1
    const cosignature = {
      publicKey: patient.phone.key,
      signature: await patient.phone.sign(signed.hash),
    }
    const wrong: [what: string, bytes: Uint8Array, code: string][] = [
      ["unsigned", aggregate, "integrity_failed"],
      ["another fee", (await sign(dearer)).aggregate, "agent_refused"],
      ["cosigned by another", withCosignature(signed.aggregate, cosignature), "agent_refused"],
      ["cut", signed.aggregate.slice(0, -8), "invalid_input"],
    ]
    for (const [what, bytes, code] of wrong) {
      const error = await world.agent.submit(bytes).catch((thrown: unknown) => thrown)
      expect([what, error]).toMatchObject([what, { code }])
    }
    const found = (await world.tables.drafts.unsettled()).filter((row) =>
      equal(row.aggregate, aggregate),
    )
    expect(found).toEqual([])
    await expect(world.ledger.state(signed.hash)).resolves.toEqual({ group: "unknown" })
    expect(parseAggregate(network, aggregate).maxFee).toBeGreaterThan(0n)
  })
})

describe("a query", () => {
  it("of a stranger is refused", async () => {
    const by = { writer: partyOf(secretOf("stranger")), random: systemRandom }
    const query = await sealQuery(vaultEpoch(world, patient), intakeKey(world), [], by)
    await expect(world.agent.query(query)).rejects.toMatchObject({ code: "access_denied" })
  })

  it("of a member is no deposit, and the other way round", async () => {
    const by = { writer: hospital.identity, random: systemRandom }
    const query = await sealQuery(vaultEpoch(world, patient), intakeKey(world), [], by)
    const { message } = await deposit("kind")
    await expect(world.agent.deposit([query])).rejects.toMatchObject({ code: "invalid_input" })
    await expect(world.agent.query(message)).rejects.toMatchObject({ code: "invalid_input" })
  })
})
