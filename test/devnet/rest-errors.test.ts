import { request } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import { ROUTES } from "../../src/devnet/rest/router.ts"
import { party } from "./parties.ts"
import { base32, Stage, XYM } from "./stage.ts"
import { transferOf } from "./wire.ts"

const NOBODY = base32(party(1).address)
const HASH = "AB".repeat(32)
const ID = "00000009".repeat(3)
const MOSAIC = "0123456789ABCDEF"

type Method = "GET" | "PUT" | "POST"
type Refusal = [method: Method, path: string, body: unknown, status: number, message: string]

const absent = (method: Method, path: string, id: string): Refusal => [
  method,
  path,
  undefined,
  404,
  `no resource exists with id '${id}'`,
]
const malformed = (path: string, name: string): Refusal => [
  "GET",
  path,
  undefined,
  409,
  `${name} has an invalid format`,
]
const element = (path: string, name: string, body: unknown): Refusal => [
  "POST",
  path,
  body,
  409,
  `element in array ${name} has an invalid format`,
]

const CODES: Readonly<Record<number, string>> = { 404: "ResourceNotFound", 409: "InvalidArgument" }
const REFUSALS: readonly Refusal[] = [
  absent("GET", `/accounts/${NOBODY}`, NOBODY),
  absent("GET", `/accounts/${HASH}`, HASH),
  absent("GET", `/account/${NOBODY}/multisig`, NOBODY),
  absent("GET", `/account/${NOBODY}/multisig/graph`, NOBODY),
  absent("GET", `/mosaics/${MOSAIC}`, MOSAIC),
  absent("GET", `/metadata/${HASH}`, HASH),
  absent("GET", "/blocks/99999", "99999"),
  absent("GET", `/blocks/99999/transactions/${HASH}/merkle`, "99999"),
  absent("GET", `/blocks/99999/statements/${HASH}/merkle`, "99999"),
  absent("GET", `/transactions/confirmed/${HASH}`, HASH),
  absent("GET", `/transactions/confirmed/${ID}`, ID),
  absent("GET", `/transactions/unconfirmed/${HASH}`, HASH),
  absent("GET", `/transactions/partial/${HASH}`, HASH),
  absent("GET", `/transactionStatus/${HASH}`, HASH),

  malformed("/accounts/NOT-AN-ADDRESS", "accountId"),
  malformed(`/accounts/${NOBODY.slice(0, 20)}77${NOBODY.slice(22)}`, "accountId"),
  malformed(`/accounts/${"G".repeat(64)}`, "accountId"),
  malformed("/accounts/NOT-AN-ADDRESS/merkle", "accountId"),
  malformed("/accounts?address=NOBODY", "address"),
  malformed("/account/NOBODY/multisig", "address"),
  malformed("/account/NOBODY/multisig/graph", "address"),
  malformed("/account/NOBODY/multisig/merkle", "address"),
  malformed("/mosaics/XYM", "mosaicId"),
  malformed("/mosaics/XYM/merkle", "mosaicId"),
  malformed("/mosaics?ownerAddress=NOBODY", "ownerAddress"),
  malformed("/metadata/12", "compositeHash"),
  malformed("/metadata/12/merkle", "compositeHash"),
  malformed("/metadata?sourceAddress=NOBODY", "sourceAddress"),
  malformed("/metadata?targetAddress=NOBODY", "targetAddress"),
  malformed("/metadata?scopedMetadataKey=x", "scopedMetadataKey"),
  malformed("/metadata?metadataType=account", "metadataType"),
  malformed("/metadata?targetId=x", "targetId"),
  malformed("/accounts?mosaicId=XYM", "mosaicId"),
  malformed("/blocks/latest", "height"),
  malformed("/blocks/-1", "height"),
  malformed("/blocks?offset=x", "offset"),
  malformed("/blocks?signerPublicKey=x", "signerPublicKey"),
  malformed("/blocks?beneficiaryAddress=x", "beneficiaryAddress"),
  malformed("/blocks?fromTimestamp=x", "fromTimestamp"),
  malformed("/blocks/1/transactions/12/merkle", "hash"),
  malformed("/blocks/1/statements/12/merkle", "hash"),
  malformed("/statements/transaction?height=x", "height"),
  malformed("/statements/transaction?targetAddress=x", "targetAddress"),
  malformed("/transactionStatus/12", "hash"),
  malformed(`/transactions/confirmed/${"G".repeat(24)}`, "transactionId"),
  malformed("/transactions/confirmed?address=x", "address"),
  malformed("/transactions/confirmed?signerPublicKey=x", "signerPublicKey"),
  malformed("/transactions/confirmed?recipientAddress=x", "recipientAddress"),
  malformed("/transactions/confirmed?embedded=yes", "embedded"),
  malformed("/transactions/confirmed?fromHeight=x", "fromHeight"),
  malformed("/transactions/confirmed?offset=x", "offset"),
  malformed("/transactions/confirmed?transferMosaicId=x", "transferMosaicId"),

  element("/transactionStatus", "hashes", {}),
  element("/transactionStatus", "hashes", { hashes: [HASH, "12"] }),
  element("/transactionStatus", "hashes", { hashes: [12] }),
  element("/transactions/confirmed", "transactionIds", { transactionIds: ["12"] }),
  element("/accounts", "addresses", {}),
  element("/accounts", "addresses", { addresses: ["NOBODY"] }),
  element("/accounts", "publicKeys", { publicKeys: [NOBODY] }),
  element("/mosaics", "mosaicIds", { mosaicIds: ["XYM"] }),
  element("/metadata", "compositeHashes", { compositeHashes: [MOSAIC] }),
  element("/namespaces/mosaic/names", "mosaicIds", { mosaicIds: [1] }),
  element("/namespaces/account/names", "addresses", null),

  ["PUT", "/transactions", { payload: "ABC" }, 409, "payload has an invalid format"],
  ["PUT", "/transactions", { payload: "" }, 409, "payload has an invalid format"],
  ["PUT", "/transactions", {}, 409, "payload has an invalid format"],
  ["PUT", "/transactions", null, 409, "payload has an invalid format"],
  ["POST", "/transactions/confirmed", {}, 409, "either ids or hashes must be provided"],
  [
    "POST",
    "/transactions/confirmed",
    { transactionIds: [ID], hashes: [HASH] },
    409,
    "either ids or hashes must be provided",
  ],
  [
    "POST",
    "/accounts",
    { addresses: [NOBODY], publicKeys: [HASH] },
    409,
    "publicKeys and addresses cannot both be provided",
  ],
  ["GET", "/transactions/confirmed/ABC", undefined, 409, "invalid length of transaction id 'ABC'"],
  [
    "GET",
    `/transactions/confirmed?address=${NOBODY}&signerPublicKey=${HASH}`,
    undefined,
    409,
    "can't filter by address if signerPublicKey or recipientAddress are already provided",
  ],
  [
    "GET",
    "/transactions/confirmed?fromTransferAmount=1",
    undefined,
    409,
    "can't filter by transfer amount if `transferMosaicId` is not provided",
  ],
  [
    "GET",
    "/transactions/confirmed?type=transfer",
    undefined,
    409,
    "element in array type has an invalid format",
  ],
  [
    "GET",
    "/statements/transaction?receiptType=x",
    undefined,
    409,
    "element in array receiptType has an invalid format",
  ],
  ["GET", "/accounts?pageSize=x", undefined, 409, "pageSize is not a valid unsigned integer"],
  ["GET", "/accounts?pageNumber=-1", undefined, 409, "pageNumber is not a valid unsigned integer"],
  ["GET", "/accounts?orderBy=height", undefined, 409, "sorting by height is not allowed"],
  ["GET", "/transactions/confirmed?orderBy=size", undefined, 409, "sorting by size is not allowed"],
  [
    "GET",
    `/blocks/1/transactions/${HASH}/merkle`,
    undefined,
    409,
    `hash '${HASH}' not included in block height '1'`,
  ],
  [
    "GET",
    `/blocks/1/statements/${HASH}/merkle`,
    undefined,
    409,
    `hash '${HASH}' not included in block height '1'`,
  ],
  ["GET", "/x", undefined, 404, "/x does not exist"],
  [
    "GET",
    "/namespaces/0123456789ABCDEF",
    undefined,
    404,
    "/namespaces/0123456789ABCDEF does not exist",
  ],
  ["PUT", "/accounts", {}, 404, "/accounts does not exist"],
  ["POST", "/devnet/faucet", {}, 409, "address has an invalid format"],
  ["POST", "/devnet/faucet", { address: NOBODY }, 409, "amount has an invalid format"],
  [
    "POST",
    "/devnet/faucet",
    { address: NOBODY, amount: "-1" },
    409,
    "amount has an invalid format",
  ],
  [
    "POST",
    "/devnet/faucet",
    { address: "NOBODY", amount: "1" },
    409,
    "address has an invalid format",
  ],
  [
    "POST",
    "/devnet/faucet",
    { address: NOBODY, amount: "9000000000000000" },
    409,
    "the faucet does not hold that much",
  ],
]

