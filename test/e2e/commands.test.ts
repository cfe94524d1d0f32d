/**
 * The verbs as people and programs use them: each home by the command line alone, results as JSON, secrets nowhere.
 *
 * @module
 */
import { readFile } from "node:fs/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hex, utf8 } from "../../src/base/bytes.ts"
import { VERBS } from "../../src/cli/verbs.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import { runCommand } from "../support/command.ts"
import { filesBelow, type Homes, SECRETS, startHomes } from "../support/homes.ts"

let homes: Homes
let study: string
beforeAll(async () => {
  homes = await startHomes()
  study = await homes.writeStudy({ name: "study", date: "20260703" })
}, 120_000)
afterAll(() => homes.close())

interface Listed {
  readonly records: readonly {
    readonly id: string
    readonly standing: string
    readonly entry: unknown
  }[]
}
const list = async (...more: string[]) =>
  (await homes.done("phone", ["list", ...more])) as unknown as Listed

/** SHA-256 of all files below a folder. */
async function hashesBelow(folder: string): Promise<string[]> {
  const files = await filesBelow(folder)
  const hashes = await Promise.all(files.map(async (one) => hex(sha256(await readFile(one)))))
  return hashes.toSorted()
}

describe("medlake", () => {
  it("uploads a folder once, with a receipt that names record, transaction and every instance", async () => {
    const receipt = homes.at("receipt.json")
    const first = await homes.done("hospital", ["upload", study, "--receipt", receipt])
    expect(first["files"]).toHaveLength(3)
    const written = JSON.parse(await readFile(receipt, "utf8")) as {
      records: { record: string; transaction: { hash: string }; instances: { sha256: string }[] }[]
    }
    const [record] = written.records
    expect(record?.record).toBe(`${record?.transaction.hash}:0`)
    expect(record?.instances.map(({ sha256: digest }) => digest).toSorted()).toEqual(
      await hashesBelow(study),
    )
    const again = await homes.done("hospital", ["upload", study])
    expect(again["records"]).toEqual([])
    expect((await list()).records.map(({ standing }) => standing)).toEqual(["verified"])
  })

  it("grants, fetches byte for byte, and fetches again without writing anything", async () => {
    await homes.done("phone", ["grant", homes.at("clinician.card"), "2026-07", "--until", "never"])
    const out = homes.at("images")
    const first = await homes.done("clinician", ["fetch", "--out", out])
    expect(first["written"]).toBe(3)
    expect(await hashesBelow(out)).toEqual(await hashesBelow(study))
    expect((await homes.done("clinician", ["fetch", "--out", out]))["written"]).toBe(0)
  })

  it("shares by link and passcode with somebody who has no home", async () => {
    const passcode = ["--passcode-file", homes.at("passcode")]
    const made = ["link", "--until", "never", ...passcode, "--out", homes.at("link")]
    const { id } = await homes.done("phone", made)
    const fetching = ["--json", "fetch", "--link-file", homes.at("link"), ...passcode, "--out"]
    const visited = await runCommand([...fetching, homes.at("visitor")])
    expect(visited.stderr).toBe("")
    expect(await hashesBelow(homes.at("visitor"))).toEqual(await hashesBelow(study))
    await homes.done("phone", ["revoke", "--link", String(id)])
    const late = await runCommand([...fetching, homes.at("late")])
    expect(late.code).toBe(12)
    expect(await filesBelow(homes.at("late"))).toEqual([])
  })

  it("verifies, tells its status, and rebuilds an empty home from the words to the same list", async () => {
    const verified = await homes.done("phone", ["verify"])
    expect(verified).toMatchObject({
      balanced: true,
      records: [{ standing: "verified", faults: [] }],
    })
    const status = await homes.done("phone", ["status"])
    expect(status).toMatchObject({ role: "patient" })
    const before = await list("--cached")
    expect(before.records).toHaveLength(1)
    const { devnet, places } = homes.world
    const there = ["--node", devnet.url, "--lake", places.lake, "--control", places.control]
    const fresh = (...args: string[]) =>
      runCommand(["--home", homes.at("fresh"), "--json", ...args], {
        MEDLAKE_PASSPHRASE_FILE: homes.at("passphrase"),
      })
    expect(await fresh("init", "--as", "patient", "--from-words", ...there)).toMatchObject({
      code: 0,
    })
    expect(await fresh("rebuild", "--words", homes.at("words"))).toMatchObject({
      code: 0,
      stderr: "",
    })
    const after = await fresh("list", "imaging", "--cached")
    expect(JSON.parse(after.stdout)).toEqual(before)
  })

  it("revokes by a reader's card, and the reader is told so", async () => {
    const revoked = ["revoke", "--reader", homes.at("clinician.card")]
    expect(await homes.done("phone", revoked)).toMatchObject({ epoch: 2, regranted: 0 })
    const { code, stderr } = await homes.run("clinician", ["fetch", "--out", homes.at("no")])
    expect(code).toBe(14)
    expect(stderr).toContain("withdrawn")
    expect(await filesBelow(homes.at("no"))).toEqual([])
  })

  it("has every verb of a home run here, and told with and without --json on its own stream", () => {
    const used = new Set(
      homes.history.map(({ args }) => args.find((one) => !one.startsWith("--")) ?? ""),
    )
    const servers = ["agent", "devnet", "serve", "rebuild"]
    expect([...used, ...servers].toSorted()).toEqual(Object.keys(VERBS).toSorted())
    const results = homes.history.filter(({ args, code }) => args[0] === "--json" && code === 0)
    expect(results.length).toBeGreaterThan(15)
    expect(new Set(results.map(({ stdout }) => stdout.split("\n").length))).toEqual(new Set([2]))
  })

  it("shows no passphrase, words, passcode or second factor in anything that it wrote or was given", async () => {
    const { passphrase, passcode, pin } = SECRETS
    const secrets = [
      passphrase,
      passcode,
      homes.words,
      homes.words.split(" ").slice(0, 4).join(" "),
    ]
    let looked = 0
    for (const { args, stdout, stderr } of homes.history) {
      const told = [...args, stdout, stderr].join("\n")
      for (const secret of secrets) expect(told).not.toContain(secret)
      expect(told.split(/[^0-9]/)).not.toContain(pin)
      looked += 1
    }
    expect(looked).toBeGreaterThan(20)
    const given = ["passphrase", "passcode", "words", "factor"].map((name) => homes.at(name))
    const files = (await filesBelow(homes.folder)).filter((one) => !given.includes(one))
    expect(files.length).toBeGreaterThan(20)
    for (const file of files) {
      const bytes = await readFile(file)
      for (const secret of secrets) expect(bytes.includes(secret)).toBe(false)
    }
    const logged = JSON.stringify(homes.world.log)
    expect(homes.world.log.length).toBeGreaterThan(10)
    for (const secret of [...secrets, hex(utf8(passphrase))]) expect(logged).not.toContain(secret)
  })
})
