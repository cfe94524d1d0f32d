/**
 * Acts and drafts that are right but for one bit, signed anew each time: what the agent cosigns, it understood to the last byte.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { MedlakeError } from "../../../src/base/errors.ts"
import { offerSeat } from "../../../src/lake/admit.ts"
import { prepareAnnouncement, signAct } from "../../../src/lake/register-act.ts"
import { type Instruction, parseAggregate } from "../../../src/ledger/index.ts"
import { parseAnnouncement } from "../../../src/vault/announcement.ts"
import { parseOffer } from "../../../src/vault/offer.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  newMember,
  type Patient,
  startWorld,
  type World,
} from "../../support/world.ts"
import { depositOf, draftOf, signDraft } from "./deposits.ts"

let world: World
let patient: Patient
let hospital: Hospital
beforeAll(async () => {
  world = await startWorld()
  patient = await createVault(world)
  hospital = await admitHospital(world, patient)
})
afterAll(() => world.close())

/** Where a mutant differs, and the mutant. */
type Mutant<T> = readonly [path: string, value: T]

/** Every way to change one bit of bytes, one unit of a number, or the length of a list, once a place. */
function* mutantsOf(value: unknown, path: string): Generator<Mutant<unknown>> {
  if (value instanceof Uint8Array) {
    for (let i = 0; i < value.length; i++) {
      const changed = value.slice()
      changed[i] = (value[i] as number) ^ (1 << (i % 8))
      yield [`${path}[${i}]`, changed]
    }
  } else if (typeof value === "number") {
    yield [`${path}+`, value + 1]
    yield [`${path}-`, value - 1]
  } else if (typeof value === "bigint") {
    yield [path, value + 1n]
  } else if (Array.isArray(value)) {
    if (value.length > 0) yield [`${path}.more`, [...value, ...value.slice(0, 1)]]
    for (const [i, one] of value.entries()) {
      yield [`${path}.${i}.gone`, value.toSpliced(i, 1)]
      for (const [at, changed] of mutantsOf(one, `${path}.${i}`)) yield [at, value.with(i, changed)]
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [field, one] of Object.entries(value)) {
      for (const [at, changed] of mutantsOf(one, `${path}.${field}`)) {
        yield [at, { ...value, [field]: changed }]
      }
    }
  }
}

/** What became of an act: cosigned, a typed refusal, or one that can't even be written down. */
async function cosigned(instructions: readonly Instruction[]): Promise<string> {
  let aggregate: Uint8Array
  try {
    aggregate = await signAct(world.context, patient.phone, instructions, 1)
  } catch {
    return "unwritable"
  }
  const factor = await patient.factor(aggregate)
  return await world.agent.cosign({ aggregate, factor }).then(
    () => "cosigned",
    (error: unknown) => {
      if (!(error instanceof MedlakeError)) throw error
      return error.code
    },
  )
}

/** Places of the signature in an aggregate: after size and reserved bytes. */
const SIGNATURE = Array.from({ length: 64 }, (_, i) => `draft[${8 + i}]`)

/** Refusals that say "not this": anything else (a defect, a node away) would be no answer. */
const REFUSALS = [
  "agent_refused",
  "invalid_input",
  "not_found",
  "integrity_failed",
  "unsupported",
  "foreign_network",
]

describe("a register act", () => {
  it("is cosigned as it should be, and with one bit of it changed not at all", {
    timeout: 120_000,
  }, async () => {
    const vault = await patient.open()
    const { control } = patient.stores
    const newcomer = await newMember(world, patient, "Newcomer")
    const { offer } = await offerSeat(world.context, control, patient.phone, vault, newcomer.card)
    const network = await world.ledger.network()
    const { instructions } = parseAggregate(network, parseOffer(offer).aggregate)
    expect(instructions.map(({ type }) => type)).toEqual([
      "multisig",
      "transfer",
      "account-metadata",
    ])
    const [, announcing] = instructions
    const message = announcing?.type === "transfer" ? announcing.message : new Uint8Array()
    // The name of the vault file is hers alone to choose: the agent can't open it, and rests nothing on it.
    const vaultFile = Buffer.from(message).indexOf(parseAnnouncement(message).vaultFile.bytes)
    const isHers = (path: string) => {
      const [, place] = /^act\.1\.message\[(\d+)\]$/.exec(path) ?? []
      return Number(place ?? -1) >= vaultFile + 4 && Number(place) < vaultFile + 36
    }
    const answers = new Map<string, number>()
    const wrong: string[] = []
    for (const [path, mutant] of mutantsOf(instructions, "act")) {
      if (isHers(path)) continue
      const answer = await cosigned(mutant as readonly Instruction[])
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
      if (![...REFUSALS, "unwritable"].includes(answer)) wrong.push(`${path}: ${answer}`)
    }
    expect(wrong).toEqual([])
    expect(answers.get("agent_refused") ?? 0).toBeGreaterThan(200)
    expect(await cosigned(instructions)).toBe("cosigned")
  })

  it("that is only an announcement is cosigned alone, and not with a stranger's instruction beside it", async () => {
    const vault = await patient.open()
    const { control } = patient.stores
    const next = { file: vault.file, members: vault.members }
    const { instructions } = await prepareAnnouncement(
      world.context,
      control,
      vault,
      vault.state,
      next,
    )
    const { phone } = patient
    const beside: Instruction = {
      type: "transfer",
      signer: phone.key,
      recipient: hospital.identity.address,
      mosaics: [],
      message: new Uint8Array(),
    }
    expect(await cosigned([...instructions, beside])).toBe("agent_refused")
    expect(await cosigned(instructions)).toBe("cosigned")
  })
})

describe("a draft", () => {
  it("is announced as it was drawn up, and with one bit of it changed not at all", {
    timeout: 120_000,
  }, async () => {
    const { identity } = hospital
    const sealed = await depositOf(world, patient, identity, "to be changed")
    const { aggregate } = await draftOf(world, patient, identity, sealed)
    const before = (await world.ledger.chain()).height
    const wrong: string[] = []
    let tried = 0
    for (const [path, mutant] of mutantsOf(aggregate, "draft")) {
      // The place of the signature is filled when it is signed.
      if (SIGNATURE.includes(path)) continue
      const signed = await signDraft(world, identity, mutant as Uint8Array).catch(() => undefined)
      if (!signed) continue
      tried += 1
      const answer = await world.agent.submit(signed.aggregate).then(
        () => "announced",
        (error: unknown) => (error instanceof MedlakeError ? error.code : String(error)),
      )
      if (!REFUSALS.includes(answer)) wrong.push(`${path}: ${answer}`)
    }
    expect(wrong).toEqual([])
    expect(tried).toBeGreaterThan(400)
    expect((await world.ledger.chain()).height).toBe(before)
    const exact = await signDraft(world, identity, aggregate)
    expect(await world.agent.submit(exact.aggregate)).toEqual(exact.hash)
  })
})
