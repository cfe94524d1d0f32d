import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Party } from "./parties.ts"
import { Stage, XYM } from "./stage.ts"
import { metadataOf, multisigOf, type Part, transferOf } from "./wire.ts"

let stage: Stage
let alice: Party
let bob: Party
let carol: Party
beforeAll(() => {
  stage = new Stage()
  ;[alice, bob, carol] = stage.rich(3) as [Party, Party, Party]
})
afterAll(() => stage.close())

/** A transfer of `amount` from one to another, embedded. */
function pay(from: Party, to: Party, amount = 0n): Part {
  const mosaics = amount === 0n ? [] : [{ id: stage.currency, amount }]
  return { signer: from, ...transferOf(to.address, mosaics) }
}

describe("an aggregate", () => {
  it("moves all of its parts in one block", () => {
    const before = [alice, bob, carol].map((one) => stage.balance(one))
    const parts = [pay(alice, bob, XYM), pay(bob, carol, 2n * XYM), pay(carol, alice, 4n * XYM)]
    const bytes = stage.aggregate([alice, bob, carol], parts)
    stage.confirm(bytes)
    const fee = BigInt(bytes.length) * 100n
    const changes = [3n * XYM - fee, -XYM, -2n * XYM]
    const after = [alice, bob, carol].map((one) => stage.balance(one))
    expect(after).toEqual(before.map((amount, i) => amount + (changes[i] ?? 0n)))
  })

  it("may hold 100 parts", () => {
    const parts = Array.from({ length: 100 }, () => pay(alice, bob))
    stage.confirm(stage.aggregate([alice], parts))
  })

  it("may have 25 signers", () => {
    const cosigners = stage.draw(24)
    const signers = [alice, ...cosigners]
    stage.confirm(
      stage.aggregate(
        signers,
        signers.map((one) => pay(one, bob)),
      ),
    )
  })

  it("takes cosignatures in any order", () => {
    const parts = [pay(alice, bob), pay(bob, carol), pay(carol, alice)]
    stage.confirm(stage.aggregate([alice, carol, bob], parts))
  })

  it("pays its fee for the cosignatures too", () => {
    const before = stage.balance(alice)
    const bytes = stage.aggregate([alice, bob], [pay(alice, bob), pay(bob, alice)])
    stage.confirm(bytes)
    expect(stage.balance(alice)).toBe(before - BigInt(bytes.length) * 100n)
    expect(bytes.length).toBe(168 + 2 * 80 + 104)
  })

  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at] = (bytes[at] as number) ^ 1
  }
  const two = () => [pay(alice, bob, XYM), pay(bob, alice)]
  const faults: [string, string, () => Buffer][] = [
    ["no part", "Aggregate_No_Transactions", () => stage.aggregate([alice], [])],
    [
      "101 parts",
      "Aggregate_Too_Many_Transactions",
      () =>
        stage.aggregate(
          [alice],
          Array.from({ length: 101 }, () => pay(alice, bob)),
        ),
    ],
    ["26 signers", "Aggregate_Too_Many_Cosignatures", () => crowd()],
    [
      "the same cosignature twice",
      "Aggregate_Redundant_Cosignatures",
      () => stage.aggregate([alice, bob, bob], two()),
    ],
    [
      "its signer's cosignature",
      "Aggregate_Redundant_Cosignatures",
      () => stage.aggregate([alice, alice, bob], two()),
    ],
    [
      "another transactions hash",
      "Aggregate_Transactions_Hash_Mismatch",
      () => stage.aggregate([alice, bob], two(), { edit: flip(128) }),
    ],
    [
      "another amount under the same transactions hash",
      "Aggregate_Transactions_Hash_Mismatch",
      () => stage.aggregate([alice, bob], two(), { edit: flip(168 + 48 + 32 + 8) }),
    ],
    ["its parts in another order", "Aggregate_Transactions_Hash_Mismatch", () => swapped()],
    [
      "a cosignature with one bit changed",
      "Consumer_Batch_Signature_Not_Verifiable",
      () => stage.aggregate([alice, bob], two(), { editCosignatures: flip(40) }),
    ],
    [
      "the cosignature of another aggregate",
      "Consumer_Batch_Signature_Not_Verifiable",
      () => borrowed(),
    ],
    [
      "a cosignature under another key",
      "Consumer_Batch_Signature_Not_Verifiable",
      () => stage.aggregate([alice, { ...bob, seed: carol.seed }], two()),
    ],
    [
      "a cosigner who takes no part",
      "Aggregate_Ineligible_Cosignatories",
      () => stage.aggregate([alice, bob, carol], two()),
    ],
    [
      "a signer who takes no part",
      "Aggregate_Ineligible_Cosignatories",
      () => stage.aggregate([carol, alice, bob], two()),
    ],
    [
      "a recipient who cosigns without a part",
      "Aggregate_Ineligible_Cosignatories",
      () => stage.aggregate([alice, bob], [pay(alice, bob)]),
    ],
    [
      "a part whose signer has not signed",
      "Aggregate_Missing_Cosignatures",
      () => stage.aggregate([alice], two()),
    ],
    [
      "a part of the payer without cosignature",
      "Aggregate_Missing_Cosignatures",
      () => stage.aggregate([alice], [pay(alice, bob), pay(bob, alice, XYM)]),
    ],
    [
      "a last part that can't be paid",
      "Core_Insufficient_Balance",
      () => stage.aggregate([alice, bob], [...two(), pay(bob, carol, 10n ** 15n)]),
    ],
    [
      "a message that is too long in its last part",
      "Transfer_Message_Too_Large",
      () =>
        stage.aggregate(
          [alice],
          [
            pay(alice, bob, XYM),
            { signer: alice, ...transferOf(bob.address, [], Buffer.alloc(1025)) },
          ],
        ),
    ],
    ["a fee that its signer can't pay", "Core_Insufficient_Balance", () => penniless()],
  ]
  it.each(faults)("is refused with %s: %s", (_, code, make) => {
    const bytes = make()
    const before = [alice, bob, carol].map((one) => stage.balance(one))
    stage.refuse(bytes, code)
    expect([alice, bob, carol].map((one) => stage.balance(one))).toEqual(before)
  })

  it("that is refused leaves nothing of its first parts for whoever comes next in the block", () => {
    const [poor] = stage.draw(1) as [Party]
    const gift = [pay(alice, poor, XYM), pay(alice, bob, 10n ** 15n)]
    const hash = stage.announce(stage.aggregate([alice], gift))
    expect(stage.status(hash)).toMatchObject({ code: "Failure_Core_Insufficient_Balance" })
    const spend = stage.announce(stage.single(poor, transferOf(bob.address)))
    expect(stage.status(spend)).toMatchObject({ code: "Failure_Core_Insufficient_Balance" })
    stage.mine()
    expect(stage.balance(poor)).toBe(0n)
  })

  function crowd(): Buffer {
    const signers = [alice, ...stage.draw(25)]
    return stage.aggregate(
      signers,
      signers.map((one) => pay(one, bob)),
    )
  }
  /** Signed over parts that were swapped afterwards, as a node could. */
  function swapped(): Buffer {
    const edit = (bytes: Buffer) => {
      const [first, second] = [bytes.subarray(168, 248), bytes.subarray(248, 328)]
      const kept = Buffer.from(first)
      second.copy(first)
      kept.copy(second)
    }
    const parts = [pay(alice, bob), pay(alice, carol)]
    return stage.aggregate([alice], parts, { edit })
  }
  function borrowed(): Buffer {
    const other = stage.aggregate([alice, bob], two())
    return stage.aggregate([alice, bob], two(), {
      editCosignatures: (bytes) => other.copy(bytes, 0, other.length - 104),
    })
  }
  function penniless(): Buffer {
    const [poor] = stage.draw(1) as [Party]
    return stage.aggregate([poor, alice], [pay(poor, bob), pay(alice, bob, XYM)])
  }
})

