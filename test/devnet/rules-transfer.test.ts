import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Party } from "./parties.ts"
import { base32, Stage, XYM } from "./stage.ts"
import { definitionOf, mosaicIdOf, sha3, supplyOf, transferOf } from "./wire.ts"

let stage: Stage
let alice: Party
let bob: Party
let carol: Party
beforeAll(() => {
  stage = new Stage()
  ;[alice, bob, carol] = stage.rich(3) as [Party, Party, Party]
})
afterAll(() => stage.close())

const currency = (amount: bigint) => [{ id: stage.currency, amount }]

describe("a transfer", () => {
  it("with no mosaic and no message is a transfer", () => {
    stage.confirm(stage.single(alice, transferOf(bob.address)))
  })

  it("makes an unknown recipient an account, without a key", () => {
    const [stranger] = stage.draw(1) as [Party]
    const height = stage.confirm(stage.single(alice, transferOf(stranger.address, currency(1n))))
    expect(stage.get(`/accounts/${base32(stranger.address)}`)).toMatchObject({
      account: { addressHeight: String(height), publicKey: "0".repeat(64), publicKeyHeight: "0" },
    })
  })

  it("makes the signer's key known at its first", () => {
    const [fresh] = stage.draw(1) as [Party]
    stage.fund(fresh.address, XYM)
    const path = `/accounts/${base32(fresh.address)}`
    expect(stage.get(path)).toMatchObject({ account: { publicKey: "0".repeat(64) } })
    const height = stage.confirm(stage.single(fresh, transferOf(alice.address)))
    const publicKey = Buffer.from(fresh.key).toString("hex").toUpperCase()
    const account = { publicKey, publicKeyHeight: String(height) }
    expect(stage.get(path)).toMatchObject({ account })
    expect(stage.get(`/accounts/${publicKey}`)).toMatchObject({ account })
  })

  it("to oneself moves nothing but the fee", () => {
    const before = stage.balance(alice)
    const bytes = stage.single(alice, transferOf(alice.address, currency(5n)))
    stage.confirm(bytes)
    expect(stage.balance(alice)).toBe(before - BigInt(bytes.length) * 100n)
  })

  it("may carry 1024 bytes of message", () => {
    stage.confirm(stage.single(alice, transferOf(bob.address, [], Buffer.alloc(1024, 1))))
  })

  const many = Buffer.alloc(1025, 1)
  const refused: [string, string, () => Buffer][] = [
    ["1025 bytes of message", "Transfer_Message_Too_Large", () => sent(bob.address, [], many)],
    ["1025 bytes inside an aggregate", "Transfer_Message_Too_Large", () => embedded(many)],
    [
      "the same mosaic twice",
      "Transfer_Out_Of_Order_Mosaics",
      () => sent(bob.address, [...currency(1n), ...currency(1n)]),
    ],
    ["mosaics in descending order", "Transfer_Out_Of_Order_Mosaics", () => descending()],
    ["a recipient of zeros", "Core_Zero_Address", () => sent(new Uint8Array(24))],
    ["a recipient with a wrong checksum", "Core_Invalid_Address", () => sent(flipped(23))],
    ["a recipient with one bit changed", "Core_Invalid_Address", () => sent(flipped(10))],
    ["a recipient of another network", "Core_Invalid_Address", () => sent(flipped(0))],
    ["a whole address of another network", "Core_Invalid_Address", () => sent(elsewhere())],
    ["an alias that resolves to nothing", "Core_Invalid_Address", () => sent(alias())],
    [
      "more than the signer has",
      "Core_Insufficient_Balance",
      () => sent(bob.address, currency(stage.balance(alice) + 1n)),
    ],
    [
      "all that the signer has, with nothing left for the fee",
      "Core_Insufficient_Balance",
      () => sent(bob.address, currency(stage.balance(alice))),
    ],
    [
      "the largest amount there is",
      "Core_Insufficient_Balance",
      () => sent(bob.address, currency(2n ** 64n - 1n)),
    ],
    [
      "a mosaic that does not exist",
      "Core_Insufficient_Balance",
      () => sent(bob.address, [{ id: 1n, amount: 1n }]),
    ],
    [
      "none of a mosaic that does not exist",
      "Mosaic_Expired",
      () => sent(bob.address, [{ id: 1n, amount: 0n }]),
    ],
    [
      "an alias of a mosaic that resolves to nothing",
      "Core_Insufficient_Balance",
      () => sent(bob.address, [{ id: 2n ** 63n + 1n, amount: 1n }]),
    ],
    [
      "anything from an account without balance",
      "Core_Insufficient_Balance",
      () => stage.single(stage.draw(1)[0] as Party, transferOf(bob.address)),
    ],
  ]
  it.each(refused)("is refused with %s: %s", (_, code, make) => {
    const before = [alice, bob].map((one) => stage.balance(one))
    stage.refuse(make(), code)
    expect([alice, bob].map((one) => stage.balance(one))).toEqual(before)
  })

  it("leaves an account without balance unknown when it is refused", () => {
    const [poor, stranger] = stage.draw(2) as [Party, Party]
    stage.refuse(stage.single(poor, transferOf(stranger.address)), "Core_Insufficient_Balance")
    for (const { address } of [poor, stranger]) {
      expect(stage.request("GET", `/accounts/${base32(address)}`).status).toBe(404)
    }
  })

  it("can't spend the same units twice while the first waits", () => {
    const [poor] = stage.draw(1) as [Party]
    stage.fund(poor.address, XYM)
    const first = stage.single(poor, transferOf(bob.address, currency(XYM / 2n)))
    const second = stage.single(poor, transferOf(carol.address, currency(XYM / 2n)))
    const before = stage.balance(carol)
    stage.announce(first)
    const hash = stage.announce(second)
    expect(stage.status(hash)).toMatchObject({ code: "Failure_Core_Insufficient_Balance" })
    stage.mine()
    expect(stage.balance(carol)).toBe(before)
    expect(stage.balance(poor)).toBe(XYM / 2n - BigInt(first.length) * 100n)
  })

  it("spends at once what an earlier one that waits has brought", () => {
    const [poor] = stage.draw(1) as [Party]
    stage.announce(stage.single(alice, transferOf(poor.address, currency(XYM))))
    stage.announce(stage.single(poor, transferOf(bob.address, currency(XYM / 2n))))
    const height = stage.mine()
    expect(stage.block(height).meta.transactionsCount).toBe(2)
    expect(stage.balance(poor)).toBe(XYM / 2n - 176n * 100n)
  })

  function sent(to: Uint8Array, mosaics = currency(1n), message?: Uint8Array): Buffer {
    return stage.single(alice, transferOf(to, mosaics, message))
  }
  function embedded(message: Uint8Array): Buffer {
    return stage.aggregate([alice], [{ signer: alice, ...transferOf(bob.address, [], message) }])
  }
  function descending(): Buffer {
    const own = mosaicIdOf(alice, 77)
    const ids = [own, stage.currency].toSorted((a, b) => (a > b ? -1 : 1))
    return sent(
      bob.address,
      ids.map((id) => ({ id, amount: 1n })),
    )
  }
  function flipped(at: number): Uint8Array {
    const address = bob.address.slice()
    address[at] = (address[at] as number) ^ (at === 0 ? 0x98 ^ 0x68 : 1)
    return address
  }
  /** Right in itself, checksum and all. */
  function elsewhere(): Uint8Array {
    const head = Buffer.concat([Buffer.of(0x68), bob.address.subarray(1, 21)])
    return Buffer.concat([head, sha3(head).subarray(0, 3)])
  }
  function alias(): Uint8Array {
    const address = new Uint8Array(24)
    address[0] = 0x99
    address[8] = 0x80
    return address
  }
})

