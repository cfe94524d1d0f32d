import { afterEach, describe, expect, it } from "vitest"
import { type Clock, systemClock } from "../../src/base/clock.ts"
import {
  ClockSkewError,
  DeadlineError,
  ForeignNetworkError,
  IntegrityError,
  LedgerUnavailableError,
  NotFoundError,
} from "../../src/base/errors.ts"
import { type Devnet, type DevnetOptions, startDevnet } from "../../src/devnet/index.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import {
  metadataDelta,
  type NodeResponse,
  SymbolLedger,
  type SymbolNode,
} from "../../src/ledger/index.ts"
import { listenOnLoopback } from "../support/loopback.ts"
import { aggregateOf, confirmed, newParties, type Party, transfer } from "./parties.ts"

const XYM = 1_000_000n
const draw = newParties(7000)
const running: Devnet[] = []
afterEach(async () => {
  for (const devnet of running.splice(0)) await devnet.close()
})

async function start(options?: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

/** A clock whose time stands still and whose sleeps end at once, moving it on. */
function jumpingClock(startMs = systemClock.now()): Clock & { slept: number } {
  const clock = {
    slept: 0,
    now: () => startMs + clock.slept,
    sleep: async (ms: number) => {
      clock.slept += ms
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  return clock
}

/** A node whose answers are altered on their way. */
function altering(
  { node }: Devnet,
  alter: (path: string, answer: NodeResponse) => NodeResponse,
): SymbolNode {
  return {
    request: async (method, path, body) => alter(path, await node.request(method, path, body)),
    listen: (channels, onFrame) => node.listen(channels, onFrame),
  }
}

describe("a node that nobody answers for", () => {
  it("is unavailable: every reading call says so", async () => {
    const gone = await listenOnLoopback(async () => undefined)
    await gone.stop()
    const ledger = new SymbolLedger({ node: new HttpSymbolNode(gone.url), clock: systemClock })
    const [alice] = draw(1) as [Party]
    const calls = [
      ledger.network(),
      ledger.time(),
      ledger.feeMultiplier(),
      ledger.chain(),
      ledger.state(alice.seed),
      ledger.account(alice.address),
      ledger.multisig(alice.address),
      ledger.metadata(alice.address, alice.address, 1n),
      ledger.block(1),
      ledger.hasFaucet(),
    ]
    const errors = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)))
    expect(errors.length).toBe(10)
    for (const error of errors) {
      expect(error).toBeInstanceOf(LedgerUnavailableError)
      expect((error as LedgerUnavailableError).code).toBe("ledger_unavailable")
      expect((error as LedgerUnavailableError).retryable).toBe(true)
    }
  })

  it("is unavailable when it stalls", async () => {
    const stalled = await listenOnLoopback(() => new Promise(() => undefined))
    try {
      const node = new HttpSymbolNode(stalled.url, { timeoutMs: 50 })
      const ledger = new SymbolLedger({ node, clock: systemClock })
      await expect(ledger.network()).rejects.toThrow(LedgerUnavailableError)
    } finally {
      await stalled.stop()
    }
  })

  it("is given 15 s by whoever waits for a confirmation", async () => {
    const devnet = await start({ blockTimeMs: 3_600_000 })
    const clock = jumpingClock()
    let isGone = false
    const node = altering(devnet, (_, answer) => {
      if (isGone) throw new LedgerUnavailableError("gone")
      return answer
    })
    const ledger = new SymbolLedger({ node, clock })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const { hash } = await ledger.announce(
      await aggregateOf(ledger, [transfer(alice, alice)], [alice]),
    )
    isGone = true
    await expect(ledger.confirm(hash)).rejects.toThrow(LedgerUnavailableError)
    expect(clock.slept).toBeGreaterThanOrEqual(15_000)
    expect(clock.slept).toBeLessThan(20_000)
  })

  it("is asked again when it was away once, even for its network", async () => {
    const devnet = await start()
    let isGone = true
    const node = altering(devnet, (_, answer) => {
      if (isGone) throw new LedgerUnavailableError("gone")
      return answer
    })
    const ledger = new SymbolLedger({ node, clock: systemClock })
    await expect(ledger.network()).rejects.toThrow(LedgerUnavailableError)
    isGone = false
    expect((await ledger.network()).name).toBe("testnet")
  })
})

