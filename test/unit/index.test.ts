import { describe, expect, it } from "vitest"
import * as medlake from "../../src/index.ts"

/** What a program may rely on: adding a name is a feature, losing one breaks somebody. */
const VERBS = [
  "acceptSeat",
  "accountsOf",
  "authorizeAs",
  "checkVaultCard",
  "contactCard",
  "create",
  "endLink",
  "fetchRecord",
  "findVaults",
  "grant",
  "grantSeat",
  "identityOf",
  "isWhole",
  "link",
  "listRecords",
  "offerSeat",
  "openContext",
  "openDevnet",
  "openLedger",
  "openLink",
  "openPatientVault",
  "openStore",
  "openStores",
  "openWriterVault",
  "parseContactCard",
  "parseVaultCard",
  "readGrants",
  "readRecords",
  "readRegister",
  "readerOfGrants",
  "readerOfOwner",
  "resume",
  "revoke",
  "systemRandom",
  "upload",
  "verifyRecords",
]

describe("the library", () => {
  it("exports the verbs, what opens their ports, and every error", () => {
    const functions = Object.entries(medlake).flatMap(([name, value]) =>
      typeof value === "function" && !/^[A-Z]/.test(name) ? [name] : [],
    )
    const errors = Object.keys(medlake).filter((name) => name.endsWith("Error"))
    expect(functions.toSorted()).toEqual(VERBS)
    expect(errors.length).toBeGreaterThanOrEqual(18)
  })

  it("opens a ledger, a context and stores that hold what they are given", async () => {
    const devnet = await medlake.openDevnet({ port: 0 })
    const context = medlake.openContext(medlake.openLedger(devnet.url))
    const stores = await medlake.openStores({ lake: ["memory:"], control: ["memory:"] })
    const { generationHash } = await context.ledger.network()
    expect(generationHash).toHaveLength(32)
    await expect(stores.lake.stat("bafkqaaa")).resolves.toBeUndefined()
    await stores.close()
    await context.close()
    await devnet.close()
  })

  it("refuses a control store that cannot erase", async () => {
    const places = { lake: ["memory:"], control: ["memory:", "ipfs://127.0.0.1:5001"] }
    await expect(medlake.openStores(places)).rejects.toMatchObject({ code: "invalid_input" })
  })
})
