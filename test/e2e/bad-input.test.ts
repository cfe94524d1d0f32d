/**
 * Bad input at the command line: each a typed error, its own exit code, a sentence that says what to do, and nothing changed anywhere.
 *
 * @module
 */
import { chmod, chown, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { hex } from "../../src/base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../../src/base/dag-cbor.ts"
import { addressOf } from "../../src/crypto/address.ts"
import { startDevnet } from "../../src/devnet/index.ts"
import { mosaicIdOf } from "../../src/ledger/index.ts"
import { DATA_MOSAIC } from "../../src/vault/accounts.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import { runCommand } from "../support/command.ts"
import { filesBelow, type Homes, type Party, startHomes } from "../support/homes.ts"
import { studyFiles } from "../support/studies.ts"
import { namesIn } from "../support/world.ts"

let homes: Homes
let study: string
let fresh: string
let record: string
beforeAll(async () => {
  homes = await startHomes()
  study = await homes.writeStudy({ name: "study", date: "20260703" })
  fresh = await homes.writeStudy({ name: "fresh", date: "20260704" })
  await homes.done("hospital", ["upload", study])
  const { records } = (await homes.done("phone", ["list"])) as unknown as {
    records: { id: string }[]
  }
  record = records[0]?.id ?? ""
  await homes.done("phone", ["grant", homes.at("clinician.card"), "2026-07", "--until", "never"])
}, 120_000)
afterAll(() => homes.close())

/** Everything that a refused command must leave as it was. */
async function state() {
  const { ledger, stores, links } = homes.world
  const { body } = parseVaultCard(await readFile(homes.at("imaging.card")))
  const { network } = body
  const { identifier } = await ledger.network()
  const mosaic = mosaicIdOf(addressOf(body.vault, identifier), DATA_MOSAIC.nonce)
  return {
    network: hex(network),
    lake: await namesIn(stores.lake),
    control: await namesIn(stores.control),
    links: links.size,
    units: (await ledger.proveBalance(addressOf(body.register, identifier), mosaic)).value,
    height: (await ledger.chain()).height,
    files: (await filesBelow(homes.folder)).filter((one) => !one.includes("search.db")),
  }
}

type Case = readonly [
  what: string,
  party: Party,
  args: () => readonly string[],
  code: number,
  advice: RegExp,
  environment?: Readonly<Record<string, string>>,
]

const at = (...names: string[]) => homes.at(...names)
const card = () => at("clinician.card")
const CASES: readonly Case[] = [
  ["a wrong path", "hospital", () => ["upload", at("nowhere")], 10, /there is no .*nowhere/],
  ["a folder with nothing in it", "hospital", () => ["upload", at("empty")], 12, /no file/],
  ["a file that is no DICOM", "hospital", () => ["upload", at("words")], 10, /nothing was sent/],
  [
    "several patients in a folder",
    "hospital",
    () => ["upload", at("two")],
    10,
    /2 patients.*--several-patients.*nothing was sent/,
  ],
  ["a card that is none", "hospital", () => ["upload", fresh, "--to", at("words")], 10, /card/],
  [
    "a card of an unknown version",
    "hospital",
    () => ["admit", at("new.card"), "--out", at("x")],
    11,
    /update medlake/,
  ],
  [
    "a card with another fingerprint",
    "hospital",
    () => ["admit", at("imaging.card"), "--fingerprint", "AAAA-BBBB", "--out", at("x")],
    14,
    /fingerprint/,
  ],
  ["a signature of no offer of ours", "phone", () => ["admit", at("stray")], 12, /no offer/],
  [
    "a verb of somebody else",
    "clinician",
    () => ["grant", card(), "2026", "--until", "never"],
    10,
    /this verb is for patient/,
  ],
  [
    "a range that is none",
    "phone",
    () => ["grant", card(), "2026-13", "--until", "never"],
    10,
    /2026-13/,
  ],
  [
    "a date that is none",
    "phone",
    () => ["grant", card(), "2026", "--until", "2026-02-30"],
    10,
    /2026-12-31/,
  ],
  [
    "a date that has passed",
    "phone",
    () => ["grant", card(), "2026", "--until", "2020-01-01"],
    10,
    /passed/,
  ],
  [
    "a capability that is none",
    "phone",
    () => ["grant", card(), "2026", "--until", "never", "--capability", "write"],
    10,
    /locate, list, read/,
  ],
  [
    "a card of a vault where a reader's is needed",
    "phone",
    () => ["grant", at("imaging.card"), "2026", "--until", "never"],
    10,
    /card/,
  ],
  [
    "a record that is not there",
    "phone",
    () => ["fetch", "FFFFFFFF00", "--out", at("out")],
    12,
    /medlake list/,
  ],
  ["a name too short", "phone", () => ["verify", record.slice(0, 4)], 10, /too short/],
  ["a vault that is not there", "phone", () => ["list", "genome"], 12, /genome/],
  ["nobody to revoke", "phone", () => ["revoke"], 10, /--grant, --reader, --seat or --link/],
  [
    "a grant that is not there",
    "phone",
    () => ["revoke", "--grant", "00".repeat(16)],
    12,
    /no such grant/,
  ],
  ["an id that is no id", "phone", () => ["revoke", "--grant", "xyz"], 10, /hexadecimal/],
  ["a link that is not there", "phone", () => ["revoke", "--link", "abc"], 12, /medlake status/],
  ["a home in use", "phone", () => ["init", "--as", "patient"], 13, /--home/],
  [
    "a role that is none",
    "hospital",
    () => ["init", "--as", "wizard"],
    10,
    /patient, agent, institution, reader/,
  ],
  [
    "a passphrase file that is not there",
    "phone",
    () => ["--passphrase-file", at("none"), "list"],
    10,
    /--passphrase-file/,
  ],
  [
    "a wrong passphrase",
    "phone",
    () => ["--passphrase-file", at("passcode"), "list"],
    14,
    /passphrase/,
  ],
  [
    "an agent with another key",
    "phone",
    () => [
      "create",
      "labs",
      "--agent",
      homes.world.url,
      "--agent-key",
      "AAAA-BBBB",
      "--words",
      at("words"),
    ],
    14,
    /another agent/,
  ],
  [
    "words that are none",
    "phone",
    () => [
      "create",
      "labs",
      "--agent",
      homes.world.url,
      "--agent-key",
      "A",
      "--words",
      at("passcode"),
    ],
    10,
    /words/,
  ],
  [
    "a category without its stores",
    "phone",
    () => [
      "create",
      "labs",
      "--agent",
      homes.world.url,
      "--agent-key",
      "A",
      "--words",
      at("words"),
    ],
    14,
    /fingerprint/,
  ],
  [
    "an address that is no address",
    "phone",
    () => ["list"],
    10,
    /"node"/,
    { MEDLAKE_NODE: "nowhere" },
  ],
  ["a store that is none", "phone", () => ["list"], 10, /s3:\/\//, { MEDLAKE_CONTROL: "ftp://x" }],
  [
    "a number of a vault that is none",
    "phone",
    () => [
      "create",
      "labs",
      "--agent",
      homes.world.url,
      "--agent-key",
      "A",
      "--words",
      at("words"),
      "--vault",
      "x",
    ],
    10,
    /--vault/,
  ],
]

describe("a command", () => {
  beforeAll(async () => {
    await mkdir(at("empty"))
    await mkdir(at("two"))
    for (const patientId of ["P1", "P2"]) {
      for (const { name, bytes } of studyFiles({
        name: `of ${patientId}`,
        date: "20260704",
        patientId,
      })) {
        await writeFile(at("two", name), bytes)
      }
    }
    const value = decodeDagCbor(await readFile(at("imaging.card"))) as object
    await writeFile(at("new.card"), encodeDagCbor({ ...value, v: 2 }))
    const answer = decodeDagCbor(await readFile(at("signature"))) as object
    await writeFile(at("stray"), encodeDagCbor({ ...answer, hash: new Uint8Array(32) }))
  })

  it.for(CASES)(
    "refuses %s, and changes nothing",
    async ([_what, party, args, code, advice, environment]) => {
      const before = await state()
      const told = await homes.run(party, args(), environment)
      expect(told.stderr).toMatch(advice)
      expect(told.stderr.trimEnd().split("\n")).toHaveLength(1)
      expect(told.stdout).toMatch(code === 10 ? /^( {2}refused .*\n1 refused\n)?$/ : /^$/)
      expect(told.code).toBe(code)
      expect(await state()).toEqual(before)
    },
  )

  it("refuses a wrong second factor, and the chain stays as it is", async () => {
    const before = await state()
    const grant = ["grant", card(), "2026", "--until", "never", "--factor-file", at("passcode")]
    const told = await homes.run("phone", grant)
    expect(told).toMatchObject({ code: 14, stderr: expect.stringContaining("second factor") })
    // Sealed objects that nothing names may stay behind: they open nothing without the message on chain.
    expect({ ...(await state()), control: [] }).toEqual({ ...before, control: [] })
  })

  it("begins a home whole or not at all", async () => {
    const begin = (...more: string[]) =>
      runCommand(["--home", at("half"), "init", "--as", "patient", ...more], {
        MEDLAKE_PASSPHRASE_FILE: at("passphrase"),
      })
    const refusals: [number, readonly string[]][] = [
      [13, ["--words", at("words")]],
      [10, ["--zone", "Mars"]],
      [30, ["--node", "http://127.0.0.1:9"]],
    ]
    for (const [code, more] of refusals) {
      expect((await begin(...more)).code).toBe(code)
      expect(await filesBelow(at("half"))).toEqual([])
    }
    await writeFile(at("blank"), "\n")
    expect((await begin("--passphrase-file", at("blank"))).code).toBe(10)
    expect(await filesBelow(at("half"))).toEqual([])
    expect((await begin()).code).toBe(0)
  })

  it("takes several patients when told to", async () => {
    const told = await homes.done("hospital", ["upload", at("two"), "--several-patients"])
    expect(told["records"]).toHaveLength(2)
  })

  it("refuses an unreadable file by name, and stores nothing of it", async ({ skip }) => {
    const unreadable = join(fresh, "fresh-0.dcm")
    const root = process.getuid?.() === 0
    if (root && !process.seteuid) skip("root reads every file, and can't be somebody else here")
    await chmod(unreadable, 0)
    if (root) await chownAll(homes.folder, 65534, unreadable)
    const before = await state()
    try {
      if (root) process.seteuid?.(65534)
      const told = await homes.run("hospital", ["upload", unreadable])
      expect(told).toMatchObject({ code: 10, stderr: expect.stringContaining("nothing was sent") })
      expect(told.stdout).toMatch(/refused .*fresh-0\.dcm: no right to use .*fresh-0\.dcm/)
    } finally {
      if (root) process.seteuid?.(0)
      await chmod(unreadable, 0o600)
    }
    expect(await state()).toEqual(before)
  })

  it("says what a home lacks that was never begun", async () => {
    const told = await runCommand(["--home", at("nobody"), "list"])
    expect(told).toMatchObject({ code: 12, stderr: expect.stringContaining("medlake init") })
    expect(await filesBelow(at("nobody"))).toEqual([])
  })

  it("refuses a keyring and a configuration of another version", async () => {
    for (const [file, code, changed] of [
      ["keyring.cbor", 11, encodeDagCbor({ v: 2, kind: "keyring" })],
      ["config.json", 11, Buffer.from('{"version": 2, "role": "patient"}')],
    ] as const) {
      await rename(at("phone", file), at("kept"))
      await writeFile(at("phone", file), changed)
      const told = await homes.run("phone", ["list"])
      await rename(at("kept"), at("phone", file))
      expect(told.code).toBe(code)
      expect(told.stderr).toContain(file)
    }
  })

  it("ends with 2 for a verb, an option or an argument that there is not, and says where help is", async () => {
    for (const args of [
      ["fly"],
      ["list", "--fast"],
      ["upload", "--to"],
      ["grant", "x"],
      ["init"],
      [],
    ]) {
      const told = await runCommand(args)
      expect(told.code).toBe(2)
      expect(told.stdout).toBe("")
      expect(told.stderr).toMatch(/--help/)
    }
    const json = await runCommand(["--json", "fly"])
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "usage" } })
  })

  it("refuses a link that is none, and one that nobody knows", async () => {
    const key = Buffer.alloc(32, 7).toString("base64url")
    const payload = {
      url: `${homes.world.server.url}/links/${key}`,
      key,
      flag: "P",
      v: 1,
      _ml: { k: key },
    }
    await writeFile(
      at("unknown"),
      `shlink:/${Buffer.from(JSON.stringify(payload)).toString("base64url")}`,
    )
    const out = ["--passcode-file", at("passcode"), "--out", at("by-link")]
    const before = await state()
    expect(await runCommand(["fetch", "--link-file", at("words"), ...out])).toMatchObject({
      code: 10,
    })
    expect(await runCommand(["fetch", "--link-file", at("unknown"), ...out])).toMatchObject({
      code: 12,
    })
    expect(await state()).toEqual(before)
  })

  it("refuses a wrong passcode, and says how many tries are left", async () => {
    const made = [
      "link",
      "--until",
      "never",
      "--passcode-file",
      at("passcode"),
      "--out",
      at("link"),
    ]
    await homes.done("phone", made)
    const before = await state()
    const wrong = ["--passcode-file", at("factor"), "--out", at("by-link")]
    const told = await runCommand(["fetch", "--link-file", at("link"), ...wrong])
    expect(told).toMatchObject({ code: 14, stderr: expect.stringContaining("4 tries are left") })
    expect(await state()).toEqual(before)
  })

  it("refuses to read by a grant that has expired", async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString().replace(/:\d\d\.\d+Z/, "Z")
    await homes.done("phone", ["revoke", "--reader", card()])
    await homes.done("phone", ["grant", card(), "2026-07", "--until", until])
    await homes.done("clinician", ["list"])
    const before = await state()
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_700_000 })
    try {
      const told = await homes.run("clinician", ["fetch", "--out", at("expired")])
      expect(told).toMatchObject({ code: 14, stderr: expect.stringContaining("expired") })
    } finally {
      vi.useRealTimers()
    }
    expect(await state()).toEqual(before)
  })

  it("refuses a node of another network than the one the home was begun with", async () => {
    const other = await startDevnet({})
    const before = await state()
    try {
      const told = await homes.run("hospital", ["upload", fresh], { MEDLAKE_NODE: other.url })
      expect(told.code).toBe(32)
    } finally {
      await other.close()
    }
    expect(await state()).toEqual(before)
  })
})

async function chownAll(folder: string, owner: number, except: string): Promise<void> {
  await chown(folder, owner, owner)
  for (const one of await readdir(folder, { recursive: true })) {
    if (join(folder, one) !== except) await chown(join(folder, one), owner, owner)
  }
}
