import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { equal, hex, utf8 } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { LedgerRefusedError } from "../../src/base/errors.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import {
  type ChainTransfer,
  type Instruction,
  metadataDelta,
  mosaicIdOf,
  SymbolLedger,
  type SymbolNode,
  type TransactionState,
} from "../../src/ledger/index.ts"
import { aggregateOf, confirmed, multisig, newParties, type Party, transfer } from "./parties.ts"

const XYM = 1_000_000n
/** Blocks come when the devnet funds somebody, and never by the clock. */
const NEVER_MS = 0x7fffffff
const KEY = 0xd00d_0000_0000_0001n

const ways: [string, (devnet: Devnet) => SymbolNode][] = [
  ["in process", (devnet) => devnet.node],
  ["over a loopback socket", (devnet) => new HttpSymbolNode(devnet.url)],
]

describe.each(ways)("SymbolLedger %s", (_, connect) => {
  const draw = newParties(1)
  let devnet: Devnet
  let ledger: SymbolLedger

  beforeAll(async () => {
    devnet = await startDevnet({ generationHashSeed: new Uint8Array(32).fill(7) })
    ledger = new SymbolLedger({ node: connect(devnet), clock: systemClock })
  })
  afterAll(() => devnet.close())

  /** One party with 1000 XYM, and others without. */
  async function funded(): Promise<[rich: Party, second: Party, third: Party]> {
    const [rich, second, third] = draw(3) as [Party, Party, Party]
    await devnet.fund(rich.address, 1000n * XYM)
    return [rich, second, third]
  }

  async function balance({ address }: Party, mosaicId = devnet.currencyMosaicId): Promise<bigint> {
    return (await ledger.account(address))?.mosaics.get(mosaicId) ?? 0n
  }

  it("knows the network", async () => {
    const network = await ledger.network()
    expect(network.generationHash).toEqual(new Uint8Array(32).fill(7))
    expect(network.currencyMosaicId).toBe(devnet.currencyMosaicId)
    expect(network.identifier).toBe(0x98)
    expect(network.maxTransactionLifetimeMs).toBe(6 * 3_600_000)
  })

  it("moves a mosaic with a message, for the fee offered", async () => {
    const [alice, bob] = await funded()
    const message = utf8("an opaque record")
    const mosaics = [{ id: devnet.currencyMosaicId, amount: 5n * XYM }]
    const aggregate = await aggregateOf(
      ledger,
      [transfer(alice, bob, { mosaics, message })],
      [alice],
    )
    const { hash } = await ledger.announce(aggregate)
    const { height } = await ledger.confirm(hash)

    expect(await balance(bob)).toBe(5n * XYM)
    const read = await ledger.aggregate(hash)
    expect(read?.height).toBe(height)
    expect(Buffer.compare(read?.bytes ?? new Uint8Array(), aggregate)).toBe(0)
    expect(read?.instructions).toEqual([transfer(alice, bob, { mosaics, message })])
    const fee = read?.maxFee ?? 0n
    expect(fee).toBeGreaterThan(0n)
    expect(await balance(alice)).toBe(995n * XYM - fee)
    expect((await ledger.account(alice.address))?.publicKey).toEqual(alice.key)
    expect((await ledger.account(bob.address))?.publicKey).toBeUndefined()
  })

  it("has no account of whom the chain has never seen", async () => {
    const [stranger] = draw(1) as [Party]
    expect(await ledger.account(stranger.address)).toBeUndefined()
    expect(await ledger.multisig(stranger.address)).toBeUndefined()
    expect(await ledger.multisigGraph(stranger.address)).toEqual([])
    expect(await ledger.aggregate(stranger.seed)).toBeUndefined()
    expect(await ledger.state(stranger.seed)).toEqual({ group: "unknown" })
  })

  it("defines a mosaic and its supply, for the rental fee", async () => {
    const [alice, bob] = await funded()
    const mosaicId = mosaicIdOf(alice.address, 42)
    const rental = await ledger.mosaicRentalFee()
    const flags = {
      supplyMutable: true,
      transferable: false,
      restrictable: false,
      revokable: false,
    }
    const definition: Instruction = {
      type: "mosaic-definition",
      signer: alice.key,
      nonce: 42,
      mosaicId,
      duration: 0n,
      flags,
      divisibility: 0,
    }
    const supply = { type: "mosaic-supply", signer: alice.key, mosaicId } as const
    const { hash } = await confirmed(
      ledger,
      [
        definition,
        { ...supply, delta: 1000n, action: "increase" },
        { ...supply, delta: 100n, action: "decrease" },
        transfer(alice, bob, { mosaics: [{ id: mosaicId, amount: 1n }] }),
      ],
      [alice],
    )
    expect(await balance(alice, mosaicId)).toBe(899n)
    expect(await balance(bob, mosaicId)).toBe(1n)
    const fee = (await ledger.aggregate(hash))?.maxFee ?? 0n
    expect(await balance(alice)).toBe(1000n * XYM - rental - fee)
    expect(rental).toBe(50n * XYM)
  })

  it("writes, changes and removes account metadata", async () => {
    const [alice, bob] = await funded()
    const values = [utf8("first"), utf8("a longer second"), utf8("3rd"), new Uint8Array()]
    let old: Uint8Array | undefined
    for (const next of values) {
      const write = metadataDelta(old, next)
      const instruction = {
        type: "account-metadata",
        signer: alice.key,
        target: bob.address,
      } as const
      await confirmed(ledger, [{ ...instruction, key: KEY, ...write }], [alice, bob])
      old = await ledger.metadata(alice.address, bob.address, KEY)
      expect(old ?? new Uint8Array()).toEqual(next)
    }
    expect(old).toBeUndefined()
    expect(await ledger.metadata(bob.address, alice.address, KEY)).toBeUndefined()
  })

  it("nests multisig accounts three levels deep and lets the leaves sign", async () => {
    const [top, middle, group] = await funded()
    const [a, b, c, d] = draw(4) as [Party, Party, Party, Party]
    const steps: [Instruction, Party[]][] = [
      [multisig(group, [a, b], 2), [group, a, b]],
      [multisig(middle, [group, c], 1), [middle, a, b, c]],
      [multisig(top, [middle, d], 2), [top, a, b, d]],
    ]
    for (const [instruction, signers] of steps) {
      // The fee payer takes part by an empty transfer, as a sponsor must.
      const [sponsor] = await funded()
      await confirmed(ledger, [instruction, transfer(sponsor, sponsor)], [sponsor, ...signers])
    }
    const graph = await ledger.multisigGraph(middle.address)
    const levels = graph.map(({ level, address }) => [level, hex(address)])
    expect(levels.filter(([level]) => level === -1)).toEqual([[-1, hex(top.address)]])
    expect(levels.filter(([level]) => level === 0)).toEqual([[0, hex(middle.address)]])
    expect(levels.filter(([level]) => level === 1).length).toBe(2)
    expect(levels.filter(([level]) => level === 2).length).toBe(2)

    // 2 of {d, middle}, where middle is 1 of {c, group}: c and d suffice; the fee payer is d.
    await devnet.fund(d.address, 10n * XYM)
    const pay = transfer(top, d, { mosaics: [{ id: devnet.currencyMosaicId, amount: XYM }] })
    const before = await balance(top)
    await confirmed(ledger, [pay], [d, c])
    expect(await balance(top)).toBe(before - XYM)
    // One of two in the group is not enough for it to stand in for c.
    const { hash } = await ledger.announce(await aggregateOf(ledger, [pay], [d, a]))
    const refusal = await ledger.confirm(hash).catch((error: unknown) => error)
    expect((refusal as LedgerRefusedError).status).toBe("Failure_Aggregate_Missing_Cosignatures")
    expect(await balance(top)).toBe(before - XYM)
  })

  it("is complete with the cosignatures of all who take part, in any order", async () => {
    const [alice, bob, carol] = await funded()
    const both = [transfer(alice, bob), transfer(bob, carol), transfer(carol, alice)]
    const { hash } = await confirmed(ledger, both, [alice, carol, bob])
    const read = await ledger.aggregate(hash)
    expect(read?.cosignatories).toEqual([carol.key, bob.key])
    expect(read?.instructions).toEqual(both)
  })

  it("goes from announced to unconfirmed, confirmed and final", async () => {
    const held = await startDevnet({ blockTimeMs: NEVER_MS })
    try {
      const waiting = new SymbolLedger({ node: connect(held), clock: systemClock })
      const [alice, bob] = draw(2) as [Party, Party]
      await held.fund(alice.address, XYM)
      const aggregate = await aggregateOf(waiting, [transfer(alice, bob)], [alice])
      const { hash } = await waiting.announce(aggregate)
      const states: TransactionState[] = []
      const onState = (state: TransactionState) => {
        states.push(state)
        // A block comes once the client has seen that the transaction waits.
        if (state.group === "unconfirmed") void held.fund(bob.address, 1n)
      }
      const { height } = await waiting.confirm(hash, { onState })
      expect(states).toEqual([{ group: "unconfirmed" }, { group: "confirmed", height }])
      expect((await waiting.chain()).finalizedHeight).toBeLessThan(height)
      const final = waiting.finalize(hash)
      for (let i = 0; i < 2; i++) await held.fund(bob.address, 1n)
      expect(await final).toBe(height)
      expect(await waiting.chain()).toEqual({ height: height + 2, finalizedHeight: height })
    } finally {
      await held.close()
    }
  })

  it("is refused with the node's code, and nothing moved", async () => {
    const [alice, bob] = await funded()
    const mosaics = [{ id: devnet.currencyMosaicId, amount: 1001n * XYM }]
    const { hash } = await ledger.announce(
      await aggregateOf(ledger, [transfer(alice, bob, { mosaics })], [alice]),
    )
    const refusal = await ledger.confirm(hash).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(LedgerRefusedError)
    expect((refusal as LedgerRefusedError).status).toBe("Failure_Core_Insufficient_Balance")
    expect(await ledger.aggregate(hash)).toBeUndefined()
    expect(await balance(alice)).toBe(1000n * XYM)
    expect(await ledger.account(bob.address)).toBeUndefined()
  })

  it("pages through transfers in the order of the chain", async () => {
    const [alice, bob, carol] = await funded()
    const inbox: ChainTransfer[] = []
    let sent = 0
    for (const count of [99, 1, 60, 100]) {
      const instructions = Array.from({ length: count }, () =>
        transfer(alice, bob, { message: utf8(`message ${sent++}`) }),
      )
      await confirmed(ledger, instructions, [alice])
    }
    await confirmed(ledger, [transfer(alice, carol), transfer(carol, bob)], [alice, carol])
    for await (const one of ledger.transfers({ recipient: bob.address, signer: alice.key }))
      inbox.push(one)
    expect(inbox.length).toBe(260)
    expect(inbox.map(({ message }) => Buffer.from(message).toString())).toEqual(
      Array.from({ length: 260 }, (__, i) => `message ${i}`),
    )
    expect(new Set(inbox.map(({ height }) => height)).size).toBe(4)
    const [first, third] = [inbox[0]?.height ?? 0, inbox[100]?.height ?? 0]
    const some: ChainTransfer[] = []
    const query = { recipient: bob.address, fromHeight: first, toHeight: third }
    for await (const one of ledger.transfers(query)) some.push(one)
    expect(some.length).toBe(160)
    const all: ChainTransfer[] = []
    for await (const one of ledger.transfers({ recipient: bob.address })) all.push(one)
    expect(all.length).toBe(261)
  })

  it("puts several aggregates of one block in order", async () => {
    const held = await startDevnet({ blockTimeMs: NEVER_MS })
    try {
      const waiting = new SymbolLedger({ node: connect(held), clock: systemClock })
      const [alice, bob] = draw(2) as [Party, Party]
      await held.fund(alice.address, XYM)
      const hashes: Uint8Array[] = []
      for (let i = 0; i < 5; i++) {
        const pair = [0, 1].map((part) => transfer(alice, bob, { message: Uint8Array.of(i, part) }))
        const { hash } = await waiting.announce(await aggregateOf(waiting, pair, [alice]))
        hashes.push(hash)
      }
      await held.fund(alice.address, XYM)
      const places = await Promise.all(hashes.map((hash) => waiting.confirm(hash)))
      const read: string[] = []
      for await (const one of waiting.transfers({ recipient: bob.address }))
        read.push(hex(one.message))
      expect(read).toEqual([0, 1, 2, 3, 4].flatMap((i) => [`0${i}00`, `0${i}01`]))
      expect(new Set(places.map(({ height }) => height)).size).toBe(1)
      for (const hash of hashes) {
        const proof = await waiting.proveTransaction(hash)
        expect(proof.aggregate.hash).toEqual(hash)
      }
    } finally {
      await held.close()
    }
  })

  it("proves a transaction, a metadata value, a multisig entry and a balance", async () => {
    const [alice, bob, carol] = await funded()
    const write = metadataDelta(undefined, utf8("proven"))
    const metadata = { type: "account-metadata", signer: alice.key, target: alice.address } as const
    const { hash, height } = await confirmed(
      ledger,
      [{ ...metadata, key: KEY, ...write }, multisig(bob, [carol])],
      [alice, bob, carol],
    )
    const transaction = await ledger.proveTransaction(hash)
    expect(transaction.block.height).toBe(height)
    expect(transaction.aggregate.cosignatories).toEqual([bob.key, carol.key])

    const source = { source: alice.address, target: alice.address, key: KEY }
    const value = await ledger.proveMetadata(source)
    expect(value.value).toEqual(utf8("proven"))
    expect(value.block.height).toBeGreaterThanOrEqual(height)
    expect((await ledger.proveMetadata({ ...source, key: KEY + 1n })).value).toBeUndefined()

    const entry = await ledger.proveMultisig(bob.address)
    expect(entry.value?.cosignatories).toEqual([carol.address])
    expect((await ledger.proveMultisig(alice.address)).value).toBeUndefined()

    const held = await ledger.proveBalance(alice.address, devnet.currencyMosaicId)
    expect(held.value).toBe(await balance(alice))
    expect(held.value).toBeGreaterThan(0n)
    const [stranger] = draw(1) as [Party]
    expect((await ledger.proveBalance(stranger.address, devnet.currencyMosaicId)).value).toBe(0n)
  })

  it("links each block to the one before", async () => {
    const [alice, bob] = await funded()
    const { height } = await confirmed(ledger, [transfer(alice, bob)], [alice])
    for (let at = 2; at <= height; at++) {
      const [before, block] = [await ledger.block(at - 1), await ledger.block(at)]
      expect(equal(block.previousBlockHash, before.hash)).toBe(true)
      expect(block.timestampMs).toBeGreaterThan(before.timestampMs)
    }
    expect(height).toBeGreaterThan(2)
  })
})
