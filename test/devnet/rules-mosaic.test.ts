import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Party } from "./parties.ts"
import { base32, Stage, XYM } from "./stage.ts"
import { type Content, definitionOf, mosaicIdOf, supplyOf, transferOf } from "./wire.ts"

const MUTABLE = 1
const RENTAL = 50n * XYM
const MAX_DURATION = 10_512_000n
const MAX_SUPPLY = 8_999_999_999_000_000n

let stage: Stage
let alice: Party
let bob: Party
beforeAll(() => {
  stage = new Stage()
  ;[alice, bob] = stage.draw(2) as [Party, Party]
  for (const { address } of [alice, bob]) stage.fund(address, 1_000_000n * XYM)
})
afterAll(() => stage.close())

let nonce = 0
/** A nonce and id that Alice has not used. */
function fresh(): { readonly id: bigint; readonly nonce: number } {
  nonce += 1
  return { id: mosaicIdOf(alice, nonce), nonce }
}

function byAlice(...contents: readonly Content[]): Buffer {
  return stage.aggregate(
    [alice],
    contents.map((content) => ({ signer: alice, ...content })),
  )
}

/** A mosaic of Alice with a supply; its id. */
function made(flags: number, supply = 100n): { readonly id: bigint; readonly nonce: number } {
  const one = fresh()
  stage.confirm(byAlice(definitionOf(one.id, one.nonce, { flags }), supplyOf(one.id, supply)))
  return one
}

/** A mosaic as REST shows it. */
function mosaic(id: bigint): unknown {
  return stage.get(`/mosaics/${id.toString(16).padStart(16, "0")}`)
}

