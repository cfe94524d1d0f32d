import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { addressOf } from "../../src/crypto/address.ts"
import { publicKeyOf } from "../../src/crypto/ed25519.ts"
import type { Party } from "./parties.ts"
import { HOUR_MS, Stage, XYM } from "./stage.ts"
import { metadataOf, multisigOf, TYPE, transferOf } from "./wire.ts"

/** Changes one byte. */
const set = (at: number, value: number) => (bytes: Buffer) => {
  expect(bytes[at]).not.toBe(value)
  bytes[at] = value
}

let stage: Stage
let alice: Party
let bob: Party
beforeAll(() => {
  stage = new Stage()
  ;[alice, bob] = stage.rich(2) as [Party, Party]
})
afterAll(() => stage.close())

/** A transfer of one XYM from Alice to Bob. */
const pay = () => transferOf(bob.address, [{ id: stage.currency, amount: XYM }])

describe("a transfer as it should be", () => {
  it("is confirmed, so that each refusal below is due to its one fault", () => {
    const before = stage.balance(bob)
    stage.confirm(stage.single(alice, pay()))
    expect(stage.balance(bob)).toBe(before + XYM)
    stage.confirm(stage.aggregate([alice], [{ signer: alice, ...pay() }]))
    expect(stage.balance(bob)).toBe(before + 2n * XYM)
  })
})

describe("signatures", () => {
  const code = "Consumer_Batch_Signature_Not_Verifiable"
  const faults: [string, () => Buffer][] = [
    ["a signature with one bit changed", () => altered(8)],
    ["a signature whose S has one bit changed", () => altered(40)],
    ["the signature of another key", () => stage.single({ ...alice, seed: bob.seed }, pay())],
    ["a signature of no bytes but zeros", () => stage.single(alice, pay()).fill(0, 8, 72)],
    ["a signature for another network", () => foreign()],
    ["a message that was not signed", () => altered(160)],
    ["an amount that was not signed", () => altered(168)],
    ["a deadline that was not signed", () => altered(120)],
    ["a fee that was not signed", () => altered(112)],
    ["an S that is not canonical", () => malleable()],
    ["an aggregate's signature with one bit changed", () => alteredAggregate(8)],
    ["an aggregate's deadline that was not signed", () => alteredAggregate(120)],
  ]
  it.each(faults)("refuse %s", (_, make) => stage.refuse(make(), code))

  function altered(at: number): Buffer {
    const bytes = stage.single(alice, pay())
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  }
  function alteredAggregate(at: number): Buffer {
    const bytes = stage.aggregate([alice], [{ signer: alice, ...pay() }])
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes
  }
  function foreign(): Buffer {
    const bytes = stage.single(alice, pay())
    const elsewhere = stage.single(alice, pay(), {
      seed: Buffer.alloc(32, 1),
      deadline: bytes.readBigUInt64LE(120),
    })
    elsewhere.copy(bytes, 8, 8, 72)
    return bytes
  }
  /** S plus the order of the group verifies where S is not held against it. */
  function malleable(): Buffer {
    const bytes = stage.single(alice, pay())
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const s =
      BigInt(`0x${Buffer.from(bytes.subarray(40, 72).toReversed()).toString("hex")}`) + order
    bytes.set(Buffer.from(s.toString(16).padStart(64, "0"), "hex").toReversed(), 40)
    return bytes
  }
})

describe("headers", () => {
  const zero = { key: new Uint8Array(32) }
  const faults: [string, string, () => Buffer][] = [
    [
      "another network's byte",
      "Core_Wrong_Network",
      () => stage.single(alice, pay(), { network: 0x68 }),
    ],
    [
      "another network's byte on an aggregate",
      "Core_Wrong_Network",
      () => whole({ network: 0x68 }),
    ],
    ["another network's byte inside", "Core_Wrong_Network", () => part({ network: 0x68 })],
    ["version 0", "Core_Invalid_Version", () => stage.single(alice, pay(), { version: 0 })],
    ["version 2", "Core_Invalid_Version", () => stage.single(alice, pay(), { version: 2 })],
    ["version 2 inside", "Core_Invalid_Version", () => part({ version: 2 })],
    ["aggregate version 4", "Core_Invalid_Version", () => whole({ version: 4 })],
    ["aggregate version 1", "Aggregate_V1_Prohibited", () => whole({ version: 1 })],
    ["aggregate version 2", "Aggregate_V2_Prohibited", () => whole({ version: 2 })],
    ["a key of zeros", "Core_Zero_Public_Key", () => stage.single({ ...alice, ...zero }, pay())],
    [
      "a key of zeros inside",
      "Core_Zero_Public_Key",
      () => part({ signer: { ...alice, ...zero } }),
    ],
    [
      "the nemesis account after block 1",
      "Core_Nemesis_Account_Signed_After_Nemesis_Block",
      () => stage.single(nemesis(), pay()),
    ],
  ]
  it.each(faults)("refuse %s: %s", (_, code, make) => stage.refuse(make(), code))

  function whole(changes: object): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...pay() }], changes)
  }
  function part(changes: object): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...pay(), ...changes }])
  }
  /** The account that made the first block and owns the currency. */
  function nemesis(): Party {
    const { harvesterSeed } = stage.chain.genesis
    const seed = createHash("sha256").update("nemesis").update(harvesterSeed).digest()
    const key = publicKeyOf(seed)
    stage.fund(addressOf(key, 0x98), 10n * XYM)
    return { seed, key, address: addressOf(key, 0x98) }
  }
})

