import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { base32 } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import { SymbolLedger } from "../../src/ledger/index.ts"
import { aggregateOf, confirmed, multisig, newParties, type Party, transfer } from "./parties.ts"

const XYM = 1_000_000n
/** Fields of frames (symbol.md §10): neither size nor maximal fee, embedded ones without meta. */
const BLOCK =
  "beneficiaryAddress difficulty feeMultiplier height network previousBlockHash proofGamma proofScalar proofVerificationHash receiptsHash signature signerPublicKey stateHash timestamp transactionsHash type version"
const AGGREGATE =
  "cosignatures deadline network signature signerPublicKey transactions transactionsHash type version"
const EMBEDDED = "message mosaics network recipientAddress signerPublicKey type version"

interface Frame {
  readonly topic: string
  readonly data: Readonly<Record<string, unknown>>
}
type Json = Readonly<Record<string, unknown>>

const draw = newParties(30_000)
let devnet: Devnet
let ledger: SymbolLedger
let alice: Party
const sockets: WebSocket[] = []

beforeAll(async () => {
  devnet = await startDevnet()
  ledger = new SymbolLedger({ node: devnet.node, clock: systemClock })
  ;[alice] = draw(1) as [Party]
  await devnet.fund(alice.address, 1000n * XYM)
})
afterAll(() => devnet.close())
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
})

/** An open socket, the uid it was given, and every frame that came. */
async function connect() {
  const socket = new WebSocket(`${devnet.url.replace("http", "ws")}/ws`)
  sockets.push(socket)
  const frames: Frame[] = []
  const uid = await new Promise<string>((resolve) => {
    socket.on("message", (raw: Buffer) => {
      const frame = JSON.parse(raw.toString()) as Frame & { uid?: string }
      if (frame.uid === undefined) frames.push(frame)
      else resolve(frame.uid)
    })
  })
  /** A pong comes behind everything that was sent, and behind every frame that it has caused. */
  const settled = () =>
    new Promise<void>((resolve) => {
      socket.once("pong", () => resolve())
      socket.ping()
    })
  return {
    socket,
    uid,
    frames,
    settled,
    send: async (message: object) => {
      socket.send(JSON.stringify(message))
      await settled()
    },
    closed: () =>
      new Promise<{ code: number; reason: string }>((resolve) => {
        socket.once("close", (code, reason: Buffer) => resolve({ code, reason: reason.toString() }))
      }),
  }
}

const fields = (object: unknown) =>
  Object.keys(object as object)
    .toSorted()
    .join(" ")

describe("a socket", () => {
  it("is given a uid of 28 characters, each another", async () => {
    const uids = await Promise.all([connect(), connect()])
    expect(uids.map(({ uid }) => uid.length)).toEqual([28, 28])
    expect(uids[0]?.uid).not.toBe(uids[1]?.uid)
  })

  it.each([
    ["another uid", JSON.stringify({ uid: "x".repeat(28), subscribe: "block" })],
    ["no uid", JSON.stringify({ subscribe: "block" })],
    ["no JSON", "subscribe block"],
    ["null", "null"],
  ])("is closed when it speaks with %s", async (_, text) => {
    const { socket, closed } = await connect()
    socket.send(text)
    expect((await closed()).code).toBe(1005)
  })

  it.each(["blocks", "block/NABC", "toString", "confirmed/NABC"])(
    "is closed when it wants the channel %s, which does not exist",
    async (channel) => {
      const { socket, uid, closed } = await connect()
      socket.send(JSON.stringify({ uid, subscribe: channel }))
      const reason = `unknown topic category ${channel.split("/")[0]}`
      expect(await closed()).toEqual({ code: 1013, reason })
    },
  )

  it("is closed beyond 500 subscriptions", async () => {
    const { socket, uid, closed, settled } = await connect()
    for (const { address } of draw(500)) {
      socket.send(JSON.stringify({ uid, subscribe: `status/${base32(address)}` }))
    }
    await settled()
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.send(JSON.stringify({ uid, subscribe: "block" }))
    expect((await closed()).code).toBe(1013)
  })

  it("hears nothing any more of what it unsubscribed", async () => {
    const { uid, send, frames, settled } = await connect()
    await send({ uid, subscribe: "block" })
    await devnet.fund(alice.address, 1n)
    await settled()
    expect(frames.length).toBeGreaterThan(0)
    await send({ uid, unsubscribe: "block" })
    const heard = frames.length
    await devnet.fund(alice.address, 1n)
    await settled()
    expect(frames.length).toBe(heard)
  })
})