describe("a mosaic definition", () => {
  it("makes a mosaic without supply, for the rental fee", () => {
    const { id, nonce: used } = fresh()
    const before = stage.balance(alice)
    const bytes = stage.single(
      alice,
      definitionOf(id, used, { flags: 15, divisibility: 6, duration: MAX_DURATION }),
    )
    const height = stage.confirm(bytes)
    expect(stage.balance(alice)).toBe(before - RENTAL - BigInt(bytes.length) * 100n)
    expect(mosaic(id)).toMatchObject({
      mosaic: {
        supply: "0",
        startHeight: String(height),
        flags: 15,
        divisibility: 6,
        duration: String(MAX_DURATION),
        revision: 1,
        ownerAddress: Buffer.from(alice.address).toString("hex").toUpperCase(),
      },
    })
    const { data } = stage.get(`/statements/transaction?height=${height}&receiptType=4685`) as {
      data: { statement: { receipts: unknown[]; source: unknown } }[]
    }
    expect(data.length).toBe(1)
    expect(data[0]?.statement).toMatchObject({
      source: { primaryId: 1, secondaryId: 0 },
      receipts: [{ type: 4685, amount: String(RENTAL) }],
    })
  })

  const cases: [string, string, () => Content][] = [
    ["flags over 0x0f", "Mosaic_Invalid_Flags", () => definition({ flags: 16 })],
    ["a divisibility of 7", "Mosaic_Invalid_Divisibility", () => definition({ divisibility: 7 })],
    [
      "a duration over ten years",
      "Mosaic_Invalid_Duration",
      () => definition({ duration: MAX_DURATION + 1n }),
    ],
    ["the id of another owner", "Mosaic_Id_Mismatch", () => definitionOf(mosaicIdOf(bob, 5), 5)],
    ["the id of another nonce", "Mosaic_Id_Mismatch", () => definitionOf(fresh().id, 4711)],
    ["id zero", "Mosaic_Invalid_Id", () => definitionOf(0n, 1)],
    ["an alias for an id", "Mosaic_Invalid_Id", () => definitionOf(fresh().id | (1n << 63n), 1)],
  ]
  it.each(cases)("is refused with %s: %s", (_, code, make) => {
    const content = make()
    stage.refuse(stage.single(alice, content), code)
    stage.refuse(byAlice(content), code)
  })

  it("is refused when the owner can't pay the rental fee", () => {
    const [poor] = stage.draw(1) as [Party]
    stage.fund(poor.address, RENTAL)
    const id = mosaicIdOf(poor, 1)
    stage.refuse(stage.single(poor, definitionOf(id, 1)), "Core_Insufficient_Balance")
    expect(stage.balance(poor)).toBe(RENTAL)
    expect(stage.request("GET", `/mosaics/${id.toString(16).padStart(16, "0")}`).status).toBe(404)
  })

  it("changes a mosaic while it has no supply: flags and divisibility by XOR, duration by sum", () => {
    const { id, nonce: used } = fresh()
    stage.confirm(
      stage.single(alice, definitionOf(id, used, { flags: 3, divisibility: 2, duration: 100n })),
    )
    stage.confirm(
      stage.single(alice, definitionOf(id, used, { flags: 1, divisibility: 1, duration: 50n })),
    )
    expect(mosaic(id)).toMatchObject({
      mosaic: { flags: 2, divisibility: 3, duration: "150", revision: 2 },
    })
  })

  it("is refused where it changes nothing", () => {
    const { id, nonce: used } = made(MUTABLE)
    stage.refuse(stage.single(alice, definitionOf(id, used)), "Mosaic_Modification_No_Changes")
  })

  it("is refused where it changes flags or divisibility under a supply", () => {
    const { id, nonce: used } = made(MUTABLE)
    for (const change of [{ flags: 2 }, { divisibility: 1 }]) {
      const bytes = stage.single(alice, definitionOf(id, used, change))
      stage.refuse(bytes, "Mosaic_Modification_Disallowed")
    }
    expect(mosaic(id)).toMatchObject({ mosaic: { flags: MUTABLE, divisibility: 0, revision: 1 } })
  })

  it("is refused where it would end an eternal mosaic or outlast ten years", () => {
    const eternal = fresh()
    stage.confirm(stage.single(alice, definitionOf(eternal.id, eternal.nonce)))
    const ends = definitionOf(eternal.id, eternal.nonce, { duration: 10n })
    stage.refuse(stage.single(alice, ends), "Mosaic_Invalid_Duration")
    const long = fresh()
    stage.confirm(
      stage.single(alice, definitionOf(long.id, long.nonce, { duration: MAX_DURATION })),
    )
    const longer = definitionOf(long.id, long.nonce, { duration: 1n })
    stage.refuse(stage.single(alice, longer), "Mosaic_Invalid_Duration")
  })

  function definition(fields: Parameters<typeof definitionOf>[2]): Content {
    const { id, nonce: used } = fresh()
    return definitionOf(id, used, fields)
  }
})

