import { afterEach, describe, expect, it } from "vitest"
import { hex } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import { type Hint, SymbolLedger, type SymbolNode } from "../../src/ledger/index.ts"
import { aggregateOf, confirmed, newParties, type Party, transfer } from "./parties.ts"

const XYM = 1_000_000n

const ways: [string, (devnet: Devnet) => SymbolNode][] = [
  ["in process", (devnet) => devnet.node],
  ["over a loopback socket", (devnet) => new HttpSymbolNode(devnet.url)],
]

/** Hints as they come, and a way to wait for one. */
function collect() {
  const hints: Hint[] = []
  const waiting = new Set<() => void>()
  return {
    hints,
    onHint: (hint: Hint) => {
      hints.push(hint)
      for (const look of waiting) look()
    },
    until: (isWanted: (hint: Hint) => boolean) =>
      new Promise<Hint>((resolve) => {
        const look = () => {
          const found = hints.find(isWanted)
          if (!found) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

const running: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).toReversed()) await stop()
})

async function start(port = 0, folder?: string): Promise<Devnet> {
  const devnet = await startDevnet({ port, ...(folder ? { folder } : {}) })
  running.push(() => devnet.close())
  return devnet
}

/** Watches until the test ends; resolves once subscribed. */
async function watching(ledger: SymbolLedger, addresses: readonly Uint8Array[] | "all") {
  const stop = new AbortController()
  const { hints, onHint, until } = collect()
  const ended = ledger.watch(addresses, onHint, { signal: stop.signal })
  running.push(async () => {
    stop.abort()
    await ended
  })
  await until(({ kind }) => kind === "connected")
  return { hints, until, stop, ended }
}

const isOf = (hash: Uint8Array, kind: Hint["kind"]) => (hint: Hint) =>
  hint.kind === kind && "hash" in hint && hex(hint.hash) === hex(hash)

describe.each(ways)("watch %s", (_, connect) => {
  const draw = newParties(5000)

  it("hints at what waits, is confirmed, fails and becomes final", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: connect(devnet), clock: systemClock })
    const [alice, bob] = draw(2) as [Party, Party]
    await devnet.fund(alice.address, 100n * XYM)
    const { until } = await watching(ledger, [bob.address, alice.address])

    const { hash, height } = await confirmed(ledger, [transfer(alice, bob)], [alice])
    await until(isOf(hash, "unconfirmed"))
    await until(isOf(hash, "confirmed"))
    await until((hint) => hint.kind === "block" && hint.height === height)
    await until((hint) => hint.kind === "finalized" && hint.height >= height)

    const mosaics = [{ id: devnet.currencyMosaicId, amount: 1000n * XYM }]
    const tooMuch = await aggregateOf(ledger, [transfer(alice, bob, { mosaics })], [alice])
    const refused = await ledger.announce(tooMuch)
    const failed = await until(isOf(refused.hash, "failed"))
    expect(failed).toEqual({
      kind: "failed",
      hash: refused.hash,
      code: "Failure_Core_Insufficient_Balance",
    })
  })

  it("hints at nothing of other people", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: connect(devnet), clock: systemClock })
    const [alice, bob, carol] = draw(3) as [Party, Party, Party]
    await devnet.fund(alice.address, 100n * XYM)
    const { hints, until } = await watching(ledger, [carol.address])
    const other = await confirmed(ledger, [transfer(alice, bob)], [alice])
    const own = await confirmed(ledger, [transfer(alice, carol)], [alice])
    await until(isOf(own.hash, "confirmed"))
    expect(hints.filter((hint) => "hash" in hint && hex(hint.hash) === hex(other.hash))).toEqual([])
    expect(hints.filter(({ kind }) => kind === "block").length).toBeGreaterThan(1)
  })

  it("hears of everybody when it watches all", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: connect(devnet), clock: systemClock })
    const [alice, bob] = draw(2) as [Party, Party]
    await devnet.fund(alice.address, 100n * XYM)
    const { until } = await watching(ledger, "all")
    const { hash } = await confirmed(ledger, [transfer(alice, bob)], [alice])
    expect(await until(isOf(hash, "confirmed"))).toEqual({ kind: "confirmed", hash })
  })

  it("ends without an error, and without a hint more, when aborted", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: connect(devnet), clock: systemClock })
    const [alice, bob] = draw(2) as [Party, Party]
    await devnet.fund(alice.address, 100n * XYM)
    const { hints, stop, ended } = await watching(ledger, "all")
    stop.abort()
    await expect(ended).resolves.toBeUndefined()
    const count = hints.length
    await confirmed(ledger, [transfer(alice, bob)], [alice])
    expect(hints.length).toBe(count)
  })
})

describe("watch over a lost socket", () => {
  it("connects again to the node that comes back, and says so", async () => {
    const first = await startDevnet()
    const port = Number(new URL(first.url).port)
    const ledger = new SymbolLedger({ node: new HttpSymbolNode(first.url), clock: systemClock })
    const { hints, until } = await watching(ledger, "all")
    await first.close()
    const second = await start(port)
    await until(
      (hint) =>
        hint.kind === "connected" && hints.filter((h) => h.kind === "connected").length === 2,
    )
    await second.fund(new Uint8Array(newParties(9)(1)[0]?.address ?? []), XYM)
    const seen = await until(({ kind }) => kind === "confirmed")
    expect(seen.kind).toBe("confirmed")
    expect(hints.filter(({ kind }) => kind === "connected").length).toBe(2)
  })
})
