import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { equal } from "../../../src/base/bytes.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import type { Identity } from "../../../src/lake/ports.ts"
import { type HandOver, type Pairing, sealHandOver } from "../../../src/vault/hand-over.ts"
import { createVault, type Patient, partyOf, startWorld, type World } from "../../support/world.ts"
import { pairing as sample, secretOf } from "../vault/samples.ts"

let world: World
let patient: Patient
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
})
afterAll(() => world.close())

/** A pairing of a vault that is not on chain. */
async function pairingOf(name: string, phone: Identity, changes: Partial<Pairing> = {}) {
  const { generationHash } = await world.ledger.network()
  return {
    ...sample,
    seed: secretOf(`agent ${name}`),
    register: partyOf(secretOf(`register ${name}`)).key,
    network: generationHash,
    phone: phone.key,
    ...changes,
  }
}

const send = async (content: HandOver, phone: Identity, agreement?: Uint8Array) => {
  const sealedTo = agreement ?? (await world.agent.pairingKey())
  await world.agent.handOver(await sealHandOver(content, sealedTo, phone))
}

const held = (register: Uint8Array) => world.vaults.find((one) => equal(one.register, register))

describe("pairing", () => {
  it("gives the agent a vault that survives a restart", async () => {
    expect(held(patient.accounts.register)?.category).toBe("imaging")
    await world.restart()
    const status = await (await fetch(`${world.url}/api/status`)).json()
    expect(status).toMatchObject({ v: 1, vaults: world.vaults.length })
  })

  it("may be repeated by its phone until the vault is on chain, and by nobody else", async () => {
    const [phone, stranger] = [partyOf(secretOf("phone a")), partyOf(secretOf("phone b"))]
    const first = await pairingOf("twice", phone)
    await send(first, phone)
    await send(first, phone)
    await send({ ...first, secret: secretOf("fresh") }, phone)
    expect(held(first.register)?.epochs[0]?.secret).toEqual(secretOf("fresh"))
    const theirs = { ...first, phone: stranger.key }
    await expect(send(theirs, stranger)).rejects.toMatchObject({ code: "already_exists" })
    expect(held(first.register)?.phone).toEqual(phone.key)
  })

  it("can't be replaced once the vault is on chain", async () => {
    const { register } = patient.accounts
    const before = held(register)
    const { phone } = patient
    const again = await pairingOf("chain", phone, { register, seed: before?.seed ?? secretOf("x") })
    await expect(send(again, phone)).rejects.toMatchObject({ code: "already_exists" })
    expect(held(register)).toBe(before)
  })

  it("is refused when it is for another network, another agent, or signed by another than it names", async () => {
    const [phone, stranger] = [partyOf(secretOf("phone c")), partyOf(secretOf("phone d"))]
    const content = await pairingOf("refused", phone)
    const foreign = { ...content, network: secretOf("foreign") }
    await expect(send(foreign, phone)).rejects.toMatchObject({ code: "foreign_network" })
    await expect(send(content, stranger)).rejects.toMatchObject({ code: "integrity_failed" })
    const other = xWingKeyPair(secretOf("other agent")).publicKey
    await expect(send(content, phone, other)).rejects.toMatchObject({ code: "access_denied" })
    const message = await sealHandOver(content, await world.agent.pairingKey(), phone)
    message[message.length - 1] = (message.at(-1) as number) ^ 1
    await expect(world.agent.handOver(message)).rejects.toMatchObject({ code: "integrity_failed" })
    await expect(world.agent.handOver(Uint8Array.of(1, 2))).rejects.toMatchObject({
      code: "invalid_input",
    })
    expect(held(content.register)).toBeUndefined()
  })

  it("is refused when the agent serves as many vaults as it can", async () => {
    const phone = partyOf(secretOf("phone e"))
    for (let i = world.vaults.length; i < 16; i++)
      await send(await pairingOf(`many ${i}`, phone), phone)
    const last = await pairingOf("one too many", phone)
    await expect(send(last, phone)).rejects.toMatchObject({ code: "agent_refused", rule: "vaults" })
    expect(held(last.register)).toBeUndefined()
    expect(world.vaults).toHaveLength(16)
  })
})

describe("the hand-over of an epoch", () => {
  const epochOf = (epoch: number, secret = systemRandom(32)) =>
    ({
      kind: "epoch",
      network: patient.accounts.id.network,
      register: patient.accounts.register,
      epoch,
      secret,
      intake: systemRandom(32),
    }) as const
  const agreement = () => patient.card.body.agent.agreement
  const epochs = () => held(patient.accounts.register)?.epochs.map(({ epoch }) => epoch)

  it("is refused when it is neither the next nor the newest, or not the one announced", async () => {
    const { phone } = patient
    await expect(send(epochOf(3), phone, agreement())).rejects.toMatchObject({
      code: "stale_epoch",
    })
    await expect(send(epochOf(1), phone, agreement())).rejects.toMatchObject({
      code: "integrity_failed",
    })
    expect(epochs()).toEqual([1])
  })

  it("is refused when another signed it, it is sealed to the pairing key, or names another vault", async () => {
    const { phone } = patient
    const stranger = partyOf(secretOf("stranger"))
    await expect(send(epochOf(2), stranger, agreement())).rejects.toMatchObject({
      code: "integrity_failed",
    })
    // Sealed to the pairing key nothing says whose phone may sign it.
    await expect(send(epochOf(2), phone)).rejects.toMatchObject({ code: "integrity_failed" })
    const elsewhere = { ...epochOf(2), register: secretOf("elsewhere") }
    await expect(send(elsewhere, phone, agreement())).rejects.toMatchObject({
      code: "integrity_failed",
    })
    expect(epochs()).toEqual([1])
  })

  it("is taken for the next epoch, the last one sent counting", async () => {
    await send(epochOf(2), patient.phone, agreement())
    await send(epochOf(2, secretOf("last")), patient.phone, agreement())
    expect(epochs()).toEqual([1, 2])
    expect(held(patient.accounts.register)?.epochs[1]?.secret).toEqual(secretOf("last"))
  })
})
