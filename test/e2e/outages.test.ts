/**
 * What happens when a part of the world is away, full, refusing, or lives in another time: a typed error, nothing half-written, and
 * the same command again finishes what was begun.
 *
 * @module
 */
import { readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { hex } from "../../src/base/bytes.ts"
import { systemRandom } from "../../src/base/random.ts"
import { addressOf } from "../../src/crypto/address.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import { KeyringFile } from "../../src/host/keyring-file.ts"
import { ensureFunds, XYM } from "../../src/lake/fund.ts"
import { announceAggregate, signAct } from "../../src/lake/register-act.ts"
import { type Instruction, parseAggregate } from "../../src/ledger/index.ts"
import { institutionSeed } from "../../src/vault/accounts.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import { runCommand } from "../support/command.ts"
import { filesBelow, type Homes, SECRETS, startHomes } from "../support/homes.ts"
import { describeIfPresent } from "../support/skipped.ts"
import { missingMount, mountSmallDisk, type SmallDisk } from "../support/small-disk.ts"
import { namesIn, partyOf } from "../support/world.ts"

const NOBODY = "http://127.0.0.1:9"
const HOUR = 3_600_000

let homes: Homes
const at = (...names: string[]) => homes.at(...names)
beforeAll(async () => {
  homes = await startHomes()
  await homes.done("hospital", ["upload", await study("first")])
  await homes.done("phone", ["grant", at("clinician.card"), "2026", "--until", "never"])
}, 120_000)
afterAll(() => homes.close())

async function hashesOf(files: readonly string[]): Promise<string[]> {
  return await Promise.all(files.map(async (one) => hex(sha256(await readFile(one)))))
}

const study = (name: string) => homes.writeStudy({ name, date: "20260703" })
const records = async () =>
  ((await homes.done("phone", ["list"])) as { records: { standing: string }[] }).records.length
const height = async () => (await homes.world.ledger.chain()).height

describe("a dead agent", () => {
  it("stores nothing of an upload and moves nothing; the same command later does all of it", async () => {
    const folder = await study("agent away")
    const before = { lake: await namesIn(homes.world.stores.lake), height: await height() }
    await homes.world.stopAgent()
    const acts: [string, readonly string[]][] = [
      ["hospital", ["upload", folder]],
      ["phone", ["grant", at("clinician.card"), "2025", "--until", "never"]],
      ["phone", ["link", "--until", "never", "--passcode-file", at("passcode"), "--out", at("l")]],
    ]
    for (const [party, args] of acts) {
      const told = await homes.run(party as "phone", args)
      expect([args[0], told.code]).toEqual([args[0], 41])
      expect(told.stderr).toMatch(/agent at http.* does not answer/)
    }
    expect({ lake: await namesIn(homes.world.stores.lake), height: await height() }).toEqual(before)
    expect(await filesBelow(at("l"))).toEqual([])
    await homes.world.restart()
    expect((await homes.done("hospital", ["upload", folder]))["records"]).toHaveLength(1)
  })
})

describe("a dead store", () => {
  it("keeps an upload in the outbox, sealed, and it goes on without being named again", {
    timeout: 120_000,
  }, async () => {
    const folder = await study("lake away")
    const before = await records()
    const away = { MEDLAKE_LAKE: `${NOBODY}/blobs` }
    const told = await homes.run("hospital", ["upload", folder], away)
    expect(told).toMatchObject({ code: 20, stdout: "" })
    expect(await records()).toBe(before)
    expect(await filesBelow(at("hospital", "outbox"))).toHaveLength(1)
    expect((await homes.done("hospital", ["upload"]))["records"]).toHaveLength(1)
    expect(await filesBelow(at("hospital", "outbox"))).toEqual([])
    expect(await records()).toBe(before + 1)
  })

  it("is told of, and leaves no file, when something is fetched", {
    timeout: 120_000,
  }, async () => {
    const away = { MEDLAKE_LAKE: `${NOBODY}/blobs` }
    const told = await homes.run("clinician", ["fetch", "--out", at("none")], away)
    expect(told.code).toBe(20)
    expect(await filesBelow(at("none"))).toEqual([])
    const listed = await homes.run("clinician", ["list"], { MEDLAKE_CONTROL: `${NOBODY}/objects` })
    expect(listed).toMatchObject({ code: 20, stdout: "" })
  })
})

describe("a dead node", () => {
  it("is told of as such", { timeout: 120_000 }, async () => {
    const told = await homes.run("phone", ["list"], { MEDLAKE_NODE: NOBODY })
    expect(told).toMatchObject({ code: 30, stdout: "" })
    expect(told.stderr).toContain("127.0.0.1:9")
  })
})

describe("a transaction that the network refuses", () => {
  it("is told with the network's code, moves nothing, and its upload goes on once it may", async () => {
    const folder = await study("penniless")
    const before = await records()
    await emptyAccount()
    const told = await homes.run("hospital", ["upload", folder])
    expect(told.code).toBe(31)
    expect(told.stderr).toMatch(/Failure_Core_Insufficient_Balance/)
    expect(await records()).toBe(before)
    expect(await filesBelow(at("hospital", "outbox"))).toHaveLength(1)
    await ensureFunds(homes.world.ledger, (await hospital()).address, 100n * XYM)
    expect((await homes.done("hospital", ["upload"]))["records"]).toHaveLength(1)
    expect(await records()).toBe(before + 1)
  })

  /** The hospital's own key for the vault, from its keyring. */
  async function hospital() {
    const file = at("hospital", "keyring.cbor")
    const keyring = await KeyringFile.unlock(file, SECRETS.passphrase, systemRandom)
    const { body } = parseVaultCard(await readFile(at("imaging.card")))
    const { identifier } = await homes.world.ledger.network()
    const register = addressOf(body.register, identifier)
    return partyOf(institutionSeed(keyring.get("root"), body.network, register))
  }

  /** Gives away all that the hospital could pay with. */
  async function emptyAccount() {
    const { ledger } = homes.world
    const payer = await hospital()
    const network = await ledger.network()
    const id = network.currencyMosaicId
    const held = (await ledger.account(payer.address))?.mosaics.get(id) ?? 0n
    const giving = (amount: bigint): Instruction => ({
      type: "transfer",
      signer: payer.key,
      recipient: partyOf(systemRandom(32)).address,
      mosaics: [{ id, amount }],
      message: new Uint8Array(),
    })
    const { maxFee } = parseAggregate(network, await signAct({ ledger }, payer, [giving(held)], 0))
    await announceAggregate(
      { ledger },
      await signAct({ ledger }, payer, [giving(held - maxFee)], 0),
    )
  }
})

describe("time", () => {
  it("refuses an offer that has expired, and gives no seat", async () => {
    const office = ["--as", "institution", "--name", "Late Office"]
    await homes.done("clinician", ["list"])
    const late = (args: readonly string[]) =>
      runCommand(["--home", at("late"), ...args], { MEDLAKE_PASSPHRASE_FILE: at("passphrase") })
    await late(["init", ...office, "--node", homes.world.devnet.url])
    expect(await late(["admit", at("imaging.card"), "--out", at("late.card")])).toMatchObject({
      code: 0,
    })
    await homes.done("phone", ["admit", at("late.card"), "--out", at("late.offer")])
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + HOUR + 60_000 })
    try {
      const told = await late(["admit", at("late.offer"), "--out", at("late.signature")])
      expect(told).toMatchObject({ code: 33, stderr: expect.stringContaining("new one") })
    } finally {
      vi.useRealTimers()
    }
    expect(await filesBelow(at("late.signature"))).toEqual([])
  })

  it("refuses to sign anything when this machine's clock is off by an hour, and says so", async () => {
    const { world } = homes
    const folder = await study("wrong clock")
    const before = { height: await height(), records: await records() }
    for (const offset of [HOUR, -HOUR]) {
      world.clock.offsetMs = offset
      onTestFinished(() => {
        world.clock.offsetMs = 0
      })
      const grant = ["grant", at("clinician.card"), "2025", "--until", "never"]
      const told = await homes.run("phone", grant)
      expect(told.code).toBe(34)
      expect(told.stderr).toMatch(/clock/)
      expect((await homes.run("hospital", ["upload", folder])).code).toBe(34)
    }
    world.clock.offsetMs = 0
    expect({ height: await height(), records: await records() }).toEqual(before)
  })
})