describe("reserved bytes that are not zero", () => {
  const code = "Core_Nonzero_Internal_Padding"
  const single = (at: number) => () => stage.single(alice, pay(), { edit: set(at, 1) })
  const message = Buffer.from("odd")
  const inside = (at: number) => () =>
    stage.aggregate([alice], [{ signer: alice, ...transferOf(bob.address, [], message) }], {
      editParts: set(at, 1),
    })
  const multisig = () =>
    stage.aggregate([alice, bob], [{ signer: alice, ...multisigOf(1, 1, [bob]) }], {
      editParts: set(48 + 5, 1),
    })
  const places: [string, () => Buffer][] = [
    ["behind the size", single(4)],
    ["behind the key", single(107)],
    ["behind a transfer's mosaic count", single(128 + 27)],
    ["in a transfer's last reserved byte", single(128 + 31)],
    ["behind an aggregate's payload size", () => whole(set(167, 1))],
    ["behind an aggregate's size", () => whole(set(5, 1))],
    ["behind an embedded size", inside(4)],
    ["behind an embedded key", inside(40)],
    ["in an embedded transfer", inside(48 + 28)],
    ["in the padding behind an embedded transaction", inside(48 + 32 + 3)],
    ["in the last byte of that padding", inside(48 + 32 + 7)],
    ["in a multisig modification", multisig],
    ["in a cosignature's version", () => cosigned(0)],
    ["in the last byte of a cosignature's version", () => cosigned(7)],
  ]
  it.each(places)("are refused %s", (_, make) => stage.refuse(make(), code))

  function whole(edit: (bytes: Buffer) => void): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...pay() }], { edit })
  }
  function cosigned(at: number): Buffer {
    const parts = [
      { signer: alice, ...pay() },
      { signer: bob, ...transferOf(alice.address) },
    ]
    return stage.aggregate([alice, bob], parts, { editCosignatures: set(at, 1) })
  }
})

describe("deadlines", () => {
  const now = () => stage.chain.now()
  const at = (deadline: bigint) => stage.single(alice, pay(), { deadline })

  it("may be now, and six hours ahead", () => {
    stage.confirm(at(now() + 1000n))
    stage.confirm(at(now() + 6n * HOUR_MS))
  })

  it.each([
    ["a millisecond past", -1n, "Core_Past_Deadline"],
    ["at the beginning of time", undefined, "Core_Past_Deadline"],
    ["a millisecond more than six hours ahead", 6n * HOUR_MS + 1n, "Core_Future_Deadline"],
    ["two days ahead", 48n * HOUR_MS, "Core_Future_Deadline"],
  ] as const)("are refused %s", (_, ahead, code) => {
    stage.refuse(at(ahead === undefined ? 0n : now() + ahead), code)
  })

  it("are those of aggregates too", () => {
    const parts = [{ signer: alice, ...pay() }]
    const late = stage.aggregate([alice], parts, { deadline: now() - 1n })
    stage.refuse(late, "Core_Past_Deadline")
    const early = stage.aggregate([alice], parts, { deadline: now() + 6n * HOUR_MS + 1n })
    stage.refuse(early, "Core_Future_Deadline")
  })
})