describe("a foreign network", () => {
  it("is refused by its generation hash", async () => {
    const devnet = await start({ generationHashSeed: new Uint8Array(32).fill(1) })
    const pin = new Uint8Array(32).fill(2)
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock, pin })
    const [alice] = draw(1) as [Party]
    const refusal = await ledger.network().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ForeignNetworkError)
    expect((refusal as ForeignNetworkError).code).toBe("foreign_network")
    await expect(ledger.deadline(1000)).rejects.toThrow(ForeignNetworkError)
    await expect(ledger.announce(alice.seed)).rejects.toThrow(ForeignNetworkError)
    const pool = await devnet.node.request("GET", "/transactions/unconfirmed")
    expect(pool.body).toMatchObject({ data: [] })
  })

  it("is the pinned one or nothing: the right pin is taken", async () => {
    const pin = new Uint8Array(32).fill(1)
    const devnet = await start({ generationHashSeed: pin })
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock, pin })
    expect((await ledger.network()).generationHash).toEqual(pin)
  })

  it("takes nothing that was signed for another one", async () => {
    const [one, other] = [await start(), await start()]
    const [alice] = draw(1) as [Party]
    const here = new SymbolLedger({ node: one.node, clock: systemClock })
    const there = new SymbolLedger({ node: other.node, clock: systemClock })
    for (const devnet of [one, other]) await devnet.fund(alice.address, XYM)
    const aggregate = await aggregateOf(here, [transfer(alice, alice)], [alice])
    const { hash } = await there.announce(aggregate)
    const code = "Failure_Consumer_Batch_Signature_Not_Verifiable"
    await expect(there.confirm(hash)).rejects.toMatchObject({ status: code })
  })
})

describe("deadlines", () => {
  it("are not set by a clock that is off by more than five minutes", async () => {
    const devnet = await start()
    for (const off of [-3_600_000, -301_000, 301_000, 3_600_000]) {
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + off }
      const ledger = new SymbolLedger({ node: devnet.node, clock })
      await expect(ledger.deadline(60_000)).rejects.toThrow(ClockSkewError)
    }
    const near: Clock = { ...systemClock, now: () => systemClock.now() + 290_000 }
    const ledger = new SymbolLedger({ node: devnet.node, clock: near })
    const nowMs = await ledger.time()
    const deadlineMs = await ledger.deadline(60_000)
    expect(deadlineMs).toBeGreaterThanOrEqual(nowMs + 60_000)
  })

  it("are never further than the network takes", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const aggregate = await aggregateOf(ledger, [transfer(alice, alice)], [alice], 10 * 86_400_000)
    const { hash } = await ledger.announce(aggregate)
    expect((await ledger.confirm(hash)).state).toBe("confirmed")
  })

  it("pass: what is not confirmed by then is given up", async () => {
    const clock = jumpingClock()
    const devnet = await start({ blockTimeMs: 3_600_000, clock })
    const ledger = new SymbolLedger({ node: devnet.node, clock })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const aggregate = await aggregateOf(ledger, [transfer(alice, alice)], [alice], 60_000)
    const { hash } = await ledger.announce(aggregate)
    await expect(ledger.confirm(hash)).rejects.toThrow(DeadlineError)
    expect(clock.slept).toBeGreaterThan(60_000)
  })

  it("pass before the announcement: the node's refusal is a deadline error too", async () => {
    const clock = jumpingClock()
    const devnet = await start({ clock })
    const ledger = new SymbolLedger({ node: devnet.node, clock })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const aggregate = await aggregateOf(ledger, [transfer(alice, alice)], [alice], 60_000)
    clock.slept += 60_001
    const { hash } = await ledger.announce(aggregate)
    await expect(ledger.confirm(hash)).rejects.toThrow(/Failure_Core_Past_Deadline/)
    expect(await ledger.aggregate(hash)).toBeUndefined()
  })
})

describe("a transaction that the node loses", () => {
  it("is announced again until it is confirmed", async () => {
    const devnet = await start()
    let lost = 0
    const node: SymbolNode = {
      ...altering(devnet, (_, answer) => answer),
      request: async (method, path, body) => {
        if (method === "PUT" && lost++ < 2) return { status: 202, body: { message: "" } }
        return await devnet.node.request(method, path, body)
      },
    }
    const ledger = new SymbolLedger({ node, clock: jumpingClock() })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const { hash } = await confirmed(ledger, [transfer(alice, alice)], [alice])
    expect(await ledger.state(hash)).toMatchObject({ group: "confirmed" })
    expect(lost).toBe(3)
  })

  it("is not found when neither its payload nor its deadline is known", async () => {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    await expect(ledger.confirm(new Uint8Array(32))).rejects.toThrow(NotFoundError)
    await expect(ledger.proveTransaction(new Uint8Array(32))).rejects.toThrow(NotFoundError)
  })
})

interface Asked {
  readonly devnet: Devnet
  readonly alice: Party
  readonly hash: Uint8Array
}

interface Lie {
  readonly name: string
  /** Which answers are altered. */
  readonly route: RegExp
  /** Path of the field in the answer. */
  readonly field: string
  readonly change: (told: unknown) => unknown
  readonly read: (ledger: SymbolLedger, asked: Asked) => Promise<unknown>
}

