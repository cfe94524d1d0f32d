import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Party } from "./parties.ts"
import { base32, Stage } from "./stage.ts"
import { metadataOf } from "./wire.ts"

let stage: Stage
let alice: Party
let bob: Party
beforeAll(() => {
  stage = new Stage()
  ;[alice, bob] = stage.rich(2) as [Party, Party]
})
afterAll(() => stage.close())

let next = 0n
/** A key that has no entry. */
function fresh(): bigint {
  next += 1n
  return next
}

function write(
  key: bigint,
  bytes: Uint8Array,
  delta?: number,
  [source, target] = [alice, bob],
): Buffer {
  const content = metadataOf(target, key, bytes, delta)
  const signers = source === target ? [source] : [source, target]
  return stage.aggregate(signers, [{ signer: source, ...content }])
}

/** The value under a key, as hex; undefined when there is none. */
function value(
  key: bigint,
  [source, target] = [alice, bob] as readonly [Party, Party],
): string | undefined {
  const query = new URLSearchParams({
    sourceAddress: base32(source.address),
    targetAddress: base32(target.address),
    scopedMetadataKey: key.toString(16).padStart(16, "0"),
    metadataType: "0",
  })
  const { data } = stage.get(`/metadata?${query.toString()}`) as {
    data: { metadataEntry: { value: string; valueSize: number } }[]
  }
  const [found] = data
  expect(data.length).toBeLessThanOrEqual(1)
  expect(found?.metadataEntry.valueSize).toBe(found && found.metadataEntry.value.length / 2)
  return found?.metadataEntry.value
}

describe("account metadata", () => {
  it("is written, grown, changed, cut and removed by XOR", () => {
    const key = fresh()
    stage.confirm(write(key, Buffer.from("AABB", "hex"), 2))
    expect(value(key)).toBe("AABB")
    stage.confirm(write(key, Buffer.from("0000CC", "hex"), 1))
    expect(value(key)).toBe("AABBCC")
    stage.confirm(write(key, Buffer.from("FF0000", "hex"), 0))
    expect(value(key)).toBe("55BBCC")
    stage.confirm(write(key, Buffer.from("00BBCC", "hex"), -2))
    expect(value(key)).toBe("55")
    stage.confirm(write(key, Buffer.from("55", "hex"), -1))
    expect(value(key)).toBeUndefined()
  })

  it("holds 1024 bytes", () => {
    const key = fresh()
    stage.confirm(write(key, Buffer.alloc(1024, 7)))
    expect(value(key)).toBe("07".repeat(1024))
  })

  it("belongs to its source, target and key: none touches another's", () => {
    const key = fresh()
    stage.confirm(write(key, Buffer.from("01", "hex")))
    stage.confirm(write(key, Buffer.from("02", "hex"), 1, [bob, alice]))
    stage.confirm(write(key, Buffer.from("03", "hex"), 1, [alice, alice]))
    expect([value(key), value(key, [bob, alice]), value(key, [alice, alice])]).toEqual([
      "01",
      "02",
      "03",
    ])
  })

  it("needs its target, even where that is the source", () => {
    const part = { signer: alice, ...metadataOf(alice, fresh(), Buffer.of(1)) }
    stage.confirm(stage.aggregate([alice], [part]))
    const foreign = { signer: alice, ...metadataOf(bob, fresh(), Buffer.of(1)) }
    stage.refuse(stage.aggregate([alice], [foreign]), "Aggregate_Missing_Cosignatures")
  })

  const unwritten: [string, string, (key: bigint) => Buffer][] = [
    ["no value", "Metadata_Value_Too_Small", (key) => write(key, Buffer.alloc(0))],
    ["1025 bytes", "Metadata_Value_Too_Large", (key) => write(key, Buffer.alloc(1025))],
    [
      "a delta over the value's size",
      "Metadata_Value_Size_Delta_Too_Large",
      (key) => write(key, Buffer.alloc(4), 5),
    ],
    [
      "a delta under the value's size",
      "Metadata_Value_Size_Delta_Too_Large",
      (key) => write(key, Buffer.alloc(4), -5),
    ],
    [
      "a delta smaller than a new value",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(4), 3),
    ],
    [
      "a negative delta for a new value",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(4), -4),
    ],
    [
      "a target that is no address",
      "Core_Invalid_Address",
      (key) => write(key, Buffer.of(1), 1, [alice, { ...bob, address: bob.address.toReversed() }]),
    ],
    [
      "a target of zeros",
      "Core_Zero_Address",
      (key) => write(key, Buffer.of(1), 1, [alice, { ...bob, address: new Uint8Array(24) }]),
    ],
  ]
  it.each(unwritten)("is refused with %s: %s", (_, code, make) => {
    const key = fresh()
    stage.refuse(make(key), code)
    expect(value(key)).toBeUndefined()
  })

  const unchanged: [string, string, (key: bigint) => Buffer][] = [
    [
      "a value of another size than the old",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(3), 0),
    ],
    [
      "a value written as if it were new",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(4)),
    ],
    [
      "a growth that does not fit the old size",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(6), 1),
    ],
    [
      "a cut that gives less than the old value",
      "Metadata_Value_Size_Delta_Mismatch",
      (key) => write(key, Buffer.alloc(3), -1),
    ],
    [
      "a cut whose end is not the old one",
      "Metadata_Value_Change_Irreversible",
      (key) => write(key, Buffer.from("00000005", "hex"), -1),
    ],
    [
      "a removal of another value",
      "Metadata_Value_Change_Irreversible",
      (key) => write(key, Buffer.from("01020305", "hex"), -4),
    ],
  ]
  it.each(unchanged)("is left as it was by %s: %s", (_, code, make) => {
    const key = fresh()
    stage.confirm(write(key, Buffer.from("01020304", "hex")))
    stage.refuse(make(key), code)
    expect(value(key)).toBe("01020304")
  })

  it("makes its target an account", () => {
    const [stranger] = stage.draw(1) as [Party]
    stage.confirm(write(fresh(), Buffer.of(1), 1, [alice, stranger]))
    expect(stage.request("GET", `/accounts/${base32(stranger.address)}`).status).toBe(200)
  })
})
