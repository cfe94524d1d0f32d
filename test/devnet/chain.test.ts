import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { type Clock, systemClock } from "../../src/base/clock.ts"
import { type Devnet, type DevnetOptions, startDevnet } from "../../src/devnet/index.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import { metadataDelta, SymbolLedger } from "../../src/ledger/index.ts"
import { aggregateOf, confirmed, multisig, newParties, type Party, transfer } from "./parties.ts"
import { base32, Stage, XYM } from "./stage.ts"
import { transferOf } from "./wire.ts"

const folders: string[] = []
const running: { close(): void | Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "medlake-devnet-"))
  folders.push(folder)
  return folder
}

function openStage(folder?: string): Stage {
  const stage = new Stage(folder)
  running.push(stage)
  return stage
}

async function start(options: DevnetOptions): Promise<Devnet> {
  const devnet = await startDevnet(options)
  running.push(devnet)
  return devnet
}

/** Everything that REST tells of a chain that does not change by asking. */
function told(stage: Stage): unknown[] {
  const height = stage.chain.height
  return [
    (stage.get("/chain/info") as { height: string }).height,
    ...Array.from({ length: height }, (_, i) => stage.get(`/blocks/${i + 1}`)),
    stage.get("/accounts?pageSize=100"),
    stage.get("/mosaics"),
    stage.get("/metadata"),
    stage.get("/transactions/confirmed?embedded=true&pageSize=100"),
    stage.get("/statements/transaction?pageSize=100"),
    stage.get("/network/properties"),
    stage.get("/node/info"),
  ]
}

describe("a chain that is opened again", () => {
  it("is the same: heights, hashes, state, keys, statuses", () => {
    const folder = newFolder()
    const first = new Stage(folder)
    const [alice, bob] = first.rich(2) as [Party, Party]
    first.confirm(
      first.single(alice, transferOf(bob.address, [{ id: first.currency, amount: 7n }])),
    )
    const refused = first.single(
      alice,
      transferOf(bob.address, [{ id: first.currency, amount: 10n ** 15n }]),
    )
    first.refuse(refused, "Core_Insufficient_Balance")
    const before = told(first)
    const failed = first.get(`/transactionStatus/${first.announce(refused).toString("hex")}`)
    first.close()

    const second = openStage(folder)
    expect(told(second)).toEqual(before)
    expect(second.get(`/transactionStatus/${second.announce(refused).toString("hex")}`)).toEqual(
      failed,
    )
    second.nowMs = first.nowMs
    // It goes on where it stood: the next block builds on the last one, over the same state.
    const height = second.confirm(second.single(bob, transferOf(alice.address)))
    const { previousBlockHash } = (
      second.get(`/blocks/${height}`) as {
        block: { previousBlockHash: string }
      }
    ).block
    expect(previousBlockHash).toBe(second.block(height - 1).meta.hash)
  })

  it("has the state root that another chain of the same blocks has without a break", () => {
    const folder = newFolder()
    const steps = (stage: Stage) => {
      const [alice] = stage.rich(1) as [Party]
      return () => stage.confirm(stage.single(alice, transferOf(alice.address, [], Buffer.of(1))))
    }
    const broken = new Stage(folder)
    const whole = openStage()
    const [one, other] = [steps(broken), steps(whole)]
    for (let i = 0; i < 3; i++) expect(one()).toBe(other())
    broken.close()
    const again = openStage(folder)
    expect(again.stateHash).toBe(whole.stateHash)
    expect(again.block().meta.hash).toBe(whole.block().meta.hash)
  })

  it("does not take another generation hash for a folder that has one", async () => {
    const folder = newFolder()
    const first = await startDevnet({ folder, generationHashSeed: new Uint8Array(32).fill(1) })
    await first.close()
    await expect(
      startDevnet({ folder, generationHashSeed: new Uint8Array(32).fill(2) }),
    ).rejects.toThrow(/another network/)
  })
})

