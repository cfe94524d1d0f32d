/**
 * Who can move the vault, and who the register: every coalition signs for real, and the chain decides. Each that must fail is followed
 * by one that must not, over the same instructions.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { equal } from "../../src/base/bytes.ts"
import { LedgerRefusedError } from "../../src/base/errors.ts"
import { systemRandom } from "../../src/base/random.ts"
import { addressOf } from "../../src/crypto/address.ts"
import { ensureFunds, XYM } from "../../src/lake/fund.ts"
import type { Identity } from "../../src/lake/ports.ts"
import { REGISTER_METADATA_KEY } from "../../src/lake/register.ts"
import { announceAggregate, prepareAnnouncement, signAct } from "../../src/lake/register-act.ts"
import {
  aggregateHash,
  type Instruction,
  type MultisigInstruction,
  metadataDelta,
  mosaicIdOf,
  withCosignature,
} from "../../src/ledger/index.ts"
import { accountSeed, DATA_MOSAIC, seedOfWords } from "../../src/vault/accounts.ts"
import {
  admitHospital,
  createVault,
  type Patient,
  partyOf,
  startWorld,
  type World,
} from "../support/world.ts"

let world: World
let patient: Patient
let phone: Identity
let agent: Identity
let words: Identity
let hospitals: readonly Identity[]
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  phone = patient.phone
  agent = partyOf(world.vaults[0]?.seed ?? new Uint8Array())
  const path = { mainnet: false, vaultIndex: 0, generation: 0, role: "words" } as const
  words = partyOf(accountSeed(seedOfWords(patient.words), path))
  const seated = []
  for (const name of ["A", "B", "C"]) seated.push(await admitHospital(world, patient, name))
  hospitals = seated.map(({ identity }) => identity)
  for (const one of [agent, words, ...hospitals])
    await ensureFunds(world.ledger, one.address, 10n * XYM)
})
afterAll(() => world.close())

/** Signs with all of them, the first one paying. */
async function announce(
  [payer, ...others]: readonly Identity[],
  instructions: readonly Instruction[],
) {
  const { context, ledger } = world
  let aggregate = await signAct(context, payer as Identity, instructions, others.length)
  const hash = aggregateHash(await ledger.network(), aggregate)
  for (const other of others) {
    const signature = await other.sign(hash)
    aggregate = withCosignature(aggregate, { publicKey: other.key, signature })
  }
  return await announceAggregate(context, aggregate)
}

/** What a refused act must leave as it was. */
async function chainState() {
  const { id, seats } = patient.accounts
  const { ledger } = world
  const mosaic = mosaicIdOf(id.vault, DATA_MOSAIC.nonce)
  const accounts = [id.register, id.vault, addressOf(seats, id.vault[0] as number)]
  return {
    units: (await ledger.proveBalance(id.register, mosaic)).value,
    multisigs: await Promise.all(accounts.map((one) => ledger.multisig(one))),
    newest: (await patient.open()).state.newest.digest,
  }
}

async function expectRefused(signers: readonly Identity[], instructions: readonly Instruction[]) {
  const before = await chainState()
  const failed = await announce(signers, instructions).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(LedgerRefusedError)
  expect((failed as LedgerRefusedError).status).toMatch(
    /^Failure_Aggregate_(Missing|Ineligible)_Cosign/,
  )
  expect(await chainState()).toEqual(before)
}

function record(): Instruction {
  const { id, vault } = patient.accounts
  const mosaics = [{ id: mosaicIdOf(id.vault, DATA_MOSAIC.nonce), amount: 1n }]
  const message = systemRandom(384)
  return { type: "transfer", signer: vault, recipient: id.register, mosaics, message }
}

/** A real next announcement: whoever may not sign it is refused for that alone. */
async function announcement(): Promise<readonly Instruction[]> {
  const vault = await patient.open()
  const { file, members, state } = vault
  const next = { file, members }
  const { context } = world
  const { instructions } = await prepareAnnouncement(
    context,
    patient.stores.control,
    vault,
    state,
    next,
  )
  return instructions
}