describe("a mosaic's owner and holders", () => {
  /** A mosaic of Alice, of which Bob has some; the id. */
  function made(nonce: number, flags: number, duration = 0n): bigint {
    const id = mosaicIdOf(alice, nonce)
    const parts = [
      definitionOf(id, nonce, { flags, duration }),
      supplyOf(id, 100n),
      transferOf(bob.address, [{ id, amount: 10n }]),
    ]
    stage.confirm(
      stage.aggregate(
        [alice],
        parts.map((part) => ({ signer: alice, ...part })),
      ),
    )
    return id
  }

  it("move a transferable one among each other", () => {
    const mosaics = [{ id: made(1, 2), amount: 1n }]
    stage.confirm(stage.single(bob, transferOf(carol.address, mosaics)))
    stage.confirm(stage.single(carol, transferOf(alice.address, mosaics)))
  })

  it("move a non-transferable one to and from its owner only", () => {
    const id = made(2, 0)
    const mosaics = [{ id, amount: 1n }]
    stage.refuse(stage.single(bob, transferOf(carol.address, mosaics)), "Mosaic_Non_Transferable")
    expect([alice, bob, carol].map((one) => stage.balance(one, id))).toEqual([90n, 10n, 0n])
    stage.confirm(stage.single(bob, transferOf(alice.address, mosaics)))
    stage.confirm(stage.single(alice, transferOf(carol.address, mosaics)))
    expect([alice, bob, carol].map((one) => stage.balance(one, id))).toEqual([90n, 9n, 1n])
  })

  it("move nothing of one whose time is over", () => {
    const id = made(3, 2, 3n)
    const mosaics = [{ id, amount: 1n }]
    const send = () => stage.single(bob, transferOf(carol.address, mosaics))
    // Defined at h, active below h + 3.
    stage.confirm(send())
    stage.confirm(send())
    stage.refuse(send(), "Mosaic_Expired")
    expect([bob, carol].map((one) => stage.balance(one, id))).toEqual([8n, 2n])
  })
})