describe("a chain that is killed", () => {
  /** A devnet in a process of its own, which announces to itself without pause and prints each height. */
  const PROGRAM = `
    import { startDevnet } from "./src/devnet/index.ts"
    import { party } from "./test/devnet/parties.ts"
    const devnet = await startDevnet({ folder: process.argv[1] })
    for (let n = 1; ; n++) {
      await devnet.fund(party(n % 50).address, 1000n + BigInt(n))
      const { body } = await devnet.node.request("GET", "/chain/info")
      process.stdout.write(body.height + "\\n")
      await new Promise((resolve) => setImmediate(resolve))
    }`

  it.each([5, 40])("stands at its last whole block, after %i blocks or more", async (blocks) => {
    const folder = newFolder()
    const options = ["--import", "tsx", "--input-type=module", "-e", PROGRAM, folder]
    const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] })
    let printed = 0
    child.stdout.on("data", (text) => {
      const heights = String(text).trim().split("\n").map(Number)
      printed = Math.max(printed, ...heights)
      if (printed >= blocks) child.kill("SIGKILL")
    })
    const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)))
    expect(signal).toBe("SIGKILL")

    const devnet = await start({ folder, blockTimeMs: 0x7fffffff })
    const get = async (path: string) => (await devnet.node.request("GET", path)).body
    const { height } = (await get("/chain/info")) as { height: string }
    expect(Number(height)).toBeGreaterThanOrEqual(blocks)
    // Every header verifies and holds the one before; the state's roots are those of the last header.
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    let previous = await ledger.block(1)
    let transactions = 0
    for (let at = 2; at <= Number(height); at++) {
      const block = await ledger.block(at)
      expect(Buffer.compare(block.previousBlockHash, previous.hash)).toBe(0)
      const { meta } = (await get(`/blocks/${at}`)) as { meta: { transactionsCount: number } }
      transactions += meta.transactionsCount
      previous = block
    }
    const storage = (await get("/node/storage")) as { numTransactions: number; numBlocks: number }
    expect(storage).toMatchObject({ numBlocks: Number(height), numTransactions: transactions })
    let held = 0n
    for (const { address } of newParties(0)(50)) {
      held += (await ledger.proveBalance(address, devnet.currencyMosaicId)).value
    }
    expect(held).toBeGreaterThan(0n)
    const [alice] = newParties(900)(1) as [Party]
    await devnet.fund(alice.address, XYM)
    expect((await ledger.proveBalance(alice.address, devnet.currencyMosaicId)).value).toBe(XYM)
  })
})

