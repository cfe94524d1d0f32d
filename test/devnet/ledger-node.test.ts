import { afterEach, describe, expect, it } from "vitest"
import { type Clock, systemClock } from "../../src/base/clock.ts"
import {
  ClockSkewError,
  DeadlineError,
  ForeignNetworkError,
  IntegrityError,
  LedgerRefusedError,
  LedgerUnavailableError,
} from "../../src/base/errors.ts"
import { type Devnet, type DevnetOptions, startDevnet } from "../../src/devnet/index.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import { type NodeResponse, SymbolLedger, type SymbolNode } from "../../src/ledger/index.ts"
import { type Fault, listenOnLoopback, misbehave } from "../support/loopback.ts"
import { aggregateOf, confirmed, multisig, newParties, type Party, transfer } from "./parties.ts"

const XYM = 1_000_000n
const NEVER_MS = 0x7fffffff
const draw = newParties(20_000)
const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0)) await stop()
})

async function start(options?: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(() => devnet.close())
  return devnet
}

/** A clock whose sleeps end at once and move it on. */
function jumpingClock(): Clock & { slept: number } {
  const begun = systemClock.now()
  const clock = {
    slept: 0,
    now: () => begun + clock.slept,
    sleep: async (ms: number) => {
      clock.slept += ms
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  return clock
}

const HTML = "<html><body>502 Bad Gateway</body></html>"
const json = (status: number, body: unknown): Fault => ({
  kind: "status",
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  type: "application/json",
})
const html = (status: number): Fault => ({ kind: "status", status, body: HTML, type: "text/html" })

describe("what a node answers with", () => {
  const unreachable: [string, Fault][] = [
    ["nothing at all", { kind: "stall" }],
    ["a cut connection", { kind: "reset" }],
    ["a proxy's page for 502", html(502)],
    ["a proxy's page for 503", html(503)],
    ["a proxy's page for 404, which is no proof of absence", html(404)],
    ["500 in Symbol's words", json(500, { code: "Internal", message: "x" })],
    ["503 in Symbol's words", json(503, { code: "ServiceUnavailable", message: "x" })],
    ["429 for ever", json(429, { code: "TooManyRequests", message: "x" })],
    ["403 of somebody else", html(403)],
  ]
  const broken: [string, Fault][] = [
    ["a page instead of JSON", html(200)],
    ["nothing instead of JSON", json(200, "")],
    ["half an object", json(200, '{"height":"1","latest')],
    ["a list", json(200, [])],
    ["null", json(200, "null")],
    ["a number", json(200, "7")],
    ["an object of something else", json(200, { scoreHigh: "0" })],
    ["a height that is a number", json(200, { height: 7, latestFinalizedBlock: { height: "1" } })],
    ["a height below zero", json(200, { height: "-7", latestFinalizedBlock: { height: "1" } })],
    ["a height beyond 2^53", json(200, { height: "9007199254740993", latestFinalizedBlock: {} })],
    ["a finalized block that is none", json(200, { height: "7", latestFinalizedBlock: "1" })],
  ]
  const refused: [string, Fault, string][] = [
    ["409", json(409, { code: "InvalidArgument", message: "x" }), "InvalidArgument"],
    ["404", json(404, { code: "ResourceNotFound", message: "x" }), "ResourceNotFound"],
    ["405", json(405, { code: "MethodNotAllowed", message: "x" }), "MethodNotAllowed"],
  ]

  /** What the client makes of a node that answers each request so. */
  async function outcome(fault: Fault): Promise<unknown> {
    const server = await listenOnLoopback(async (request, response) => {
      await misbehave(fault, request, response)
    })
    running.push(() => server.stop())
    const node = new HttpSymbolNode(server.url, { timeoutMs: fault.kind === "stall" ? 50 : 5000 })
    const ledger = new SymbolLedger({ node, clock: jumpingClock() })
    return await ledger.chain().catch((error: unknown) => error)
  }

  it.each(unreachable)("is no answer when it is %s: unreachable", async (_, fault) => {
    const error = await outcome(fault)
    expect(error).toBeInstanceOf(LedgerUnavailableError)
    expect(error).toMatchObject({ code: "ledger_unavailable", retryable: true })
  })

  it.each(broken)("is broken when it is %s", async (_, fault) => {
    const error = await outcome(fault)
    expect(error).toBeInstanceOf(IntegrityError)
    expect((error as IntegrityError).message).toContain("/chain/info")
    expect(error).toMatchObject({ code: "integrity_failed", retryable: false })
  })

  it.each(refused)("is a refusal when it is %s in Symbol's words", async (_, fault, status) => {
    const error = await outcome(fault)
    expect(error).toBeInstanceOf(LedgerRefusedError)
    expect(error).toMatchObject({ code: "ledger_refused", status, retryable: false })
  })

  it("is waited for when the node asks for patience", async () => {
    const devnet = await start()
    let asked = 0
    const node: SymbolNode = {
      request: async (method, path, body) => {
        asked += 1
        const patience: NodeResponse = { status: 429, body: { code: "TooManyRequests" } }
        return asked < 4 ? patience : await devnet.node.request(method, path, body)
      },
      listen: (channels, onFrame) => devnet.node.listen(channels, onFrame),
    }
    const clock = jumpingClock()
    const ledger = new SymbolLedger({ node, clock })
    expect((await ledger.chain()).height).toBe(1)
    expect(clock.slept).toBe(250 + 500 + 1000)
  })
})

describe("an error's sentence says what to do", () => {
  it.each([
    [3_600_000, "60 minutes ahead of"],
    [-3_600_000, "60 minutes behind"],
  ])("about a clock that is off by %i ms", async (off, words) => {
    const devnet = await start()
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + off }
    const ledger = new SymbolLedger({ node: devnet.node, clock })
    const error = await ledger.deadline(60_000).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ClockSkewError)
    expect(error).toMatchObject({ code: "clock_skewed" })
    expect((error as Error).message).toBe(
      `this machine's clock is ${words} the network's: set it right`,
    )
  })

  it("about a deadline that passed, before or after the announcement", async () => {
    const clock = jumpingClock()
    const devnet = await start({ blockTimeMs: NEVER_MS, clock })
    const ledger = new SymbolLedger({ node: devnet.node, clock })
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, XYM)
    const waiting = await aggregateOf(ledger, [transfer(alice, alice)], [alice], 60_000)
    const late = await aggregateOf(ledger, [transfer(alice, alice)], [alice], 30_000)
    const { hash } = await ledger.announce(waiting)
    const given = await ledger.confirm(hash).catch((error: unknown) => error)
    const { hash: lateHash } = await ledger.announce(late)
    const refused = await ledger.confirm(lateHash).catch((error: unknown) => error)
    for (const error of [given, refused]) {
      expect(error).toBeInstanceOf(DeadlineError)
      expect(error).toMatchObject({ code: "deadline_passed", retryable: true })
      expect((error as Error).message).toMatch(/deadline.*: build and sign it again$/)
    }
    expect(await ledger.account(alice.address)).toMatchObject({ publicKey: undefined })
  })

  it("about a node of another network", async () => {
    const devnet = await start()
    const pin = new Uint8Array(32)
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock, pin })
    await expect(ledger.network()).rejects.toThrow(ForeignNetworkError)
    await expect(ledger.network()).rejects.toThrow(/check the ledger's address$/)
  })
})

