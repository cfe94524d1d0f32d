import fc from "fast-check"
import { Hash256, PrivateKey } from "symbol-sdk"
import { models, Network as SdkNetwork, SymbolFacade } from "symbol-sdk/symbol"
import { describe, expect, it } from "vitest"
import { concat, hex } from "../../../src/base/bytes.ts"
import {
  ForeignNetworkError,
  IntegrityError,
  InvalidInputError,
  MedlakeError,
  UnsupportedError,
} from "../../../src/base/errors.ts"
import { signBytes } from "../../../src/crypto/ed25519.ts"
import {
  aggregateHash,
  deadlineOf,
  draftAggregate,
  type Instruction,
  parseAggregate,
  signingBytes,
  verifyAggregate,
  withCosignature,
  withSignature,
} from "../../../src/ledger/index.ts"
import {
  ALICE,
  BOB,
  CAROL,
  draft,
  EVERY_INSTRUCTION,
  NETWORK,
  party,
  signed,
  transfer,
} from "./fixtures.ts"

const facade = new SymbolFacade(
  new SdkNetwork(
    NETWORK.name,
    NETWORK.identifier,
    new Date(NETWORK.epochAdjustmentS * 1000),
    new Hash256(NETWORK.generationHash.slice()),
  ),
)
const asSdk = (bytes: Uint8Array) =>
  models.AggregateCompleteTransactionV3.deserialize(bytes.slice())

describe("draftAggregate", () => {
  it("writes what the SDK reads, with the SDK's transactions hash", () => {
    const bytes = draft(EVERY_INSTRUCTION, 2)
    const sdk = asSdk(bytes)
    expect(sdk.transactions.length).toBe(EVERY_INSTRUCTION.length)
    expect(Buffer.compare(sdk.serialize(), bytes)).toBe(0)
    const expected = SymbolFacade.hashEmbeddedTransactions(sdk.transactions)
    expect(sdk.transactionsHash.toString()).toBe(expected.toString())
  })

  it("reserves 104 bytes of fee for each cosignature to come", () => {
    const bytes = draft([transfer()], 3)
    const { maxFee, size } = parseAggregate(NETWORK, bytes)
    expect(size).toBe(bytes.length)
    expect(maxFee).toBe(BigInt((bytes.length + 3 * 104) * 100))
  })

  it("orders the mosaics of a transfer as the chain demands", () => {
    const mosaics = [9n, 2n, 5n].map((id) => ({ id, amount: 1n }))
    const bytes = draft([{ ...transfer(), mosaics } as Instruction])
    const [read] = parseAggregate(NETWORK, bytes).instructions
    expect(read?.type === "transfer" && read.mosaics.map(({ id }) => id)).toEqual([2n, 5n, 9n])
  })

  const bad: [string, Parameters<typeof draftAggregate>[1]][] = [
    ["no instruction", { ...base(), instructions: [] }],
    ["101 instructions", { ...base(), instructions: Array<Instruction>(101).fill(transfer()) }],
    ["25 cosignatures", { ...base(), cosignatures: 25 }],
    ["a negative number of cosignatures", { ...base(), cosignatures: -1 }],
    ["a broken fee multiplier", { ...base(), feeMultiplier: 0.5 }],
    ["a broken deadline", { ...base(), deadlineMs: -1 }],
    ["a signer of 31 bytes", { ...base(), signer: new Uint8Array(31) }],
    ["a message of 1025 bytes", { ...base(), instructions: [transfer(new Uint8Array(1025))] }],
    ["a recipient of 23 bytes", one({ recipient: new Uint8Array(23) })],
    ["the same mosaic twice", one({ mosaics: [mosaic(4n), mosaic(4n)] })],
    ["an amount over 64 bits", one({ mosaics: [{ id: 4n, amount: 1n << 64n }] })],
    ["an embedded signer of 33 bytes", one({ signer: new Uint8Array(33) })],
    ["a delta of 128", other(1, { minApprovalDelta: 128 })],
    ["a nonce over 32 bits", other(2, { nonce: 2 ** 32 })],
    ["a metadata value of 1025 bytes", other(4, { value: new Uint8Array(1025) })],
    ["a metadata delta over 16 bits", other(4, { valueSizeDelta: 40_000 })],
    ["a metadata key over 64 bits", other(4, { key: 1n << 64n })],
    ["a divisibility over 8 bits", other(2, { divisibility: 256 })],
    ["a duration over 64 bits", other(2, { duration: 1n << 64n })],
    ["a negative supply change", other(3, { delta: -1n })],
  ]
  it.each(bad)("refuses %s", (_, arguments_) => {
    expect(() => draftAggregate(NETWORK, arguments_)).toThrow(InvalidInputError)
  })

  function base() {
    const common = { signer: ALICE.key, deadlineMs: 1, feeMultiplier: 1, cosignatures: 0 }
    return { ...common, instructions: [transfer()] as readonly Instruction[] }
  }
  function one(change: object) {
    return { ...base(), instructions: [{ ...transfer(), ...change } as Instruction] }
  }
  function other(index: number, change: object) {
    return { ...base(), instructions: [{ ...EVERY_INSTRUCTION[index], ...change } as Instruction] }
  }
  function mosaic(id: bigint) {
    return { id, amount: 1n }
  }
})