describe("undone blocks", () => {
  const frames: string[] = []

  function watched(stage: Stage): void {
    frames.length = 0
    const { events } = stage.chain
    events.on("unconfirmedAdded", () => frames.push("unconfirmed"))
    events.on("confirmed", (_, block) => frames.push(`confirmed ${block.height}`))
    events.on("block", (block) => frames.push(`block ${block.height}`))
  }

  it("leave state, roots, statements and answers as they were, and their transactions wait again", () => {
    const stage = openStage()
    const [alice, bob] = stage.rich(2) as [Party, Party]
    const before = told(stage)
    const pay = (amount: bigint) =>
      stage.single(alice, transferOf(bob.address, [{ id: stage.currency, amount }]))
    const [one, two] = [pay(3n), pay(4n)]
    const hashes = [one, two].map((bytes) => {
      stage.confirm(bytes)
      return (stage.get(`/blocks/${stage.chain.height}`) as { block: { stateHash: string } }).block
    })
    expect(hashes[0]).not.toEqual(hashes[1])
    watched(stage)
    stage.chain.undo(2, false)
    expect(told(stage)).toEqual(before)
    expect(frames).toEqual(["unconfirmed", "unconfirmed"])
    expect([...stage.chain.pool()].map(({ bytes }) => bytes)).toEqual([one, two])
    for (const bytes of [one, two]) {
      const { status, body } = stage.request(
        "GET",
        `/transactionStatus/${stage.announce(bytes).toString("hex")}`,
      )
      expect({ status, body }).toMatchObject({ status: 200, body: { group: "unconfirmed" } })
    }
    const height = stage.mine()
    expect(stage.block(height).meta.transactionsCount).toBe(2)
    expect(frames.slice(2)).toEqual([
      `confirmed ${height}`,
      `confirmed ${height}`,
      `block ${height}`,
    ])
    expect(stage.balance(bob)).toBe(1000n * XYM + 7n)
  })

  it("come back with other transactions when theirs are forgotten", () => {
    const stage = openStage()
    const [alice, bob] = stage.rich(2) as [Party, Party]
    const before = told(stage)
    const gone = stage.single(alice, transferOf(bob.address, [{ id: stage.currency, amount: 9n }]))
    stage.confirm(gone)
    const waiting = stage.single(bob, transferOf(alice.address))
    const kept = stage.announce(waiting)
    stage.chain.undo(1, true)
    expect(told(stage)).toEqual(before)
    expect([...stage.chain.pool()].map(({ bytes }) => bytes)).toEqual([waiting])
    stage.mine()
    expect(stage.status(kept)).toMatchObject({ group: "confirmed" })
    expect(stage.balance(bob)).toBe(1000n * XYM - 100n * BigInt(waiting.length))
  })

  it("survive a restart as undone", () => {
    const folder = newFolder()
    const first = new Stage(folder)
    const [alice] = first.rich(1) as [Party]
    const before = told(first)
    first.confirm(first.single(alice, transferOf(alice.address)))
    first.chain.undo(1, true)
    first.close()
    expect(told(openStage(folder))).toEqual(before)
  })

  it("are refused when one of them is final, and nothing changes", () => {
    const stage = openStage()
    stage.rich(4)
    const before = told(stage)
    const { finalHeight, height } = stage.chain
    expect(finalHeight).toBe(height - 2)
    expect(() => stage.chain.undo(3, false)).toThrow(/final/)
    expect(told(stage)).toEqual(before)
    stage.chain.undo(2, true)
    expect(stage.chain.height).toBe(finalHeight)
  })

  it("are noticed by a client: it announces again and waits until all is final", async () => {
    const devnet = await start({ blockTimeMs: 0x7fffffff })
    const node = new HttpSymbolNode(devnet.url)
    const ledger = new SymbolLedger({ node, clock: systemClock })
    const [alice, bob, other] = newParties(40)(3) as [Party, Party, Party]
    await devnet.fund(alice.address, XYM)
    const mosaics = [{ id: devnet.currencyMosaicId, amount: 5n }]
    const aggregate = await aggregateOf(ledger, [transfer(alice, bob, { mosaics })], [alice])
    const { hash } = await ledger.announce(aggregate)
    await devnet.fund(other.address, 1n)
    const { height } = await ledger.confirm(hash)
    await devnet.rollback(1, { forget: true })
    expect(await ledger.state(hash)).toEqual({ group: "unknown" })
    expect(await ledger.account(bob.address)).toBeUndefined()
    const seen: string[] = []
    const final = ledger.finalize(hash, { onState: ({ group }) => seen.push(group) })
    // The client has announced it again once it waits; then blocks come until it is final.
    while ((await ledger.state(hash)).group !== "unconfirmed") await systemClock.sleep(2)
    for (let i = 0; i < 4; i++) await devnet.fund(other.address, 2n)
    expect(await final).toBe(height)
    expect((await ledger.account(bob.address))?.mosaics.get(devnet.currencyMosaicId)).toBe(5n)
  })

  it("are told over the socket: the transaction waits again and is confirmed again", async () => {
    const devnet = await start({ blockTimeMs: 0x7fffffff })
    const [alice, bob] = newParties(60)(2) as [Party, Party]
    const topics = ["block", "unconfirmedAdded", "confirmedAdded"]
    const heard: string[] = []
    const socket = await new HttpSymbolNode(devnet.url).listen(topics, ({ topic, data }) => {
      const { block, meta } = data as { block?: { height: string }; meta: { height: string } }
      heard.push(`${topic} ${block?.height ?? meta.height}`)
    })
    await devnet.fund(alice.address, XYM)
    await devnet.rollback(1)
    await devnet.fund(bob.address, XYM)
    while (heard.length < 8) await systemClock.sleep(2)
    socket.close()
    expect(heard).toEqual([
      "unconfirmedAdded 0",
      "confirmedAdded 2",
      "block 2",
      "unconfirmedAdded 0",
      "unconfirmedAdded 0",
      "confirmedAdded 2",
      "confirmedAdded 2",
      "block 2",
    ])
  })
})