describeIfPresent("full-disk", missingMount(), () => {
  let disk: SmallDisk
  beforeAll(async () => {
    disk = mountSmallDisk(1)
    await writeFile(join(disk.folder, "ballast"), new Uint8Array((1 << 20) - 4096))
  })
  afterAll(() => disk.unmount())

  it("is told of where an outbox has no room, before a byte leaves; with room it goes on", async () => {
    const folder = await study("no room")
    const before = { lake: await namesIn(homes.world.stores.lake), height: await height() }
    await rm(at("hospital", "outbox"), { recursive: true, force: true })
    await symlink(disk.folder, at("hospital", "outbox"))
    const told = await homes.run("hospital", ["upload", folder])
    expect(told).toMatchObject({ code: 21, stderr: expect.stringContaining("free some space") })
    expect({ lake: await namesIn(homes.world.stores.lake), height: await height() }).toEqual(before)
    expect(await filesBelow(disk.folder)).toEqual([join(disk.folder, "ballast")])
    await rm(at("hospital", "outbox"))
    expect((await homes.done("hospital", ["upload", folder]))["records"]).toHaveLength(1)
  })

  it("holds no half of a file that was fetched or written", async () => {
    const fetched = await homes.run("clinician", ["fetch", "--out", disk.folder])
    const name = ["--out", join(disk.folder, "link")]
    const made = ["link", "--until", "never", "--passcode-file", at("passcode"), ...name]
    const linked = await homes.run("phone", made)
    expect([fetched.code, linked.code]).toEqual([21, 21])
    const left = (await filesBelow(disk.folder)).filter((one) => !one.endsWith("ballast"))
    expect(left.length).toBeLessThan(3)
    const inputs = await hashesOf(await filesBelow(homes.folder))
    for (const hash of await hashesOf(left)) expect(inputs).toContain(hash)
  })
})

describe("a lake that lost a blob", () => {
  it("is found out by verify, and gives no file under a name", async () => {
    const [key] = await namesIn(homes.world.stores.lake)
    const { records: found } = (await homes.done("phone", ["verify"])) as { records: object[] }
    expect(found.length).toBeGreaterThan(1)
    for (const name of await namesIn(homes.world.stores.lake)) {
      await homes.world.stores.lake.delete(name)
    }
    const told = await homes.run("phone", ["verify"])
    expect(told.code).toBe(15)
    expect(told.stdout).toContain(`(${key}): no store has it`)
    expect((await homes.run("clinician", ["fetch", "--out", at("lost")])).code).toBe(12)
    expect((await filesBelow(at("lost"))).filter((one) => one.endsWith(".dcm"))).toEqual([])
  })
})
