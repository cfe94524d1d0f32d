import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import type { MedlakeError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { verifyBytes } from "../../../src/crypto/ed25519.ts"
import type { PatientVault } from "../../../src/lake/patient-vault.ts"
import { enact, prepareAnnouncement, signAct } from "../../../src/lake/register-act.ts"
import type { Instruction } from "../../../src/ledger/index.ts"
import { aggregateHash } from "../../../src/ledger/index.ts"
import { sealHandOver } from "../../../src/vault/hand-over.ts"
import type { Members } from "../../../src/vault/members.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../../support/world.ts"
import { secretOf } from "../vault/samples.ts"
import { depositOf, draftOf, signDraft } from "./deposits.ts"

const HOUR_MS = 60 * 60_000

let world: World
let patient: Patient
let hospital: Hospital
let vault: PatientVault
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  hospital = await admitHospital(world, patient)
})
afterAll(() => world.close())
beforeEach(async () => {
  world.setRules({})
  vault = await patient.open()
})

/** An act of the phone: a revision with these members, and what else goes with it. */
async function actOf({
  members = {},
  more = [],
}: {
  members?: Partial<Members>
  more?: Instruction[]
} = {}) {
  const next = { file: vault.file, members: { ...vault.members, ...members } }
  const { control } = world.stores
  const { instructions } = await prepareAnnouncement(
    world.context,
    control,
    vault,
    vault.state,
    next,
  )
  return await signAct(world.context, patient.phone, [...more, ...instructions], 1)
}

const seatChange = (change: {
  additions?: Uint8Array[]
  deletions?: Uint8Array[]
}): Instruction => ({
  type: "multisig",
  signer: vault.seats,
  minApprovalDelta: 0,
  minRemovalDelta: 0,
  additions: [],
  deletions: [],
  ...change,
})

const cosign = async (aggregate: Uint8Array, pin?: string) =>
  world.agent.cosign({ aggregate, factor: await patient.factor(aggregate, pin) })

/** The refusal of an act, no decision to cosign having been logged. */
async function refusal(work: () => Promise<Uint8Array>): Promise<MedlakeError | undefined> {
  const before = await world.tables.decisions.newest(1000)
  const error = (await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as MedlakeError
  expect(await world.tables.decisions.newest(1000)).toEqual(before)
  return error
}

async function enactAct(aggregate: Uint8Array) {
  const { key } = vault.card.body.agent
  return await enact(world.context, aggregate, [{ key, cosign: () => cosign(aggregate) }])
}

describe("cosign", () => {
  it("signs the hash of an act that it understands, with the second factor", async () => {
    const aggregate = await actOf()
    const signature = await cosign(aggregate)
    const hash = aggregateHash(await world.ledger.network(), aggregate)
    expect(verifyBytes(vault.card.body.agent.key, hash, signature)).toBe(true)
    const [logged] = await world.tables.decisions.newest(1)
    expect(logged).toMatchObject({ what: "cosign", rule: "second-factor", outcome: "cosign" })
  })

  it("refuses an act that is not signed by the phone of one of its vaults", async () => {
    const next = { file: vault.file, members: vault.members }
    const { control } = world.stores
    const { instructions } = await prepareAnnouncement(
      world.context,
      control,
      vault,
      vault.state,
      next,
    )
    const aggregate = await signAct(world.context, hospital.identity, instructions, 1)
    expect(await refusal(() => cosign(aggregate))).toMatchObject({
      code: "agent_refused",
      rule: "signer",
    })
  })

  it("refuses an act with a signature that does not hold", async () => {
    const aggregate = await actOf()
    aggregate[8] = (aggregate[8] as number) ^ 1
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ code: "integrity_failed" })
  })

  it("refuses an act whose deadline has passed", async () => {
    const aggregate = await actOf()
    world.clock.offsetMs += 2 * HOUR_MS
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ code: "deadline_passed" })
  })

  it("refuses an act that another one overtook", async () => {
    const aggregate = await actOf()
    await enactAct(await actOf())
    expect(await refusal(() => cosign(aggregate))).toMatchObject({
      rule: "announcement-does-not-follow",
    })
  })

  it("refuses what it does not understand, whatever the factor", async () => {
    const payment: Instruction = {
      type: "transfer",
      signer: patient.phone.key,
      recipient: hospital.identity.address,
      mosaics: [],
      message: new Uint8Array(),
    }
    const aggregate = await actOf({ more: [payment] })
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ rule: "instruction" })
  })

  it("refuses members that do not fit the seats", async () => {
    const stranger = partyOf(secretOf("stranger"))
    const wrong: [what: string, act: Promise<Uint8Array>][] = [
      ["a seat without a card", actOf({ more: [seatChange({ additions: [stranger.address] })] })],
      [
        "a seat that is there",
        actOf({ more: [seatChange({ additions: [hospital.identity.address] })] }),
      ],
      [
        "a lost seat whose card stays",
        actOf({ more: [seatChange({ deletions: [hospital.identity.address] })] }),
      ],
      [
        "a lost seat that never was",
        actOf({ more: [seatChange({ deletions: [stranger.address] })] }),
      ],
      ["another agent", actOf({ members: { agent: stranger.key } })],
      ["other words", actOf({ members: { words: stranger.key } })],
    ]
    for (const [what, act] of wrong) {
      const aggregate = await act
      expect([what, await refusal(() => cosign(aggregate))]).toMatchObject([
        what,
        { rule: "members" },
      ])
    }
  })
})