describe("the time of blocks", () => {
  it("is at once when something waits, then empty ones come until it is final, then none", async () => {
    const devnet = await start({ finalizeAfter: 3 })
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const [alice, bob] = newParties(80)(2) as [Party, Party]
    await devnet.fund(alice.address, XYM)
    const { hash, height } = await confirmed(ledger, [transfer(alice, bob)], [alice])
    await ledger.finalize(hash)
    expect(await ledger.chain()).toEqual({ height: height + 3, finalizedHeight: height })
    for (const above of [1, 2, 3]) {
      const { body } = await devnet.node.request("GET", `/blocks/${height + above}`)
      expect(body).toMatchObject({
        meta: { transactionsCount: 0, totalFee: "0" },
        block: { feeMultiplier: 0 },
      })
    }
    await systemClock.sleep(50) // ten times the pause between empty blocks
    expect((await ledger.chain()).height).toBe(height + 3)
  })

  it("is the interval when there is one: what comes within it shares a block", async () => {
    const devnet = await start({ blockTimeMs: 40 })
    const ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
    const [alice, bob] = newParties(90)(2) as [Party, Party]
    const body = { address: base32(alice.address), amount: "1000" }
    for (let i = 0; i < 10; i++) await devnet.node.request("POST", "/devnet/faucet", body)
    // All ten were sent without a pause for the clock.
    while ((await ledger.chain()).height < 2) await systemClock.sleep(5)
    const { body: block } = await devnet.node.request("GET", "/blocks/2")
    expect(block).toMatchObject({ meta: { transactionsCount: 10 } })
    await ledger.finalize(2)
    expect((await ledger.chain()).height).toBe(4)
    expect(await ledger.account(bob.address)).toBeUndefined()
  })

  it("goes up even when the clock goes back, and is the network's", () => {
    const stage = openStage()
    const [alice] = stage.rich(1) as [Party]
    const timestamp = (height: number) =>
      BigInt((stage.get(`/blocks/${height}`) as { block: { timestamp: string } }).block.timestamp)
    const before = stage.chain.height
    stage.nowMs -= 5000
    const height = stage.confirm(stage.single(alice, transferOf(alice.address)))
    expect(timestamp(height)).toBe(timestamp(before) + 1n)
    stage.nowMs += 60_000
    const { communicationTimestamps: time } = stage.get("/node/time") as {
      communicationTimestamps: { sendTimestamp: string }
    }
    const next = stage.mine()
    expect(timestamp(next)).toBe(BigInt(time.sendTimestamp) + 1000n)
  })

  it("is when deadlines are judged: what waited too long is purged with its status", () => {
    const stage = openStage()
    const [alice, bob] = stage.rich(2) as [Party, Party]
    const bytes = stage.single(alice, transferOf(bob.address))
    const hash = stage.announce(bytes)
    expect(stage.status(hash)).toMatchObject({ group: "unconfirmed" })
    stage.nowMs += 2 * 3_600_000
    const removed: string[] = []
    stage.chain.events.on("unconfirmedRemoved", (one) => removed.push(one.hash.toString("hex")))
    const height = stage.mine()
    expect(stage.status(hash)).toMatchObject({
      group: "failed",
      code: "Failure_Core_Past_Deadline",
    })
    expect(removed).toEqual([hash.toString("hex")])
    expect(stage.block(height).meta.transactionsCount).toBe(0)
    expect(stage.balance(bob)).toBe(1000n * XYM)
  })
})

describe("a clock that stands still", () => {
  it("gives blocks of their own time all the same", async () => {
    const sleep = () => new Promise<void>((resolve) => setImmediate(resolve))
    const clock: Clock = { now: () => Date.UTC(2026, 5, 1), sleep }
    const devnet = await start({ clock })
    const ledger = new SymbolLedger({ node: devnet.node, clock })
    const [alice] = newParties(95)(1) as [Party]
    for (let i = 0; i < 3; i++) await devnet.fund(alice.address, XYM)
    const write = {
      type: "account-metadata",
      signer: alice.key,
      target: alice.address,
      key: 1n,
    } as const
    await confirmed(
      ledger,
      [
        { ...write, ...metadataDelta(undefined, Uint8Array.of(1)) },
        multisig(alice, newParties(96)(1)),
      ],
      [alice, newParties(96)(1)[0] as Party],
    )
    const { height } = await ledger.chain()
    const times = await Promise.all(
      Array.from({ length: height }, async (_, i) => (await ledger.block(i + 1)).timestampMs),
    )
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b))
    expect(times.length).toBeGreaterThan(4)
  })
})