describe("a request that can't be answered", () => {
  let stage: Stage
  beforeAll(() => {
    stage = new Stage()
  })
  afterAll(() => stage.close())

  it.each(REFUSALS)("%s %s with %j is refused in Symbol's shape: %i, %s", (...refusal) => {
    const [method, path, body, status, message] = refusal
    const before = stage.stateHash
    const answer = stage.request(method, path, body)
    expect(answer).toEqual({ status, body: { code: CODES[status], message } })
    expect([...stage.chain.pool()]).toEqual([])
    expect(stage.stateHash).toBe(before)
  })

  it("for a group of transactions that does not exist has no message", () => {
    for (const [method, path] of [
      ["GET", "/transactions/lost"],
      ["GET", `/transactions/lost/${HASH}`],
      ["POST", "/transactions/lost"],
    ] as const) {
      const answer = stage.request(method, path, { transactionIds: [HASH] })
      expect(answer).toEqual({ status: 404, body: { code: "NotFound", message: "" } })
    }
  })

  it("has been tried for every route that takes anything", () => {
    const asked = REFUSALS.map(([method, path]) => `${method} ${path.split("?")[0]}`)
    const untried = ROUTES.filter(([method, pattern]) => {
      const route = new RegExp(`^${method} ${pattern.replaceAll("*", "[^/]+")}$`)
      return !asked.some((one) => route.test(one))
    })
    // These take no parameter at all.
    expect(untried.map(([method, path]) => `${method} ${path}`)).toEqual([
      "GET /node/info",
      "GET /node/health",
      "GET /node/server",
      "GET /node/time",
      "GET /node/storage",
      "GET /node/peers",
      "GET /node/unlockedaccount",
      "GET /network",
      "GET /network/properties",
      "GET /network/fees/transaction",
      "GET /network/fees/rental",
      "GET /chain/info",
      "GET /devnet/faucet",
    ])
  })
})