describe("the second factor", () => {
  it("is locked for an hour by five wrong ones, over a restart, and wrong ones cosign nothing", async () => {
    const aggregate = await actOf()
    const codes: (string | undefined)[] = []
    for (let i = 0; i < 5; i++) codes.push((await refusal(() => cosign(aggregate, "0000")))?.code)
    expect(codes).toEqual([
      ...Array.from({ length: 4 }, () => "access_denied"),
      "too_many_requests",
    ])
    await world.restart()
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ code: "too_many_requests" })
    world.clock.offsetMs += HOUR_MS + 1000
    await expect(cosign(await actOf())).resolves.toHaveLength(64)
  })

  it("is tried five times when fifty wrong ones come at once", async () => {
    const aggregate = await actOf()
    const tried = await Promise.allSettled(
      Array.from({ length: 50 }, () => cosign(aggregate, "0000")),
    )
    const codes = tried.map((one) => one.status === "rejected" && (one.reason as MedlakeError).code)
    expect(codes.filter((code) => code === "access_denied")).toHaveLength(4)
    expect(codes.filter((code) => code === "too_many_requests")).toHaveLength(46)
    world.clock.offsetMs += HOUR_MS + 1000
    await expect(cosign(await actOf())).resolves.toHaveLength(64)
  })

  it("costs no try when it was sealed for another act", async () => {
    const aggregate = await actOf()
    const factor = await patient.factor(await actOf())
    for (let i = 0; i < 6; i++) {
      expect(await refusal(() => world.agent.cosign({ aggregate, factor }))).toMatchObject({
        code: "access_denied",
      })
    }
    await expect(cosign(aggregate)).resolves.toHaveLength(64)
  })

  it("has all five tries again once it was right", async () => {
    const aggregate = await actOf()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 4; i++) {
        expect((await refusal(() => cosign(aggregate, "0000")))?.code).toBe("access_denied")
      }
      await expect(cosign(aggregate)).resolves.toHaveLength(64)
    }
  })
})