describe("a node that lies about itself", () => {
  /** A ledger whose node's answers are altered on their way. */
  function through(
    { node }: Devnet,
    alter: (path: string, body: never) => unknown,
    pin?: Uint8Array,
  ): SymbolLedger {
    const altered: SymbolNode = {
      request: async (method, path, body) => {
        const answer = await node.request(method, path, body)
        return { ...answer, body: alter(path, answer.body as never) }
      },
      listen: (channels, onFrame) => node.listen(channels, onFrame),
    }
    return new SymbolLedger({ node: altered, clock: jumpingClock(), ...(pin && { pin }) })
  }

  it("is caught when it names two generation hashes", async () => {
    const devnet = await start()
    const ledger = through(devnet, (path, body: { networkGenerationHashSeed: string }) =>
      path === "/node/info" ? { ...body, networkGenerationHashSeed: "00".repeat(32) } : body,
    )
    await expect(ledger.network()).rejects.toThrow(IntegrityError)
  })

  it("is caught by the pin when it names another one throughout, and else by the first transaction", async () => {
    const devnet = await start()
    const [alice] = draw(1) as [Party]
    await devnet.fund(alice.address, 10n * XYM)
    const honest = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const real = (await honest.network()).generationHash
    const { hash } = await confirmed(honest, [transfer(alice, alice)], [alice])
    const forge = (path: string, body: never): unknown => {
      const other = "AB".repeat(32)
      if (path === "/node/info") return { ...(body as object), networkGenerationHashSeed: other }
      if (path !== "/network/properties") return body
      const { network, ...rest } = body as { network: object }
      return { ...rest, network: { ...network, generationHashSeed: other } }
    }
    await expect(through(devnet, forge, real).network()).rejects.toThrow(ForeignNetworkError)
    const fooled = through(devnet, forge)
    await expect(fooled.aggregate(hash)).rejects.toThrow(IntegrityError)
    const { hash: lost } = await fooled.announce(
      await aggregateOf(fooled, [transfer(alice, alice)], [alice]),
    )
    // What was signed for the false network is worth nothing on the real one.
    expect(await honest.aggregate(lost)).toBeUndefined()
    expect(await honest.state(lost)).toEqual({ group: "unknown" })
  })

  it("is caught when it answers with the state of an older height", async () => {
    const devnet = await start()
    const [alice, bob] = draw(2) as [Party, Party]
    await devnet.fund(alice.address, 10n * XYM)
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const old = new Map<string, unknown>()
    const stale = /^\/(?:accounts\/|metadata|account\/)/
    const keep = through(devnet, (path, body) => {
      old.set(path, body)
      return body
    })
    const before = await keep.proveBalance(alice.address, devnet.currencyMosaicId)
    const mosaics = [{ id: devnet.currencyMosaicId, amount: XYM }]
    const { hash } = await confirmed(ledger, [transfer(alice, bob, { mosaics })], [alice])
    await ledger.finalize(hash)
    const replay = (paths: RegExp) =>
      through(devnet, (path, body) => (paths.test(path) && old.has(path) ? old.get(path) : body))
    const ask = (from: SymbolLedger) => from.proveBalance(alice.address, devnet.currencyMosaicId)
    // Old value and path under the new header; old header under the new height; a height that is no longer the tip.
    await expect(ask(replay(stale))).rejects.toThrow(IntegrityError)
    await expect(ask(replay(/^\/accounts\/[A-Z0-9]+$/))).rejects.toThrow(IntegrityError)
    await expect(ask(replay(/\/merkle$/))).rejects.toThrow(IntegrityError)
    await expect(ask(replay(/^\/chain\/info$/))).rejects.toThrow(IntegrityError)
    // All of it together is the truth of an older block, and says so.
    const whole = await ask(replay(/./))
    expect(whole.value).toBe(before.value)
    expect(whole.block.height).toBe(before.block.height)
    expect(whole.block.height).toBeLessThan((await ask(ledger)).block.height)
  })

  it("is caught when it answers with another block", async () => {
    const devnet = await start()
    const [alice] = draw(1) as [Party]
    for (let i = 0; i < 3; i++) await devnet.fund(alice.address, XYM)
    const second = (await devnet.node.request("GET", "/blocks/2")).body
    const ledger = through(devnet, (path, body) => (path === "/blocks/3" ? second : body))
    await expect(ledger.block(3)).rejects.toThrow(/another height/)
    expect((await ledger.block(2)).height).toBe(2)
  })

  it("is caught when its pages repeat, go back, or hold what was not asked for", async () => {
    const devnet = await start()
    const [alice, bob, carol] = draw(3) as [Party, Party, Party]
    await devnet.fund(alice.address, 10n * XYM)
    const honest = new SymbolLedger({ node: devnet.node, clock: systemClock })
    for (const to of [bob, carol, bob]) await confirmed(honest, [transfer(alice, to)], [alice])
    const isPage = (path: string) => path.startsWith("/transactions/confirmed?")
    type Page = { data: { meta: { height: string } }[] }
    const others = (
      await devnet.node.request(
        "GET",
        "/transactions/confirmed?embedded=true&type=16724&pageSize=100",
      )
    ).body as Page
    const lies: ((page: Page) => Page)[] = [
      ({ data }) => ({ data: [...data, ...data] }),
      ({ data }) => ({ data: data.toReversed() }),
      () => others,
      ({ data: [first, second] }) => ({
        data: [first, { ...second, meta: { ...second?.meta, height: "1" } }] as Page["data"],
      }),
    ]
    const read = async (from: SymbolLedger) => {
      const found: unknown[] = []
      for await (const one of from.transfers({ recipient: bob.address })) found.push(one)
      return found
    }
    expect((await read(honest)).length).toBe(2)
    for (const lie of lies) {
      const ledger = through(devnet, (path, body) => (isPage(path) ? lie(body) : body))
      await expect(read(ledger)).rejects.toThrow(IntegrityError)
    }
  })
})