describe("frames", () => {
  it("have the fields that REST 2.5 sends, and say what REST says", async () => {
    const { uid, send, frames, settled } = await connect()
    const channels = [
      "block",
      "finalizedBlock",
      "unconfirmedAdded",
      "unconfirmedRemoved",
      "confirmedAdded",
      "status",
    ]
    for (const subscribe of channels) await send({ uid, subscribe })
    const [bob] = draw(1) as [Party]
    const { hash, height } = await confirmed(ledger, [transfer(alice, bob)], [alice])
    await ledger.finalize(hash)
    const mosaics = [{ id: devnet.currencyMosaicId, amount: 10n ** 14n }]
    const poor = await aggregateOf(ledger, [transfer(alice, bob, { mosaics })], [alice])
    await ledger.announce(poor)
    await settled()
    const of = (topic: string) =>
      frames.filter((one) => one.topic === topic).map(({ data }) => data)
    const upper = Buffer.from(hash).toString("hex").toUpperCase()

    const [block] = of("block").filter((one) => (one["block"] as Json)["height"] === `${height}`)
    expect(fields(block)).toBe("block meta")
    expect(fields(block?.["block"])).toBe(BLOCK)
    expect(fields(block?.["meta"])).toBe("generationHash hash")
    const rest = (await devnet.node.request("GET", `/blocks/${height}`)).body as { block: Json }
    expect(rest.block).toMatchObject(block?.["block"] as Json)

    const [final] = of("finalizedBlock").slice(-1)
    expect(fields(final)).toBe("finalizationEpoch finalizationPoint hash height")

    for (const [topic, at] of [
      ["unconfirmedAdded", "0"],
      ["confirmedAdded", `${height}`],
    ] as const) {
      const [added] = of(topic)
      expect(added?.["meta"]).toEqual({ hash: upper, merkleComponentHash: upper, height: at })
      const transaction = added?.["transaction"] as { transactions: { transaction: Json }[] }
      expect(fields(transaction)).toBe(AGGREGATE)
      expect(transaction.transactions.map(fields)).toEqual(["transaction"])
      expect(fields(transaction.transactions[0]?.transaction)).toBe(EMBEDDED)
      expect(transaction.transactions[0]?.transaction["message"]).toBe("")
    }
    expect(of("unconfirmedRemoved")).toEqual([{ meta: { hash: upper } }])
    const [status] = of("status")
    expect(fields(status)).toBe("code deadline hash")
    expect(status?.["code"]).toBe("Failure_Core_Insufficient_Balance")
  })

  it("go to signers, recipients and those added, not to cosignatories that were there", async () => {
    const [account, one, two, payee] = draw(4) as [Party, Party, Party, Party]
    for (const { address } of [account, one]) await devnet.fund(address, 10n * XYM)
    const heard = async (act: () => Promise<unknown>) => {
      const { uid, send, frames, settled } = await connect()
      for (const { address } of [account, one, two, payee]) {
        await send({ uid, subscribe: `confirmedAdded/${base32(address)}` })
      }
      await act()
      await settled()
      const names = new Map(
        [account, one, two, payee].map(({ address }, i) => [base32(address), i]),
      )
      return frames
        .map(({ topic }) => names.get(topic.split("/")[1] ?? "") ?? -1)
        .toSorted((a, b) => a - b)
    }
    const join = () => confirmed(ledger, [multisig(account, [one, two], 2)], [account, one, two])
    expect(await heard(join)).toEqual([0, 1, 2])
    // The signer of the aggregate hears of it; the other cosignatory does not.
    const pay = () => confirmed(ledger, [transfer(account, payee)], [one, two])
    expect(await heard(pay)).toEqual([0, 1, 3])
  })
})