describe("approval by a multisig account", () => {
  let account: Party
  let keys: [Party, Party, Party]
  let group: Party
  let members: [Party, Party, Party]

  /** account = 2 of {k0, k1, group}, removal 3; group = 2 of {m0, m1, m2}, removal 1. */
  beforeAll(() => {
    ;[account, group, ...keys] = stage.rich(5) as [Party, Party, Party, Party, Party]
    members = stage.rich(3) as [Party, Party, Party]
    const join = { signer: group, ...multisigOf(1, 2, members) }
    stage.confirm(stage.aggregate([group, ...members], [join]))
    const whole = { signer: account, ...multisigOf(3, 2, [keys[0], keys[1], group]) }
    stage.confirm(stage.aggregate([account, keys[0], keys[1], members[0], members[1]], [whole]))
  })

  const spend = () => pay(account, bob, XYM)
  const remove = () => ({ signer: account, ...multisigOf(-1, 0, [], [keys[0]]) })

  it("takes a quorum of keys, or of keys and groups", () => {
    const before = stage.balance(account)
    stage.confirm(stage.aggregate([keys[0], keys[1]], [spend()]))
    stage.confirm(stage.aggregate([keys[0], members[0], members[2]], [spend()]))
    stage.confirm(stage.aggregate([members[1], members[2], keys[1]], [spend()]))
    expect(stage.balance(account)).toBe(before - 3n * XYM)
  })

  const short: [string, () => Buffer][] = [
    ["one key", () => stage.aggregate([keys[0]], [spend()])],
    ["one key and half a group", () => stage.aggregate([keys[0], members[0]], [spend()])],
    ["a whole group without a key", () => stage.aggregate([...members], [spend()])],
    ["a removal by a quorum of payments", () => stage.aggregate([keys[0], keys[1]], [remove()])],
    [
      "an addition without the one to be added",
      () => stage.aggregate([keys[0], keys[1]], [add(carol)]),
    ],
    [
      "an addition with the one to be added and one key",
      () => stage.aggregate([carol, keys[0]], [add(carol)]),
    ],
    [
      "metadata on the account, signed by its writer alone",
      () => stage.aggregate([alice], [{ signer: alice, ...metadataOf(account, 1n, Buffer.of(1)) }]),
    ],
    [
      "metadata by the account, signed by its target alone",
      () => stage.aggregate([alice], [{ signer: account, ...metadataOf(alice, 1n, Buffer.of(1)) }]),
    ],
    [
      "metadata on somebody who has not signed",
      () => stage.aggregate([alice], [{ signer: alice, ...metadataOf(bob, 1n, Buffer.of(1)) }]),
    ],
    [
      "a second part without a quorum",
      () => stage.aggregate([keys[0], keys[1]], [spend(), pay(group, bob, XYM)]),
    ],
  ]
  it.each(short)("is missing with %s", (_, make) => {
    const bytes = make()
    const before = [account, group].map((one) => stage.balance(one))
    stage.refuse(bytes, "Aggregate_Missing_Cosignatures")
    expect([account, group].map((one) => stage.balance(one))).toEqual(before)
  })

  it("is not given by the account's own key, inside or outside an aggregate", () => {
    const code = "Multisig_Operation_Prohibited_By_Account"
    stage.refuse(stage.single(account, transferOf(bob.address)), code)
    stage.refuse(stage.aggregate([account, ...keys.slice(0, 2)], [spend()]), code)
    const own = [pay(keys[0], bob), spend()]
    const bytes = stage.aggregate([keys[0], keys[1], account], own)
    stage.refuse(bytes, "Aggregate_Ineligible_Cosignatories")
    stage.refuse(stage.aggregate([keys[0], group], own), "Aggregate_Ineligible_Cosignatories")
  })

  it("for a removal follows the removal minimum on every level", () => {
    // The group's removal minimum is 1: one member stands for it.
    const [first, second] = keys
    const [fresh] = stage.rich(1) as [Party]
    const swap = { signer: account, ...multisigOf(0, 0, [fresh], [second]) }
    const half = stage.aggregate([first, second, members[0], fresh], [swap])
    // With an addition beside it the larger of both minimums counts.
    stage.refuse(half, "Aggregate_Missing_Cosignatures")
    stage.confirm(stage.aggregate([first, second, members[0], members[1], fresh], [swap]))
    const back = { signer: account, ...multisigOf(0, 0, [second], [fresh]) }
    stage.confirm(stage.aggregate([first, fresh, members[0], members[1], second], [back]))
    const drop = { signer: account, ...multisigOf(-1, 0, [], [second]) }
    stage.confirm(stage.aggregate([first, second, members[2]], [drop]))
    stage.confirm(stage.aggregate([first, members[0], members[1]], [spend()]))
  })

  it("is judged on the state that the parts before have left", () => {
    const [flat, one, two] = stage.rich(3) as [Party, Party, Party]
    stage.confirm(
      stage.aggregate([flat, one, two], [{ signer: flat, ...multisigOf(2, 2, [one, two]) }]),
    )
    const lower = { signer: flat, ...multisigOf(0, -1) }
    // Lowering the minimum needs both; a payment after it would need one of them only.
    stage.refuse(
      stage.aggregate([one], [lower, pay(flat, bob, XYM)]),
      "Aggregate_Missing_Cosignatures",
    )
    stage.confirm(stage.aggregate([one, two], [lower, pay(flat, bob, XYM)]))
    stage.confirm(stage.aggregate([one], [pay(flat, bob, XYM)]))
    const raise = { signer: flat, ...multisigOf(0, 1) }
    stage.refuse(
      stage.aggregate([one], [raise, pay(flat, bob, XYM)]),
      "Aggregate_Missing_Cosignatures",
    )
  })

  it("of eligible signers is judged on the state before the aggregate", () => {
    const [flat, one, two] = stage.rich(3) as [Party, Party, Party]
    const join = { signer: flat, ...multisigOf(1, 1, [one]) }
    stage.confirm(stage.aggregate([flat, one], [join, pay(flat, bob, XYM)]))
    const leave = { signer: flat, ...multisigOf(-1, -1, [], [one]) }
    // Once the last cosignatory is gone the account's own key would suffice, but it was not eligible.
    stage.refuse(
      stage.aggregate([one, flat], [leave, pay(flat, bob, XYM)]),
      "Aggregate_Ineligible_Cosignatories",
    )
    stage.refuse(stage.aggregate([one, two], [leave]), "Aggregate_Ineligible_Cosignatories")
    stage.confirm(stage.aggregate([one], [leave]))
    stage.confirm(stage.single(flat, transferOf(bob.address)))
  })

  function add(one: Party): Part {
    return { signer: account, ...multisigOf(0, 0, [one]) }
  }
})