describe("a supply change", () => {
  it("makes and destroys units in the owner's hand", () => {
    const { id } = made(MUTABLE)
    stage.confirm(stage.single(alice, supplyOf(id, 5n)))
    expect(mosaic(id)).toMatchObject({ mosaic: { supply: "105" } })
    stage.confirm(stage.single(alice, supplyOf(id, 105n, 0)))
    expect(mosaic(id)).toMatchObject({ mosaic: { supply: "0" } })
    expect(stage.balance(alice, id)).toBe(0n)
  })

  it("of an immutable mosaic is the owner's as long as nobody else holds any", () => {
    const { id } = made(0)
    stage.confirm(stage.single(alice, supplyOf(id, 5n)))
    stage.confirm(stage.single(alice, transferOf(bob.address, [{ id, amount: 1n }])))
    for (const action of [0, 1]) {
      stage.refuse(stage.single(alice, supplyOf(id, 1n, action)), "Mosaic_Supply_Immutable")
    }
    expect(mosaic(id)).toMatchObject({ mosaic: { supply: "105" } })
    stage.confirm(stage.single(bob, transferOf(alice.address, [{ id, amount: 1n }])))
    stage.confirm(stage.single(alice, supplyOf(id, 5n, 0)))
    expect(mosaic(id)).toMatchObject({ mosaic: { supply: "100" } })
  })

  const cases: [string, string, (id: bigint) => Buffer][] = [
    [
      "an unknown action",
      "Mosaic_Invalid_Supply_Change_Action",
      (id) => stage.single(alice, supplyOf(id, 1n, 2)),
    ],
    [
      "no units",
      "Mosaic_Invalid_Supply_Change_Amount",
      (id) => stage.single(alice, supplyOf(id, 0n)),
    ],
    [
      "another signer than the owner",
      "Mosaic_Owner_Conflict",
      (id) => stage.single(bob, supplyOf(id, 1n)),
    ],
    ["an unknown mosaic", "Mosaic_Expired", (id) => stage.single(alice, supplyOf(id ^ 1n, 1n))],
    [
      "fewer than none",
      "Mosaic_Supply_Negative",
      (id) => stage.single(alice, supplyOf(id, 101n, 0)),
    ],
    [
      "more than all",
      "Mosaic_Supply_Exceeded",
      (id) => stage.single(alice, supplyOf(id, MAX_SUPPLY - 99n)),
    ],
    [
      "a sum over 64 bits",
      "Mosaic_Supply_Exceeded",
      (id) => stage.single(alice, supplyOf(id, 2n ** 64n - 1n)),
    ],
  ]
  it.each(cases)("is refused with %s: %s", (_, code, make) => {
    const { id } = made(MUTABLE)
    stage.refuse(make(id), code)
    expect(mosaic(id)).toMatchObject({ mosaic: { supply: "100" } })
    expect(stage.balance(alice, id)).toBe(100n)
  })

  it("reaches the most that a mosaic may have, and no more", () => {
    const { id } = made(MUTABLE, MAX_SUPPLY)
    stage.refuse(stage.single(alice, supplyOf(id, 1n)), "Mosaic_Supply_Exceeded")
  })

  it("is refused for a mosaic whose time is over", () => {
    const { id, nonce: used } = fresh()
    stage.confirm(stage.single(alice, definitionOf(id, used, { flags: MUTABLE, duration: 1n })))
    stage.refuse(stage.single(alice, supplyOf(id, 1n)), "Mosaic_Expired")
  })

  it("lets nobody destroy what others hold", () => {
    const { id } = made(MUTABLE | 2)
    stage.confirm(stage.single(alice, transferOf(bob.address, [{ id, amount: 60n }])))
    stage.refuse(stage.single(alice, supplyOf(id, 41n, 0)), "Mosaic_Supply_Negative")
    stage.refuse(stage.single(bob, supplyOf(id, 1n, 0)), "Mosaic_Owner_Conflict")
    expect(stage.balance(bob, id)).toBe(60n)
  })
})

describe("an account", () => {
  it("holds 1000 mosaics and no more, by definition or by transfer", () => {
    const [holder] = stage.draw(1) as [Party]
    stage.fund(holder.address, 60_000n * XYM)
    // The currency is one of the thousand.
    for (let from = 0; from < 999; from += 37) {
      const parts = Array.from({ length: 37 }, (_, i) => from + i).flatMap((n) => {
        const id = mosaicIdOf(holder, n)
        return [definitionOf(id, n), supplyOf(id, 1n)].map((one) => ({ signer: holder, ...one }))
      })
      stage.confirm(stage.aggregate([holder], parts))
    }
    const { account } = stage.get(`/accounts/${base32(holder.address)}`) as {
      account: { mosaics: unknown[] }
    }
    expect(account.mosaics.length).toBe(1000)
    const id = mosaicIdOf(holder, 2000)
    const parts = [definitionOf(id, 2000), supplyOf(id, 1n)].map((one) => ({
      signer: holder,
      ...one,
    }))
    stage.refuse(stage.aggregate([holder], parts), "Mosaic_Max_Mosaics_Exceeded")
    const other = made(2)
    const gift = transferOf(holder.address, [{ id: other.id, amount: 1n }])
    stage.refuse(stage.single(alice, gift), "Mosaic_Max_Mosaics_Exceeded")
    expect(stage.balance(alice, other.id)).toBe(100n)
    // What it holds already may still grow.
    stage.confirm(
      stage.single(alice, transferOf(holder.address, [{ id: stage.currency, amount: 1n }])),
    )
  })
})