const change = (signer: Uint8Array, changes: Partial<MultisigInstruction>): Instruction => ({
  type: "multisig",
  signer,
  minApprovalDelta: 0,
  minRemovalDelta: 0,
  additions: [],
  deletions: [],
  ...changes,
})

describe("a record", () => {
  it("is moved by no institution, and not by all of them", async () => {
    await expectRefused(hospitals.slice(0, 1), [record()])
    await expectRefused(hospitals.slice(0, 2), [record()])
    await expectRefused(hospitals, [record()])
    await expectRefused(hospitals.toReversed(), [record()])
  })

  it("is not moved by phone, agent or words alone", async () => {
    for (const one of [phone, agent, words]) await expectRefused([one], [record()])
  })

  it("is moved by two keys of the patient, or by one and an institution", async () => {
    const before = (await chainState()).units
    const [hospital] = hospitals as [Identity]
    for (const pair of [
      [phone, agent],
      [agent, phone],
      [phone, hospital],
      [hospital, agent],
    ]) {
      await announce(pair, [record()])
    }
    expect((await chainState()).units).toBe(before + 4n)
  })
})

describe("the register", () => {
  it("is not moved by institutions with a stolen agent, phone or the words", async () => {
    const acts = await announcement()
    for (const one of [agent, phone, words]) await expectRefused([one, ...hospitals], acts)
    await expectRefused(hospitals, acts)
  })

  it("has its metadata set by nobody but two of the patient's keys", async () => {
    const { id, register } = patient.accounts
    const digest = (await patient.open()).state.newest.digest
    const act: Instruction = {
      type: "account-metadata",
      signer: register,
      target: id.register,
      key: REGISTER_METADATA_KEY,
      ...metadataDelta(digest, systemRandom(32)),
    }
    await expectRefused([agent, ...hospitals], [act])
    await expectRefused(hospitals, [act])
  })

  it("announces with any two of the patient's keys", async () => {
    for (const pair of [
      [phone, agent],
      [words, phone],
      [agent, words],
    ]) {
      const { newest } = (await patient.open()).state
      await announce(pair, await announcement())
      const after = (await patient.open()).state.newest
      expect(after.announcement.revision).toBe(newest.announcement.revision + 1)
    }
  })
})

describe("authority", () => {
  it("is changed by no institution: no key in or out of vault and register, no quorum lowered", async () => {
    const { vault, register } = patient.accounts
    const stranger = partyOf(systemRandom(32))
    const grabs: Instruction[] = [
      change(vault, { minApprovalDelta: -1, minRemovalDelta: -1 }),
      change(vault, { deletions: [agent.address] }),
      change(register, { minApprovalDelta: -1, minRemovalDelta: -1 }),
      change(register, { deletions: [words.address] }),
    ]
    for (const grab of grabs) await expectRefused(hospitals, [grab])
    for (const account of [vault, register]) {
      const joining = change(account, { additions: [stranger.address] })
      await expectRefused([...hospitals, stranger], [joining])
    }
  })

  it("is not won by an institution that seizes the seats, and phone and agent give the vault fresh ones", async () => {
    const { id, vault, seats } = patient.accounts
    const [first, second, third] = hospitals as [Identity, Identity, Identity]
    const isSeated = async (account: Uint8Array, one: Uint8Array) =>
      (await world.ledger.multisig(account))?.cosignatories.some((held) => equal(held, one))
    const seatsAddress = addressOf(seats, id.vault[0] as number)
    // One vote is enough inside the seats: the design lets institutions quarrel there, and nowhere else.
    for (const gone of [id.register, second.address, third.address]) {
      await announce([first], [change(seats, { deletions: [gone] })])
    }
    expect(await isSeated(seatsAddress, id.register)).toBe(false)
    await expectRefused([first], [record()])
    await announce([phone, agent], [record()])
    const fresh = partyOf(systemRandom(32))
    await announce(
      [phone, agent, fresh],
      [change(vault, { deletions: [seatsAddress] }), change(vault, { additions: [fresh.address] })],
    )
    expect(await isSeated(id.vault, fresh.address)).toBe(true)
    await expectRefused([phone, first], [record()])
    await announce([phone, fresh], [record()])
  })
})