describe("an act without the second factor", () => {
  it("is refused where no rule names a delay", async () => {
    const aggregate = await actOf()
    expect(await refusal(() => world.agent.cosign({ aggregate }))).toMatchObject({
      rule: "second-factor",
    })
  })

  it("is cosigned when the delay since its first sight has passed, also signed anew and over a restart", async () => {
    world.setRules({ registerActs: { delayMinutes: 90 } })
    const next = { file: vault.file, members: vault.members }
    const { control } = world.stores
    const { instructions } = await prepareAnnouncement(
      world.context,
      control,
      vault,
      vault.state,
      next,
    )
    const sign = () => signAct(world.context, patient.phone, instructions, 1)
    const first = await sign()
    expect(await refusal(() => world.agent.cosign({ aggregate: first }))).toMatchObject({
      code: "too_many_requests",
      retryAfterS: 5400,
    })
    world.clock.offsetMs += HOUR_MS
    await world.restart()
    const again = await sign()
    expect((await refusal(() => world.agent.cosign({ aggregate: again })))?.code).toBe(
      "too_many_requests",
    )
    const other = await actOf()
    world.clock.offsetMs += HOUR_MS / 2
    const last = await sign()
    await expect(world.agent.cosign({ aggregate: last })).resolves.toHaveLength(64)
    expect((await refusal(() => world.agent.cosign({ aggregate: other })))?.code).toBe(
      "too_many_requests",
    )
  })
})

describe("a new epoch", () => {
  it("is cosigned after its hand-over only; then old deposits and drafts are stale, and the old keys forgotten", async () => {
    const sealed = await depositOf(world, patient, hospital.identity, "before")
    const draft = await draftOf(world, patient, hospital.identity, sealed)
    const epoch = { epoch: 2, secret: systemRandom(32), intake: systemRandom(32) }
    const next = {
      file: { ...vault.file, epochs: [...vault.file.epochs, epoch] },
      members: vault.members,
    }
    const { control } = world.stores
    const { instructions } = await prepareAnnouncement(
      world.context,
      control,
      vault,
      vault.state,
      next,
    )
    const aggregate = await signAct(world.context, patient.phone, instructions, 1)
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ rule: "epoch-not-handed-over" })
    const handOver = async (secret: Uint8Array) => {
      const { network } = vault.id
      const content = {
        kind: "epoch",
        network,
        register: vault.register,
        ...epoch,
        secret,
      } as const
      await world.agent.handOver(
        await sealHandOver(content, vault.card.body.agent.agreement, patient.phone),
      )
    }
    await handOver(secretOf("another epoch"))
    expect(await refusal(() => cosign(aggregate))).toMatchObject({ rule: "other-commitment" })
    await handOver(epoch.secret)
    expect(world.vaults[0]?.epochs).toHaveLength(2)
    const { hash } = await enactAct(aggregate)
    await expect(world.agent.deposit([sealed.message])).rejects.toMatchObject({
      code: "stale_epoch",
    })
    const signed = await signDraft(world, hospital.identity, draft.aggregate)
    await expect(world.agent.submit(signed.aggregate)).rejects.toMatchObject({
      code: "stale_epoch",
    })
    await expect(world.ledger.state(signed.hash)).resolves.toEqual({ group: "unknown" })
    await world.ledger.finalize(hash)
    await world.restart()
    await vi.waitFor(() => expect(world.vaults[0]?.epochs.map((held) => held.epoch)).toEqual([2]))
    const after = await depositOf(world, patient, hospital.identity, "after")
    await expect(draftOf(world, patient, hospital.identity, after)).resolves.toMatchObject({
      openers: [{ index: 0 }],
    })
  })
})

describe("a lost seat", () => {
  it("takes the right to deposit and to submit with it", async () => {
    const sealed = await depositOf(world, patient, hospital.identity, "unseated")
    const draft = await draftOf(world, patient, hospital.identity, sealed)
    const more = [seatChange({ deletions: [hospital.identity.address] })]
    await enactAct(await actOf({ members: { cards: [] }, more }))
    await expect(world.agent.deposit([sealed.message])).rejects.toMatchObject({
      code: "access_denied",
    })
    const signed = await signDraft(world, hospital.identity, draft.aggregate)
    await expect(world.agent.submit(signed.aggregate)).rejects.toMatchObject({
      code: "access_denied",
    })
    await expect(world.ledger.state(signed.hash)).resolves.toEqual({ group: "unknown" })
  })
})