describe("signing", () => {
  it("signs, hashes and cosigns to the bytes that the SDK makes", () => {
    const unsigned = draft(EVERY_INSTRUCTION, 1)
    const ours = signed(unsigned, BOB)

    const sdk = asSdk(unsigned)
    const alice = facade.createAccount(new PrivateKey(ALICE.seed.slice()))
    const bob = facade.createAccount(new PrivateKey(BOB.seed.slice()))
    facade.transactionFactory.static.attachSignature(sdk, alice.signTransaction(sdk))
    sdk.cosignatures.push(bob.cosignTransaction(sdk))
    expect(Buffer.compare(sdk.serialize(), ours)).toBe(0)
    expect(hex(aggregateHash(NETWORK, ours))).toBe(hex(facade.hashTransaction(sdk).bytes))
    expect(Buffer.compare(facade.extractSigningPayload(sdk), signingBytes(NETWORK, ours))).toBe(0)
  })

  it("keeps the hash when a cosignature is added", () => {
    const aggregate = signed(draft([transfer()], 2))
    expect(aggregateHash(NETWORK, signed(draft([transfer()], 2), BOB, CAROL))).toEqual(
      aggregateHash(NETWORK, aggregate),
    )
  })

  it("changes the hash with the signature", () => {
    const aggregate = signed(draft([transfer()]))
    const other = withSignature(aggregate, new Uint8Array(64).fill(1))
    expect(aggregateHash(NETWORK, other)).not.toEqual(aggregateHash(NETWORK, aggregate))
  })

  it("refuses a second cosignature of the same key, and one of the signer", () => {
    const aggregate = signed(draft([transfer()], 2), BOB)
    const signature = new Uint8Array(64)
    for (const { key } of [BOB, ALICE]) {
      expect(() => withCosignature(aggregate, { publicKey: key, signature })).toThrow(
        InvalidInputError,
      )
    }
  })

  it("refuses the 25th cosignature", () => {
    const cosigners = Array.from({ length: 24 }, (_, i) => party(10 + i))
    const aggregate = signed(draft([transfer()], 24), ...cosigners)
    const signature = new Uint8Array(64)
    expect(() => withCosignature(aggregate, { publicKey: party(99).key, signature })).toThrow(
      InvalidInputError,
    )
  })
})