describe("fees", () => {
  const size = 176n

  it("may be the least that the node takes: 10 a byte", () => {
    stage.confirm(stage.single(alice, pay(), { fee: size * 10n }))
  })

  it("are paid by the block's multiplier, not by the offer", () => {
    const before = stage.balance(alice)
    stage.announce(stage.single(alice, transferOf(bob.address), { fee: 160n * 50n }))
    stage.announce(stage.single(alice, transferOf(bob.address), { fee: 160n * 20n + 159n }))
    const height = stage.mine()
    expect(stage.get(`/blocks/${height}`)).toMatchObject({
      block: { feeMultiplier: 20 },
      meta: { totalFee: String(2 * 160 * 20) },
    })
    expect(stage.balance(alice)).toBe(before - 2n * 160n * 20n)
  })

  it("below that are dropped in silence", () => {
    stage.ignore(stage.single(alice, pay(), { fee: size * 10n - 1n }))
    stage.ignore(stage.single(alice, pay(), { fee: 0n }))
    const parts = [{ signer: alice, ...pay() }]
    const cosigned = [...parts, { signer: bob, ...transferOf(alice.address) }]
    const lean = stage.aggregate([alice], parts).length
    stage.ignore(stage.aggregate([alice, bob], cosigned, { fee: BigInt(lean) * 10n }))
  })

  it("over 2^32 - 1 a byte are refused", () => {
    const fee = (2n ** 32n - 1n) * size + 1n
    stage.refuse(stage.single(alice, pay(), { fee }), "Core_Invalid_Transaction_Fee")
  })

  it("must be in the signer's hand, in full, while it waits", () => {
    const [poor] = stage.draw(1) as [Party]
    stage.fund(poor.address, XYM)
    const over = stage.single(poor, transferOf(bob.address), { fee: XYM + 1n })
    stage.refuse(over, "Core_Insufficient_Balance")
    expect(stage.balance(poor)).toBe(XYM)
    stage.confirm(stage.single(poor, transferOf(bob.address), { fee: XYM }))
    expect(stage.balance(poor)).toBe(XYM - 160n * (XYM / 160n))
  })

  it("may come out of the aggregate itself", () => {
    const [poor] = stage.draw(1) as [Party]
    const gift = transferOf(poor.address, [{ id: stage.currency, amount: XYM }])
    const parts = [
      { signer: alice, ...gift },
      { signer: poor, ...transferOf(alice.address) },
    ]
    const bytes = stage.aggregate([poor, alice], parts)
    stage.confirm(bytes)
    expect(stage.balance(poor)).toBe(XYM - BigInt(bytes.length) * 100n)
  })
})

describe("what can't be read", () => {
  const cut: [string, () => Buffer][] = [
    ["an unknown type", () => stage.single(alice, { ...pay(), type: 0x4999 })],
    ["a namespace registration", () => stage.single(alice, { ...pay(), type: 0x414e })],
    [
      "metadata outside an aggregate",
      () => stage.single(alice, metadataOf(alice, 1n, Buffer.of(1))),
    ],
    [
      "a multisig modification outside an aggregate",
      () => stage.single(alice, multisigOf(1, 1, [bob])),
    ],
    ["an aggregate in an aggregate", () => nested()],
    [
      "an unknown type inside",
      () => stage.aggregate([alice], [{ signer: alice, ...pay(), type: 0x4999 }]),
    ],
    ["a byte too many", () => Buffer.concat([stage.single(alice, pay()), Buffer.alloc(1)])],
    ["a byte too few", () => stage.single(alice, pay()).subarray(0, -1)],
    ["a size that is not its own", () => stage.single(alice, pay(), { edit: set(0, 1) })],
    ["more mosaics than it holds", () => stage.single(alice, pay(), { edit: set(154, 2) })],
    ["a longer message than it holds", () => stage.single(alice, pay(), { edit: set(152, 1) })],
    ["a payload size that does not fit", () => inAggregate(160, 0xff)],
    ["a payload size that leaves half a cosignature", () => inAggregate(160, 0x08)],
    ["an embedded size of nothing", () => inside(0, 0)],
    ["an embedded size over the payload", () => inside(0, 0xf0)],
  ]
  it.each(cut)("is dropped without a word: %s", (_, make) => stage.ignore(make()))

  it("is refused by REST when it is no hex", () => {
    const bad = ["", "ABC", "zz", "0x00", 5, null, undefined]
    for (const payload of bad) {
      const answered = stage.request("PUT", "/transactions", { payload })
      expect(answered).toMatchObject({ status: 409, body: { code: "InvalidArgument" } })
    }
  })

  it("is dropped when it is known: waiting or confirmed", () => {
    const bytes = stage.single(alice, pay())
    const before = stage.balance(bob)
    let added = 0
    stage.chain.events.on("unconfirmedAdded", () => added++)
    stage.announce(bytes)
    stage.announce(bytes)
    expect([...stage.chain.pool()].length).toBe(1)
    expect(added).toBe(1)
    stage.mine()
    expect(stage.balance(bob)).toBe(before + XYM)
    const hash = stage.announce(bytes)
    expect([...stage.chain.pool()].length).toBe(0)
    expect(stage.status(hash)).toMatchObject({ group: "confirmed" })
    stage.mine()
    expect(stage.balance(bob)).toBe(before + XYM)
  })

  function nested(): Buffer {
    const inner = stage.aggregate([alice], [{ signer: alice, ...pay() }])
    return stage.aggregate(
      [alice],
      [{ signer: alice, type: TYPE.aggregate, body: inner.subarray(128) }],
    )
  }
  function inAggregate(at: number, value: number): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...pay() }], { edit: set(at, value) })
  }
  function inside(at: number, value: number): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...pay() }], { editParts: set(at, value) })
  }
})