describe("what a search leaves out", () => {
  let stage: Stage
  beforeAll(() => {
    stage = new Stage()
  })
  afterAll(() => stage.close())
  const ids = (path: string) =>
    (stage.get(path) as { data: { id: string }[] }).data.map(({ id }) => id)

  it("is what its filters exclude, over pages that are full as long as there is more", () => {
    const [alice, bob] = stage.rich(2)
    if (!alice || !bob) throw new Error("nobody is rich")
    const mosaics = (amount: bigint) => [{ id: stage.currency, amount }]
    for (let i = 1n; i <= 25n; i++) {
      stage.announce(stage.single(alice, transferOf(bob.address, i % 2n ? mosaics(i) : [])))
    }
    stage.mine()
    const search = `/transactions/confirmed?recipientAddress=${base32(bob.address)}&pageSize=10`
    const currency = stage.chain.genesis.currency
    const some = `${search}&transferMosaicId=${currency}`
    const paid = `${some}&toTransferAmount=1000`
    const [first, second] = [ids(paid), ids(`${paid}&pageNumber=2`)]
    expect([first.length, second.length]).toEqual([10, 3])
    expect(ids(`${paid}&offset=${first.at(-1)}`)).toEqual(second)
    expect(ids(`${some}&fromTransferAmount=3&toTransferAmount=7`).length).toBe(3)
    expect(ids(`${search}&transferMosaicId=${MOSAIC}`)).toEqual([])
    expect(ids(`${search}&type=16724&type=16705&pageNumber=3`).length).toBe(6)
    expect(ids(`${search}&type=16705`)).toEqual([])
  })

  it("is told apart by receiver, payer and kind of receipt", () => {
    const harvester = base32(Buffer.from(stage.chain.genesis.harvester, "hex"))
    const all = "/statements/transaction?pageSize=100"
    const height = stage.chain.height
    expect(ids(all).length).toBe(height - 1)
    expect(ids(`${all}&targetAddress=${harvester}`).length).toBe(height - 1)
    expect(ids(`${all}&targetAddress=${NOBODY}`)).toEqual([])
    expect(ids(`${all}&senderAddress=${harvester}`)).toEqual([])
    expect(ids(`${all}&recipientAddress=${harvester}`)).toEqual([])
    expect(ids(`${all}&receiptType=8515`).length).toBe(height - 1)
    expect(ids(`${all}&receiptType=4685`)).toEqual([])
    expect(ids(`${all}&artifactId=${MOSAIC}`)).toEqual([])
    expect(ids(`${all}&fromHeight=3&toHeight=4`).length).toBe(2)
    expect(ids(`${all}&height=3`).length).toBe(1)
  })

  it("are blocks of another harvester and of another time", () => {
    const { harvesterKey } = stage.chain.genesis
    const heights = (query: string) =>
      (
        stage.get(`/blocks?pageSize=100${query}`) as { data: { block: { height: string } }[] }
      ).data.map(({ block }) => Number(block.height))
    const all = heights("")
    expect(all.length).toBeGreaterThan(3)
    expect(all).toEqual(all.map((_, i) => i + 1))
    expect(heights(`&signerPublicKey=${harvesterKey.toString("hex")}`)).toEqual(all)
    expect(heights(`&signerPublicKey=${HASH}`)).toEqual([])
    expect(heights(`&beneficiaryAddress=${NOBODY}`)).toEqual([])
    const { block } = stage.get("/blocks/3") as { block: { timestamp: string } }
    expect(heights(`&fromTimestamp=${block.timestamp}`)).toEqual(all.slice(2))
    expect(heights(`&toTimestamp=${block.timestamp}`)).toEqual([1, 2, 3])
    expect(heights(`&fromTimestamp=${BigInt(block.timestamp) + 1n}`)).toEqual(all.slice(3))
    expect(heights("&orderBy=height&offset=2")).toEqual(all.slice(2))
    expect(heights("&orderBy=height&offset=3&order=desc")).toEqual([2, 1])
  })
})