describe("parseAggregate", () => {
  it("gives back every instruction, header and cosignature", () => {
    const aggregate = signed(draft(EVERY_INSTRUCTION, 2, 12_345_678), BOB, CAROL)
    const parsed = parseAggregate(NETWORK, aggregate)
    expect(parsed.instructions).toEqual(EVERY_INSTRUCTION)
    expect(parsed.signer).toEqual(ALICE.key)
    expect(parsed.deadlineMs).toBe(12_345_678)
    expect(deadlineOf(aggregate)).toBe(12_345_678)
    expect(parsed.feeMultiplier).toBe(100)
    expect(parsed.cosignatures.map(({ publicKey }) => publicKey)).toEqual([BOB.key, CAROL.key])
  })

  it("reads an aggregate that stands in a larger buffer", () => {
    const aggregate = draft([transfer(new Uint8Array(5))])
    const inside = concat(new Uint8Array(3), aggregate, new Uint8Array(50)).subarray(
      3,
      3 + aggregate.length,
    )
    expect(parseAggregate(NETWORK, inside).instructions).toEqual([transfer(new Uint8Array(5))])
  })

  it("holds an aggregate of 100 full messages", () => {
    const message = new Uint8Array(1024).fill(7)
    const bytes = draft(Array<Instruction>(100).fill(transfer(message)))
    expect(bytes.length).toBe(110_568)
    expect(parseAggregate(NETWORK, bytes).instructions.length).toBe(100)
  })

  const message = new Uint8Array(13).fill(1)
  const edits: [string, (bytes: Uint8Array) => Uint8Array, new (m: string) => Error][] = [
    ["a byte too few", (b) => b.slice(0, -1), InvalidInputError],
    ["a byte too many", (b) => concat(b, new Uint8Array(1)), InvalidInputError],
    ["nothing", () => new Uint8Array(), InvalidInputError],
    ["another type", set(110, 0x54), UnsupportedError],
    ["a bonded aggregate", set(111, 0x42), UnsupportedError],
    ["version 2", set(108, 2), UnsupportedError],
    ["another network", set(109, 0x68), ForeignNetworkError],
    ["a reserved header byte", set(4, 1), InvalidInputError],
    ["a reserved key byte", set(104, 1), InvalidInputError],
    ["a reserved aggregate byte", set(164, 1), InvalidInputError],
    ["a payload size beyond its end", set(160, 0xf0), InvalidInputError],
    ["an embedded size of zero", set(168, 0), InvalidInputError],
    ["an embedded size beyond its end", set(169, 9), InvalidInputError],
    ["an embedded reserved byte", set(172, 1), InvalidInputError],
    ["an embedded unknown type", set(168 + 46, 0x48), UnsupportedError],
    ["an embedded version 2", set(168 + 44, 2), UnsupportedError],
    ["an embedded other network", set(168 + 45, 0x68), ForeignNetworkError],
    ["a message size beyond its end", set(168 + 48 + 24, 200), InvalidInputError],
    ["a byte behind its message", set(168 + 48 + 24, 12), InvalidInputError],
    ["padding that is not zero", set(168 + 93, 1), InvalidInputError],
    ["another message", set(168 + 80, 2), IntegrityError],
    ["another transactions hash", set(128, 0), IntegrityError],
  ]
  it.each(edits)("refuses %s", (_, edit, error) => {
    const bytes = draft([transfer(message)])
    expect(() => parseAggregate(NETWORK, edit(bytes))).toThrow(error)
  })

  it("refuses a cosignature of another version", () => {
    const bytes = signed(draft([transfer()], 1), BOB)
    bytes[bytes.length - 104] = 1
    expect(() => parseAggregate(NETWORK, bytes)).toThrow(InvalidInputError)
  })

  it("refuses with an error of its own whatever byte is changed", () => {
    const bytes = signed(draft(EVERY_INSTRUCTION, 1), BOB)
    let refused = 0
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const altered = bytes.slice()
        altered[at] = (altered[at] as number) ^ flip
        expect(() => verifyAggregate(NETWORK, altered)).toThrow(MedlakeError)
        refused++
      }),
      { numRuns: 500, seed: 20261124 },
    )
    expect(refused).toBe(500)
  })

  function set(at: number, value: number) {
    return (bytes: Uint8Array) => {
      expect(bytes[at]).not.toBe(value)
      bytes[at] = value
      return bytes
    }
  }
})

describe("verifyAggregate", () => {
  it("accepts signer and cosigners who signed", () => {
    const { instructions } = verifyAggregate(NETWORK, signed(draft([transfer()], 2), BOB, CAROL))
    expect(instructions.length).toBe(1)
  })

  it("refuses an unsigned aggregate", () => {
    expect(() => verifyAggregate(NETWORK, draft([transfer()]))).toThrow(/signature does not verify/)
  })

  it("refuses an aggregate signed for another network", () => {
    const other = { ...NETWORK, generationHash: new Uint8Array(32) }
    expect(() => verifyAggregate(other, signed(draft([transfer()])))).toThrow(IntegrityError)
  })

  it("refuses a cosignature over another aggregate", () => {
    const other = aggregateHash(NETWORK, signed(draft([transfer(new Uint8Array(1))])))
    const forged = { publicKey: BOB.key, signature: signBytes(BOB.seed, other) }
    const aggregate = withCosignature(signed(draft([transfer()], 1)), forged)
    expect(() => verifyAggregate(NETWORK, aggregate)).toThrow(`cosignature of ${hex(BOB.key)}`)
  })

  it("refuses a cosignature that stands there twice", () => {
    const once = signed(draft([transfer()], 2), BOB)
    const twice = concat(once, once.subarray(once.length - 104))
    new DataView(twice.buffer).setUint32(0, twice.length, true)
    expect(() => verifyAggregate(NETWORK, twice)).toThrow(/signed the aggregate twice/)
  })
})
