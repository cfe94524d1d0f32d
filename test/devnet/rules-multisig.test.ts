import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Party } from "./parties.ts"
import { base32, Stage } from "./stage.ts"
import { multisigOf, type Part, transferOf } from "./wire.ts"

let stage: Stage
let payer: Party
beforeAll(() => {
  stage = new Stage()
  ;[payer] = stage.rich(1) as [Party]
})
afterAll(() => stage.close())

/** A modification with a sponsor, signed by all who are named; the sponsor pays. */
function modify(
  account: Party,
  signers: readonly Party[],
  ...content: Parameters<typeof multisigOf>
): Buffer {
  const part = { signer: account, ...multisigOf(...content) }
  return stage.aggregate([payer, ...signers], [part, sponsor()])
}

function sponsor(): Part {
  return { signer: payer, ...transferOf(payer.address) }
}

/** A multisig account of `size` cosignatories; minimums of 1. */
function made(size: number): { readonly account: Party; readonly cosignatories: Party[] } {
  const [account, ...cosignatories] = stage.draw(size + 1) as [Party, ...Party[]]
  stage.confirm(modify(account, [account, ...cosignatories], 1, 1, cosignatories))
  return { account, cosignatories }
}

/** An account's entry, or undefined. */
function entry({ address }: Party): unknown {
  const { status, body } = stage.request("GET", `/account/${base32(address)}/multisig`)
  return status === 404 ? undefined : (body as { multisig: unknown }).multisig
}

function hexes(parties: readonly Party[]): string[] {
  return parties.map(({ address }) => Buffer.from(address).toString("hex").toUpperCase()).toSorted()
}

describe("a multisig modification", () => {
  it("makes an account multisig, with entries on both sides", () => {
    const { account, cosignatories } = made(3)
    expect(entry(account)).toMatchObject({
      minApproval: 1,
      minRemoval: 1,
      cosignatoryAddresses: hexes(cosignatories),
      multisigAddresses: [],
    })
    for (const one of cosignatories) {
      expect(entry(one)).toMatchObject({
        minApproval: 0,
        minRemoval: 0,
        cosignatoryAddresses: [],
        multisigAddresses: hexes([account]),
      })
    }
  })

  it("makes the account a plain one again when the last goes, and forgets both entries", () => {
    const { account, cosignatories } = made(1)
    stage.confirm(modify(account, cosignatories, -1, -1, [], cosignatories))
    expect([account, ...cosignatories].map(entry)).toEqual([undefined, undefined])
    stage.confirm(
      stage.aggregate(
        [payer, account],
        [sponsor(), { signer: account, ...transferOf(payer.address) }],
      ),
    )
  })

  it("removes one who does not agree", () => {
    const { account, cosignatories } = made(3)
    const [first, , third] = cosignatories as [Party, Party, Party]
    stage.confirm(modify(account, [first], 0, 0, [], [third]))
    expect(entry(account)).toMatchObject({ cosignatoryAddresses: hexes(cosignatories.slice(0, 2)) })
    expect(entry(third)).toBeUndefined()
  })

  const refusals: [string, string, () => Buffer][] = [
    [
      "two deletions",
      "Multisig_Multiple_Deletes",
      () => onMade(3, (a, c) => modify(a, c, 0, 0, [], c.slice(0, 2))),
    ],
    [
      "the same addition twice",
      "Multisig_Redundant_Modification",
      () => onFresh((a, b) => modify(a, [a, b], 1, 1, [b, b])),
    ],
    [
      "one account added and deleted",
      "Multisig_Account_In_Both_Sets",
      () => onMade(2, (a, c) => modify(a, c, 0, 0, [c[0] as Party], [c[0] as Party])),
    ],
    ["itself as a cosignatory", "Multisig_Loop", () => onFresh((a) => modify(a, [a], 1, 1, [a]))],
    [
      "a cosignatory twice",
      "Multisig_Already_A_Cosignatory",
      () => onMade(2, (a, c) => modify(a, c, 0, 0, [c[0] as Party])),
    ],
    [
      "the deletion of a stranger",
      "Multisig_Not_A_Cosignatory",
      () => onMade(2, (a, c) => modify(a, c, 0, 0, [], [payer])),
    ],
    [
      "a deletion from a plain account",
      "Multisig_Unknown_Multisig_Account",
      () => onFresh((a, b) => modify(a, [a], 0, 0, [], [b])),
    ],
    [
      "minimums of zero",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onFresh((a, b) => modify(a, [a, b], 0, 0, [b])),
    ],
    [
      "an approval minimum of zero",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onFresh((a, b) => modify(a, [a, b], 1, 0, [b])),
    ],
    [
      "a removal minimum of zero",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onFresh((a, b) => modify(a, [a, b], 0, 1, [b])),
    ],
    [
      "a negative minimum",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onMade(2, (a, c) => modify(a, c, 0, -2)),
    ],
    [
      "an approval minimum over the number",
      "Multisig_Min_Setting_Larger_Than_Num_Cosignatories",
      () => onFresh((a, b) => modify(a, [a, b], 1, 2, [b])),
    ],
    [
      "a removal minimum over the number",
      "Multisig_Min_Setting_Larger_Than_Num_Cosignatories",
      () => onFresh((a, b) => modify(a, [a, b], 2, 1, [b])),
    ],
    [
      "minimums left over the number by a deletion",
      "Multisig_Min_Setting_Larger_Than_Num_Cosignatories",
      () => raised(),
    ],
    [
      "minimums left when the last goes",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onMade(1, (a, c) => modify(a, c, 0, 0, [], c)),
    ],
    [
      "minimums under zero when the last goes",
      "Multisig_Min_Setting_Out_Of_Range",
      () => onMade(1, (a, c) => modify(a, c, -2, -1, [], c)),
    ],
    [
      "an address that is none",
      "Core_Invalid_Address",
      () => onFresh((a, b) => modify(a, [a], 1, 1, [{ ...b, address: b.address.toReversed() }])),
    ],
    [
      "an addition that has not agreed",
      "Aggregate_Missing_Cosignatures",
      () => onFresh((a, b) => modify(a, [a], 1, 1, [b])),
    ],
    [
      "an addition of a group that has not agreed",
      "Aggregate_Missing_Cosignatures",
      () => onMade(2, (g) => onFresh((a) => modify(a, [a], 1, 1, [g]))),
    ],
  ]
  it.each(refusals)("is refused with %s: %s", (_, code, make) => stage.refuse(make(), code))

  it("adds up to 25 cosignatories and no more", () => {
    const { account, cosignatories } = made(23)
    const [a, b, c] = stage.draw(3) as [Party, Party, Party]
    const first = cosignatories[0] as Party
    stage.confirm(modify(account, [first, a, b], 0, 0, [a, b]))
    stage.refuse(modify(account, [first, c], 0, 0, [c]), "Multisig_Max_Cosignatories")
    expect(entry(account)).toMatchObject({ cosignatoryAddresses: hexes([...cosignatories, a, b]) })
    // An exchange keeps the number.
    stage.confirm(modify(account, [first, c], 0, 0, [c], [b]))
    expect(entry(account)).toMatchObject({ cosignatoryAddresses: hexes([...cosignatories, a, c]) })
  })

  it("lets one key sit in 25 accounts and no more", () => {
    const [key, ...accounts] = stage.draw(27) as [Party, ...Party[]]
    for (let from = 0; from < 25; from += 5) {
      const some = accounts.slice(from, from + 5)
      const parts = some.map((one) => ({ signer: one, ...multisigOf(1, 1, [key]) }))
      stage.confirm(stage.aggregate([payer, key, ...some], [sponsor(), ...parts]))
    }
    const last = accounts[25] as Party
    stage.refuse(modify(last, [last, key], 1, 1, [key]), "Multisig_Max_Cosigned_Accounts")
    expect(entry(last)).toBeUndefined()
    expect(entry(key)).toMatchObject({ multisigAddresses: hexes(accounts.slice(0, 25)) })
  })

  function onMade(size: number, make: (account: Party, cosignatories: Party[]) => Buffer): Buffer {
    const { account, cosignatories } = made(size)
    return make(account, cosignatories)
  }
  function onFresh(make: (account: Party, other: Party) => Buffer): Buffer {
    const [account, other] = stage.draw(2) as [Party, Party]
    return make(account, other)
  }
  function raised(): Buffer {
    const { account, cosignatories } = made(2)
    stage.confirm(modify(account, cosignatories, 1, 1))
    return modify(account, cosignatories, 0, 0, [], cosignatories.slice(0, 1))
  }
})