const flip = (text: unknown) => (String(text).startsWith("0") ? "1" : "0") + String(text).slice(1)
const aggregate = {
  route: /^\/transactions\/confirmed\//,
  read: (ledger: SymbolLedger, { hash }: Asked) => ledger.aggregate(hash),
}
const inclusion = (ledger: SymbolLedger, { hash }: Asked) => ledger.proveTransaction(hash)
const header = {
  route: /^\/blocks\/\d+$/,
  read: (ledger: SymbolLedger) => ledger.block(2),
}
const balance = {
  route: /^\/accounts\/[A-Z0-9]+$/,
  read: (ledger: SymbolLedger, { alice, devnet }: Asked) =>
    ledger.proveBalance(alice.address, devnet.currencyMosaicId),
}
const value = (ledger: SymbolLedger, { alice }: Asked) =>
  ledger.proveMetadata({ source: alice.address, target: alice.address, key: 5n })
const part = "transaction.transactions.1.transaction"
const roots = "meta.stateHashSubCacheMerkleRoots"

const LIES: readonly Lie[] = [
  { name: "another recipient", ...aggregate, field: `${part}.recipientAddress`, change: flip },
  { name: "another deadline", ...aggregate, field: "transaction.deadline", change: () => "1" },
  { name: "another signature", ...aggregate, field: "transaction.signature", change: flip },
  {
    name: "another cosignature",
    ...aggregate,
    field: "transaction.cosignatures.0.signature",
    change: flip,
  },
  {
    name: "another height",
    route: aggregate.route,
    field: "meta.height",
    change: () => "2",
    read: inclusion,
  },
  {
    name: "another merkle path",
    route: /\/transactions\/.*\/merkle$/,
    field: "merklePath",
    change: () => [{ hash: "00".repeat(32), position: "left" }],
    read: inclusion,
  },
  { name: "another timestamp", ...header, field: "block.timestamp", change: () => "1" },
  { name: "another block hash", ...header, field: "meta.hash", change: flip },
  { name: "another harvester", ...header, field: "block.signerPublicKey", change: flip },
  { name: "another state root", ...header, field: `${roots}.8`, change: flip },
  { name: "another balance", ...balance, field: "account.mosaics.0.amount", change: () => "1" },
  { name: "another account", ...balance, field: "account.address", change: flip },
  { name: "no account", ...balance, field: "account", change: () => undefined },
  {
    name: "another metadata value",
    route: /^\/metadata\/[A-F0-9]+$/,
    field: "metadataEntry.value",
    change: flip,
    read: value,
  },
  {
    name: "another path of state",
    route: /^\/metadata\/[A-F0-9]+\/merkle$/,
    field: "raw",
    change: flip,
    read: value,
  },
]

describe("a node that lies", () => {
  /** Changes one field, named by its path, of the answers whose own path matches. */
  function lying(devnet: Devnet, { route, field, change }: Lie): SymbolLedger {
    const node = altering(devnet, (asked, answer) => {
      if (route.test(asked) && answer.status === 200) {
        const names = field.split(".")
        const last = names.pop() ?? ""
        let at = answer.body as Record<string, unknown>
        for (const name of names) at = at[name] as Record<string, unknown>
        at[last] = change(at[last])
      }
      return answer
    })
    return new SymbolLedger({ node, clock: jumpingClock() })
  }

  async function world() {
    const devnet = await start()
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const [alice, bob] = draw(2) as [Party, Party]
    await devnet.fund(alice.address, 100n * XYM)
    await devnet.fund(alice.address, 100n * XYM)
    const write = metadataDelta(undefined, Uint8Array.of(1, 2, 3))
    const entry = {
      type: "account-metadata",
      signer: alice.key,
      target: alice.address,
      key: 5n,
    } as const
    const { hash } = await confirmed(
      ledger,
      [{ ...entry, ...write }, transfer(bob, alice)],
      [alice, bob],
    )
    return { devnet, ledger, alice, bob, hash }
  }

  it.each(LIES)("is caught at $name", async (lie) => {
    const made = await world()
    // The same question, answered truly, is believed.
    await expect(lie.read(made.ledger, made)).resolves.toBeDefined()
    await expect(lie.read(lying(made.devnet, lie), made)).rejects.toThrow(IntegrityError)
  })

  it("is caught when it denies a metadata value that the state holds", async () => {
    const { devnet, alice } = await world()
    const node = altering(devnet, (path, answer) =>
      /^\/metadata\/[A-F0-9]+$/.test(path)
        ? { status: 404, body: { code: "ResourceNotFound", message: "" } }
        : answer,
    )
    const ledger = new SymbolLedger({ node, clock: jumpingClock() })
    const key = { source: alice.address, target: alice.address, key: 5n }
    await expect(ledger.proveMetadata(key)).rejects.toThrow(/denies it, but the state holds it/)
  })
})
