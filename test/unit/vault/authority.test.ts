import { describe, expect, it } from "vitest"
import { InvalidInputError } from "../../../src/base/errors.ts"
import {
  type Authority,
  approves,
  approvingCoalitions,
  type LeafKey,
  leafKeys,
  type MultisigAccount,
  quorum,
  requireAuthority,
  standardShape,
} from "../../../src/vault/authority.ts"

const patient = (name: string): LeafKey => ({ name, owner: "patient" })
const institution = (name: string): LeafKey => ({ name, owner: "institution" })
const names = (count: number) => Array.from({ length: count }, (_, i) => `institution-${i}`)

const seat = (name: string) => quorum(name, 1, [institution("i1"), institution("i2")])

/** The error that refuses a shape, or `undefined`. */
function refusalOf(account: MultisigAccount): unknown {
  try {
    requireAuthority(account)
    return undefined
  } catch (error) {
    return error
  }
}

/** Every set of leaf keys. */
function* allCoalitions(account: Authority): Generator<Set<string>> {
  const keys = leafKeys(account).map((key) => key.name)
  for (let mask = 0; mask < 2 ** keys.length; mask++) {
    yield new Set(keys.filter((_, i) => (mask >> i) & 1))
  }
}

describe("standardShape", () => {
  it("lets any two patient keys, or phone or agent with any institution, move the vault, and nobody else", () => {
    const { vault } = standardShape(names(4))
    let seen = 0
    for (const coalition of allCoalitions(vault)) {
      const has = (name: string) => coalition.has(name)
      const ofPatient = ["phone", "agent", "words"].filter(has).length
      const anyInstitution = names(4).some(has)
      const expected = ofPatient >= 2 || ((has("phone") || has("agent")) && anyInstitution)
      expect({ coalition, moves: approves(vault, coalition) }).toEqual({
        coalition,
        moves: expected,
      })
      seen++
    }
    expect(seen).toBe(2 ** 7)
  })

  it("leaves the register to two of the patient's keys, whoever else helps", () => {
    const { register } = standardShape(names(3))
    expect(approvingCoalitions(register)).toEqual([
      ["agent", "phone"],
      ["agent", "words"],
      ["phone", "words"],
    ])
    expect(approves(register, new Set(["phone", ...names(3)]))).toBe(false)
  })

  it.each([0, 1, 2, 24])("is accepted with %i institutions", (count) => {
    const { vault, register, seats } = standardShape(names(count))
    expect(() => requireAuthority(vault)).not.toThrow()
    expect(() => requireAuthority(register)).not.toThrow()
    expect(leafKeys(seats)).toHaveLength(3 + count)
  })

  it("is refused with more institutions than one account takes", () => {
    expect(() => requireAuthority(standardShape(names(25)).vault)).toThrow(InvalidInputError)
  })
})

describe("approvingCoalitions", () => {
  it("names the smallest coalitions, and every other approving one contains one of them", () => {
    const { vault } = standardShape(names(3))
    const smallest = approvingCoalitions(vault)
    expect(smallest).toHaveLength(3 + 2 * 3)
    for (const coalition of allCoalitions(vault)) {
      const contains = smallest.some((one) => one.every((name) => coalition.has(name)))
      expect(approves(vault, coalition)).toBe(contains)
    }
  })
})

describe("requireAuthority", () => {
  it.each([2, 3, 10])("refuses a flat 2-of-n with %i institutions", (count) => {
    expect(
      refusalOf(
        quorum("vault", 2, [patient("p1"), patient("p2"), ...names(count).map(institution)]),
      ),
    ).toBeInstanceOf(InvalidInputError)
  })

  it("accepts a flat 2-of-n with one institution", () => {
    expect(() =>
      requireAuthority(quorum("vault", 2, [patient("p1"), patient("p2"), institution("i1")])),
    ).not.toThrow()
  })

  it("refuses a high quorum that a low removal minimum undermines", () => {
    const cosignatories = [patient("p1"), patient("p2"), patient("p3"), institution("i1")]
    expect(
      refusalOf({ name: "vault", minApproval: 3, minRemoval: 1, cosignatories }),
    ).toBeInstanceOf(InvalidInputError)
    expect(
      refusalOf({ name: "vault", minApproval: 1, minRemoval: 3, cosignatories }),
    ).toBeInstanceOf(InvalidInputError)
    expect(() =>
      requireAuthority({ name: "vault", minApproval: 3, minRemoval: 2, cosignatories }),
    ).not.toThrow()
  })

  it("refuses institutions that reach the quorum through two seats", () => {
    expect(
      refusalOf(quorum("vault", 2, [patient("p1"), patient("p2"), seat("seat-a"), seat("seat-b")])),
    ).toBeInstanceOf(InvalidInputError)
  })

  it("agrees with the enumeration of all coalitions on many shapes", () => {
    let accepted = 0
    let refused = 0
    for (let patients = 1; patients <= 3; patients++)
      for (let institutions = 0; institutions <= 3; institutions++)
        for (let m = 1; m <= patients + institutions; m++) {
          const account = quorum("vault", m, [
            ...Array.from({ length: patients }, (_, i) => patient(`p${i}`)),
            ...names(institutions).map(institution),
          ])
          const isOwned = [...allCoalitions(account)].some(
            (one) => approves(account, one) && ![...one].some((name) => name.startsWith("p")),
          )
          expect(refusalOf(account) instanceof InvalidInputError).toBe(isOwned)
          if (isOwned) refused++
          else accepted++
        }
    expect({ accepted, refused }).toEqual({ accepted: 24, refused: 18 })
  })

  it.each([
    ["no cosignatory", quorum("a", 1, [])],
    ["a quorum of nobody", quorum("a", 0, [patient("p")])],
    ["a quorum above the number of cosignatories", quorum("a", 2, [patient("p")])],
    ["half a quorum", quorum("a", 1.5, [patient("p"), patient("q")])],
    ["a cosignatory twice", quorum("a", 1, [patient("p"), patient("p")])],
    [
      "four levels",
      quorum("a", 1, [quorum("b", 1, [quorum("c", 1, [quorum("d", 1, [patient("p")])])])]),
    ],
  ])("refuses %s", (_name, account) => {
    expect(refusalOf(account)).toBeInstanceOf(InvalidInputError)
  })
})