describe("accounts of three levels over a socket", () => {
  it("act by their leaves alone, and are known with all their levels", async () => {
    const devnet = await start()
    const node = new HttpSymbolNode(devnet.url)
    const ledger = new SymbolLedger({ node, clock: systemClock })
    const [top, middle, low, a, b, c] = draw(6) as [Party, Party, Party, Party, Party, Party]
    await devnet.fund(a.address, 100n * XYM)
    await devnet.fund(top.address, 100n * XYM)
    const parts = [
      multisig(low, [a, b], 2),
      multisig(middle, [low, c], 2),
      multisig(top, [middle], 1),
    ]
    await confirmed(ledger, parts, [a, low, middle, top, b, c])
    const graph = await ledger.multisigGraph(top.address)
    expect(graph.map(({ level }) => level)).toEqual([0, 1, 2, 2, 3, 3])
    const pay = transfer(top, b, { mosaics: [{ id: devnet.currencyMosaicId, amount: XYM }] })
    for (const [signers, missing] of [
      [[a, b], true],
      [[a, c], true],
      [[a, b, c], false],
    ] as const) {
      const { hash } = await ledger.announce(await aggregateOf(ledger, [pay], signers))
      const outcome = await ledger.confirm(hash).catch((error: unknown) => error)
      const failed = { status: "Failure_Aggregate_Missing_Cosignatures" }
      expect(outcome).toMatchObject(missing ? failed : { state: "confirmed" })
    }
    expect((await ledger.account(b.address))?.mosaics.get(devnet.currencyMosaicId)).toBe(XYM)
    // A fourth level is refused by the network.
    const [above] = draw(1) as [Party]
    const fourth = [multisig(above, [top], 1), transfer(a, a)]
    const { hash } = await ledger.announce(await aggregateOf(ledger, fourth, [a, above, b, c]))
    await expect(ledger.confirm(hash)).rejects.toMatchObject({
      status: "Failure_Multisig_Max_Multisig_Depth",
    })
    expect(await ledger.multisig(above.address)).toBeUndefined()
  })
})