describe("the faucet", () => {
  it("pays equal requests as often as they come", () => {
    const stage = new Stage()
    try {
      for (let i = 0; i < 5; i++) {
        const body = { address: NOBODY, amount: `${XYM}` }
        expect(stage.request("POST", "/devnet/faucet", body).status).toBe(200)
      }
      expect([...stage.chain.pool()].length).toBe(5)
      stage.mine()
      expect(stage.balance(party(1))).toBe(5n * XYM)
    } finally {
      stage.close()
    }
  })
})

describe("a socket", () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startDevnet()
  })
  afterAll(() => devnet.close())

  /** Sends bytes as they are. */
  function send(method: string, path: string, body: string, type = "application/json") {
    return new Promise<{ status: number | undefined; type: string | undefined; body: unknown }>(
      (resolve, reject) => {
        const headers = { "content-type": type }
        const sent = request(devnet.url + path, { method, headers }, (answer) => {
          const { statusCode: status, headers: told } = answer
          let text = ""
          answer.on("data", (piece) => {
            text += String(piece)
          })
          answer.on("end", () =>
            resolve({ status, type: told["content-type"], body: JSON.parse(text) }),
          )
        })
        sent.on("error", reject)
        sent.end(body)
      },
    )
  }
  const json = "application/json; charset=utf-8"

  it.each([
    ["PUT", "/transactions", "{", "application/json", 400, "InvalidContent"],
    ["POST", "/accounts", "", "application/json", 400, "InvalidContent"],
    [
      "PUT",
      "/transactions",
      "payload=AB",
      "application/x-www-form-urlencoded",
      415,
      "UnsupportedMediaType",
    ],
    ["DELETE", "/transactions", "", "application/json", 405, "MethodNotAllowed"],
    ["PATCH", "/accounts", "{}", "application/json", 405, "MethodNotAllowed"],
    [
      "PUT",
      "/transactions",
      `{"payload":"${"00".repeat(2 << 20)}"}`,
      "application/json",
      413,
      "RequestEntityTooLarge",
    ],
  ])("answers %s %s of %.12s as %s with %i %s", async (...refusal) => {
    const [method, path, body, type, status, code] = refusal
    const answer = await send(method, path, body, type)
    expect(answer).toEqual({ status, type: json, body: { code, message: expect.any(String) } })
  })

  it("answers a preflight with 204 and lets pages of any origin ask", async () => {
    const response = await fetch(`${devnet.url}/accounts`, { method: "OPTIONS" })
    expect(response.status).toBe(204)
    expect(response.headers.get("access-control-allow-origin")).toBe("*")
    expect(response.headers.get("access-control-allow-methods")).toContain("PUT")
  })

  it("takes an announcement with 202, whatever it is", async () => {
    const answer = await send("PUT", "/transactions", '{"payload":"ABCD"}')
    const message = "packet 9 was pushed to the network via /transactions"
    expect(answer).toEqual({ status: 202, type: json, body: { message } })
  })
})
