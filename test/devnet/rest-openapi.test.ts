import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { base32, hex, utf8 } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import { ROUTES } from "../../src/devnet/rest/router.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import {
  type Instruction,
  metadataDelta,
  mosaicIdOf,
  SymbolLedger,
  type SymbolNode,
} from "../../src/ledger/index.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { missingOpenApi, OpenApi } from "./openapi.ts"
import { aggregateOf, confirmed, multisig, newParties, type Party, transfer } from "./parties.ts"
import { FieldCheck } from "./rest-fields.ts"

const XYM = 1_000_000n
const KEY = 0xfeed_0000_0000_0001n
/** Routes of our own, outside Symbol's API. */
const OWN = /^\/devnet\//

type Method = "GET" | "PUT" | "POST"
interface Asked {
  readonly method: Method
  readonly path: string
  readonly status: number
  readonly body: unknown
}

describeIfPresent("openapi", missingOpenApi, () => {
  let devnet: Devnet
  let http: HttpSymbolNode
  let api: OpenApi
  /** Everything that was asked over the socket, in order. */
  const trace: Asked[] = []
  let jobs: readonly Asked[]
  let made: Awaited<ReturnType<typeof mainJob>>

  /** Asks and writes down what came back. */
  async function ask(method: Method, path: string, body?: unknown): Promise<Asked> {
    const { status, body: told } = await http.request(method, path, body)
    const asked = { method, path, status, body: told }
    trace.push(asked)
    return asked
  }

  /** Everything that medlake does with the chain: accounts of three levels, mosaic, announcement, records, proofs. */
  async function mainJob(ledger: SymbolLedger) {
    const [phone, agent, words, clinic, register, seats, vault] = newParties(9000)(7) as [
      Party,
      Party,
      Party,
      Party,
      Party,
      Party,
      Party,
    ]
    expect(await ledger.hasFaucet()).toBe(true)
    expect(await ledger.fund(phone.address, 1000n * XYM)).toBe(true)
    while (!(await ledger.account(phone.address))) await systemClock.sleep(5)
    const mosaicId = mosaicIdOf(vault.address, 1)
    await ledger.mosaicRentalFee()
    const flags = {
      supplyMutable: false,
      transferable: false,
      restrictable: false,
      revokable: false,
    }
    const mosaic = { signer: vault.key, mosaicId } as const
    const currency = (await ledger.network()).currencyMosaicId
    const rent = [{ id: currency, amount: 60n * XYM }]
    const announcement = utf8("an announcement's hash")
    const entry = { signer: register.key, target: register.address, key: KEY } as const
    const create: Instruction[] = [
      transfer(phone, vault, { mosaics: rent }),
      { type: "mosaic-definition", ...mosaic, nonce: 1, duration: 0n, flags, divisibility: 0 },
      { type: "mosaic-supply", ...mosaic, delta: 1_000_000n, action: "increase" },
      multisig(register, [phone, agent, words], 2),
      multisig(seats, [register], 1),
      multisig(vault, [phone, agent, seats], 2),
      transfer(register, register, { message: announcement }),
      { type: "account-metadata", ...entry, ...metadataDelta(undefined, announcement) },
    ]
    const admit = { ...multisig(seats, [clinic], 0), minRemovalDelta: 0 }
    const all = [phone, register, seats, vault, agent, words] as const
    const { hash: creation } = await confirmed(ledger, create, all)
    await confirmed(ledger, [admit], [phone, agent, clinic])
    const record = transfer(vault, register, {
      mosaics: [{ id: mosaicId, amount: 1n }],
      message: new Uint8Array(384).fill(7),
    })
    const { hash, height } = await confirmed(
      ledger,
      [record, transfer(phone, phone)],
      [phone, clinic],
    )
    expect(await ledger.finalize(hash)).toBe(height)

    for (const one of [creation, hash]) await ledger.proveTransaction(one)
    await ledger.proveMetadata({ source: register.address, ...entry })
    await ledger.proveMultisig(vault.address)
    await ledger.proveBalance(register.address, mosaicId)
    expect((await ledger.multisigGraph(vault.address)).length).toBeGreaterThan(3)
    expect(await ledger.metadata(register.address, register.address, KEY)).toEqual(announcement)
    await ledger.chain()
    await ledger.block(1)
    let inbox = 0
    for await (const one of ledger.transfers({ recipient: register.address }))
      inbox += one.message.length
    expect(inbox).toBe(384 + announcement.length)

    const tooMuch = transfer(phone, clinic, { mosaics: [{ id: currency, amount: 10n ** 15n }] })
    const refused = await ledger.announce(await aggregateOf(ledger, [tooMuch], [phone]))
    await expect(ledger.confirm(refused.hash)).rejects.toThrow(/Insufficient_Balance/)
    return { phone, register, vault, mosaicId, creation, hash, height, refused: refused.hash }
  }

  beforeAll(async () => {
    api = new OpenApi()
    devnet = await startDevnet()
    http = new HttpSymbolNode(devnet.url)
    const node: SymbolNode = {
      request: ask,
      listen: (channels, onFrame, options) => http.listen(channels, onFrame, options),
    }
    made = await mainJob(new SymbolLedger({ node, clock: systemClock }))
    jobs = [...trace]
  })
  afterAll(() => devnet.close())

  /** What is wrong with these answers, each problem once. */
  function problemsOf(answers: readonly Asked[]): string[] {
    const ours = answers.filter(({ path }) => !OWN.test(path))
    return [
      ...new Set(
        ours.flatMap(({ method, path, status, body }) => api.problems(method, path, status, body)),
      ),
    ]
  }

  /** Asks every route of the devnet that the jobs have not asked, with everything there is to find. */
  async function askTheRest(): Promise<Asked[]> {
    const { phone, register, vault, mosaicId, creation, hash, height, refused } = made
    const [mosaic, one, all, failed] = [
      mosaicId.toString(16).toUpperCase().padStart(16, "0"),
      ...[hash, creation, refused].map((bytes) => hex(bytes).toUpperCase()),
    ] as [string, string, string, string]
    const [owner, account] = [base32(register.address), base32(phone.address)]
    const entries = (await ask("GET", `/metadata?targetAddress=${owner}`)).body as {
      data: { metadataEntry: { compositeHash: string } }[]
    }
    const composite = entries.data[0]?.metadataEntry.compositeHash as string
    const answers = [
      ...["info", "health", "server", "time", "storage", "peers", "unlockedaccount"].map(
        (name) => ["GET", `/node/${name}`] as const,
      ),
      ...["", "/properties", "/fees/transaction", "/fees/rental"].map(
        (name) => ["GET", `/network${name}`] as const,
      ),
      ["GET", "/chain/info"],
      ["GET", "/blocks?pageSize=100"],
      ["GET", "/blocks?order=desc&orderBy=height"],
      ["GET", "/blocks/1"],
      ["GET", `/blocks/${height}`],
      ["GET", "/statements/transaction?pageSize=100"],
      ["GET", "/statements/transaction?receiptType=4685"],
      ["GET", "/transactions/confirmed?pageSize=100"],
      ["GET", "/transactions/confirmed?embedded=true&pageSize=100"],
      ["GET", `/transactions/confirmed?address=${account}`],
      ["GET", "/transactions/unconfirmed"],
      ["GET", "/transactions/partial"],
      ["GET", `/transactions/confirmed/${one}`],
      ["POST", "/transactions/confirmed", { transactionIds: [one, all] }],
      ["POST", "/transactions/unconfirmed", { transactionIds: [one] }],
      ["GET", `/transactionStatus/${one}`],
      ["POST", "/transactionStatus", { hashes: [one, all, failed] }],
      ["GET", "/accounts?pageSize=100"],
      ["POST", "/accounts", { addresses: [account, owner] }],
      ["POST", "/accounts", { publicKeys: [hex(phone.key).toUpperCase()] }],
      ["GET", `/accounts/${account}/merkle`],
      ["GET", `/account/${base32(vault.address)}/multisig`],
      ["GET", `/account/${base32(vault.address)}/multisig/graph`],
      ["GET", `/account/${owner}/multisig/merkle`],
      ["GET", "/mosaics"],
      ["POST", "/mosaics", { mosaicIds: [mosaic] }],
      ["GET", `/mosaics/${mosaic}`],
      ["GET", `/mosaics/${mosaic}/merkle`],
      ["GET", "/metadata"],
      ["POST", "/metadata", { compositeHashes: [composite] }],
      ["GET", `/metadata/${composite}`],
      ["GET", `/metadata/${composite}/merkle`],
      ["POST", "/namespaces/mosaic/names", { mosaicIds: [mosaic] }],
      ["POST", "/namespaces/account/names", { addresses: [account] }],
    ] as [Method, string, unknown?][]
    const seen: Asked[] = []
    for (const [method, path, body] of answers) seen.push(await ask(method, path, body))
    return seen
  }

  describe("the routes of the client's trace", () => {
    it("answer as Symbol's description says", () => {
      const found = problemsOf(jobs)
      const routes = new Set(
        jobs.map(({ method, path }) => `${method} ${api.template(method, path)}`),
      )
      expect(found).toEqual([])
      expect([...routes].toSorted()).toEqual([
        "GET /account/{address}/multisig",
        "GET /account/{address}/multisig/graph",
        "GET /account/{address}/multisig/merkle",
        "GET /accounts/{accountId}",
        "GET /accounts/{accountId}/merkle",
        "GET /blocks/{height}",
        "GET /blocks/{height}/transactions/{hash}/merkle",
        "GET /chain/info",
        "GET /metadata/{compositeHash}",
        "GET /metadata/{compositeHash}/merkle",
        "GET /network/fees/rental",
        "GET /network/fees/transaction",
        "GET /network/properties",
        "GET /node/info",
        "GET /node/time",
        "GET /transactionStatus/{hash}",
        "GET /transactions/confirmed",
        "GET /transactions/confirmed/{transactionId}",
        "GET undefined", // the faucet, which is our own
        "POST undefined",
        "PUT /transactions",
      ])
      expect(jobs.length).toBeGreaterThan(40)
    })

    it("carry every field that nodes give, and none beside", () => {
      const check = new FieldCheck()
      for (const { path, status, body } of jobs) if (status === 200) check.look(path, body)
      expect(check.problems).toEqual([])
      expect([...check.seen.keys()].toSorted()).toEqual([
        "/chain/info",
        "/network/fees/rental",
        "/network/fees/transaction",
        "/network/properties",
        "/network/properties chain",
        "/network/properties forkHeights",
        "/network/properties network",
        "/network/properties plugins",
        "/node/info",
        "account",
        "account info",
        "block",
        "block info",
        "block meta",
        "communicationTimestamps",
        "confirmed meta",
        "cosignature",
        "embedded meta",
        "embedded type 4144",
        "embedded type 414d",
        "embedded type 4154",
        "embedded type 4155",
        "embedded type 424d",
        "latestFinalizedBlock",
        "metadataEntry",
        "metadataEntry info",
        "mosaic of a transfer",
        "multisig",
        "pagination",
        "transaction info",
        "type 4141",
      ])
    })
  })

  describe("all routes of the devnet", () => {
    it("answer as Symbol's description says, with every field", async () => {
      const { height } = made
      const answers = [...jobs, ...(await askTheRest())]
      const statements = answers.flatMap(({ path }) => (/statements/.test(path) ? [path] : []))
      expect(statements.length).toBe(2)
      answers.push(await merkleOfStatement(height), await waiting())
      expect(answers.filter(({ status }) => status >= 400 && status !== 404)).toEqual([])
      expect(problemsOf(answers)).toEqual([])

      const check = new FieldCheck()
      for (const { path, status, body } of answers) if (status === 200) check.look(path, body)
      expect(check.problems).toEqual([])
      expect([...check.seen.keys()]).toEqual(
        expect.arrayContaining(["mosaic info", "statement", "receipt of a transfer", "type 4154"]),
      )
      expect(check.seen.get("unconfirmed meta")).toBeGreaterThan(0)

      const isAsked = ([method, pattern]: readonly [string, string, unknown]) =>
        answers.some((one) => one.method === method && one.status < 300 && fits(pattern, one.path))
      const unasked = ROUTES.filter((route) => !isAsked(route)).map(([m, p]) => `${m} ${p}`)
      expect(unasked).toEqual([])
      expect(ROUTES.length).toBeGreaterThanOrEqual(40)
      expect(answers.length).toBeGreaterThan(90)
    })

    async function merkleOfStatement(height: number): Promise<Asked> {
      const { meta, block } = (await ask("GET", `/blocks/${height}`)).body as {
        meta: { statementsCount: number }
        block: { receiptsHash: string }
      }
      expect(meta.statementsCount).toBe(1)
      // With one statement in the block the receipts hash is the statement's.
      const { receiptsHash } = block
      const answer = await ask("GET", `/blocks/${height}/statements/${receiptsHash}/merkle`)
      expect(answer.body).toEqual({ merklePath: [] })
      return answer
    }

    /** A transfer and an aggregate that wait: a devnet whose blocks wait for the clock. */
    async function waiting(): Promise<Asked> {
      const slow = await startDevnet({ blockTimeMs: 3_600_000 })
      try {
        const { phone } = made
        const node = new HttpSymbolNode(slow.url)
        const ledger = new SymbolLedger({ node, clock: systemClock })
        await slow.fund(phone.address, XYM)
        const faucet = { address: base32(phone.address), amount: "1" }
        const { body } = await node.request("POST", "/devnet/faucet", faucet)
        await ledger.announce(await aggregateOf(ledger, [transfer(phone, phone)], [phone]))
        const { hash } = body as { hash: string }
        for (const path of [`/transactions/unconfirmed/${hash}`, `/transactionStatus/${hash}`]) {
          const told = await node.request("GET", path)
          expect(problemsOf([{ method: "GET", path, ...told }])).toEqual([])
        }
        const told = await node.request("GET", "/transactions/unconfirmed")
        expect((told.body as { data: unknown[] }).data.length).toBe(2)
        return { method: "GET", path: "/transactions/unconfirmed", ...told }
      } finally {
        await slow.close()
      }
    }
  })
})

/** Whether a path is of a route's pattern, in which `*` stands for one segment. */
function fits(pattern: string, path: string): boolean {
  const asked = (path.split("?")[0] ?? "").split("/")
  const segments = pattern.split("/")
  return (
    segments.length === asked.length && segments.every((one, i) => one === "*" || one === asked[i])
  )
}

describe("the check itself", () => {
  it("sees a field that is missing, and one too many", () => {
    const check = new FieldCheck()
    check.look("/x", { multisig: { version: 1, minApproval: 2, other: 0 } })
    expect(check.problems).toContain("/x: multisig lacks minRemoval")
    expect(check.problems).toContain("/x: multisig has other beside its fields")
  })
})