describe("nested multisig accounts", () => {
  it("go three levels deep and no deeper, from below and from above", () => {
    const [top, second, third, leaf, root, low] = stage.draw(6) as [
      Party,
      Party,
      Party,
      Party,
      Party,
      Party,
    ]
    stage.confirm(modify(third, [third, leaf], 1, 1, [leaf]))
    stage.confirm(modify(second, [second, leaf], 1, 1, [third]))
    stage.confirm(modify(top, [top, leaf], 1, 1, [second]))
    stage.refuse(modify(root, [root, leaf], 1, 1, [top]), "Multisig_Max_Multisig_Depth")
    stage.refuse(modify(leaf, [leaf, low], 1, 1, [low]), "Multisig_Max_Multisig_Depth")
    expect([root, low].map(entry)).toEqual([undefined, undefined])
    const { data } = { data: stage.get(`/account/${base32(second.address)}/multisig/graph`) }
    expect((data as { level: number }[]).map(({ level }) => level)).toEqual([-1, 0, 1, 2])
  })

  it("make no loop of two or three", () => {
    const [a, b, c] = stage.draw(3) as [Party, Party, Party]
    stage.confirm(modify(a, [a, b], 1, 1, [b]))
    stage.refuse(modify(b, [b], 1, 1, [a]), "Multisig_Loop")
    stage.confirm(modify(b, [b, c], 1, 1, [c]))
    stage.refuse(modify(c, [c], 1, 1, [a]), "Multisig_Loop")
    expect(entry(c)).toMatchObject({ cosignatoryAddresses: [] })
  })

  it("let the leaves sign, and nobody in between", () => {
    const [top, group, leaf] = stage.draw(3) as [Party, Party, Party]
    stage.confirm(modify(group, [group, leaf], 1, 1, [leaf]))
    stage.confirm(modify(top, [top, leaf], 1, 1, [group]))
    const part = { signer: top, ...transferOf(payer.address) }
    stage.refuse(
      stage.aggregate([payer, group], [sponsor(), part]),
      "Aggregate_Ineligible_Cosignatories",
    )
    stage.confirm(stage.aggregate([payer, leaf], [sponsor(), part]))
  })
})
