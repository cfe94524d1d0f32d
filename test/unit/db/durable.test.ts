import { mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "libsql"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AgentTables, DraftRow, KeptHalf } from "../../../src/agent/ports.ts"
import { IntegrityError, InvalidInputError, UnsupportedError } from "../../../src/base/errors.ts"
import { DurableTables } from "../../../src/db/durable.ts"
import { secretOf } from "../vault/samples.ts"

const register = secretOf("register")
const other = secretOf("another register")
const link = secretOf("link")
const half: KeptHalf = {
  register,
  proofHash: secretOf("proof hash"),
  h: secretOf("h"),
  jwe: "a.b.c.d.e",
  until: 2 ** 45,
  envelope: secretOf("envelope"),
}
const draftOf = (name: string, state: DraftRow["state"] = "drafted"): DraftRow => ({
  id: secretOf(name),
  register,
  writer: secretOf("writer"),
  epoch: 1,
  deadlineMs: 1000,
  aggregate: secretOf(`aggregate ${name}`),
  state,
})
const recordOf = (name: string, version = "1") => ({
  manifest: secretOf(`manifest ${name}`),
  catalogue: secretOf(`catalogue ${name}`),
  tags: [
    { uid: secretOf(`uid ${name}`).slice(0, 16), content: secretOf(`content ${name} ${version}`) },
  ],
})

describe("DurableTables", () => {
  let folder: string
  let path: string
  let tables: DurableTables & AgentTables
  const reopen = async () => {
    await tables.close()
    tables = await DurableTables.open(path)
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "medlake-db-"))
    path = join(folder, "durable.db")
    tables = await DurableTables.open(path)
  })
  afterEach(async () => {
    await tables.close()
    await rm(folder, { recursive: true, force: true })
  })

  describe("open", () => {
    it("begins a file that nobody else may read", async () => {
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    })

    it("refuses tables of a newer version, and leaves them alone", async () => {
      await tables.close()
      const raw = new Database(path)
      raw.exec("PRAGMA user_version = 2")
      raw.close()
      await expect(DurableTables.open(path)).rejects.toThrow(UnsupportedError)
      const again = new Database(path)
      expect(again.pragma("user_version", { simple: true })).toMatchObject({ user_version: 2 })
      again.exec("PRAGMA user_version = 1")
      again.close()
      tables = await DurableTables.open(path)
    })

    it("refuses a file that is no database", async () => {
      const wrong = join(folder, "wrong.db")
      await writeFile(
        wrong,
        "this is no database, and longer than a header of one hundred bytes ".repeat(4),
      )
      await expect(DurableTables.open(wrong)).rejects.toThrow(IntegrityError)
    })

    it("refuses a folder that is not there", async () => {
      await expect(DurableTables.open(join(folder, "no", "x.db"))).rejects.toThrow(
        InvalidInputError,
      )
    })
  })

  describe("links", () => {
    it("keeps a half over a restart, byte for byte", async () => {
      await expect(tables.links.add(link, half)).resolves.toBe(true)
      await reopen()
      await expect(tables.links.find(link)).resolves.toEqual(half)
      await expect(tables.links.find(other)).resolves.toBeUndefined()
    })

    it("gives exactly five tries to fifty who ask at once, in two connections", async () => {
      await tables.links.add(link, half)
      const second = await DurableTables.open(path)
      const asked = Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? tables : second).links.spend(link, 0),
      )
      const given = (await Promise.all(asked)).flatMap((spent) => spent?.remaining ?? [])
      await second.close()
      await expect(tables.decisions.counts()).resolves.toEqual([
        { what: "guess", rule: "passcode", outcome: "wrong", times: 5 },
      ])
      expect(given.toSorted((a, b) => b - a)).toEqual([4, 3, 2, 1, 0])
      await expect(tables.links.count()).resolves.toBe(0)
    })

    it("counts on after a restart", async () => {
      await tables.links.add(link, half)
      await tables.links.spend(link, 0)
      await tables.links.spend(link, 0)
      await reopen()
      await expect(tables.links.spend(link, 0)).resolves.toMatchObject({ remaining: 2 })
    })

    it("never gives back more than were taken", async () => {
      await tables.links.add(link, half)
      await tables.links.restore(link, { decision: 0 })
      const spent = await tables.links.spend(link, 0)
      expect(spent).toMatchObject({ remaining: 4 })
      await tables.links.restore(link, spent ?? { decision: 0 })
      const { decisions } = tables
      await expect(decisions.newest(9)).resolves.toMatchObject([{ outcome: "right" }])
      await expect(tables.links.spend(link, 0)).resolves.toMatchObject({ remaining: 4 })
    })

    it("wipes a dropped half and never takes its id again", async () => {
      await tables.links.add(link, half)
      await expect(tables.links.drop(link, other)).resolves.toBe(false)
      await expect(tables.links.find(link)).resolves.toEqual(half)
      await expect(tables.links.drop(link, register)).resolves.toBe(true)
      await expect(tables.links.drop(link, register)).resolves.toBe(false)
      await expect(tables.links.find(link)).resolves.toBeUndefined()
      await expect(tables.links.spend(link, 0)).resolves.toBeUndefined()
      await tables.links.restore(link, { decision: 0 })
      await expect(tables.links.spend(link, 0)).resolves.toBeUndefined()
      await expect(tables.links.add(link, half)).resolves.toBe(false)
      await expect(tables.links.find(link)).resolves.toBeUndefined()
    })
  })

  describe("drafts", () => {
    const [one, two] = [recordOf("one"), recordOf("two")]

    it("keeps a draft with its records over a restart", async () => {
      await tables.drafts.add(draftOf("a"), [one, two], 5)
      await reopen()
      await expect(tables.drafts.find(secretOf("a"))).resolves.toEqual(draftOf("a"))
      const adopted = await tables.drafts.adopted(register, [two.manifest, secretOf("unknown")])
      expect(adopted).toEqual([
        {
          manifest: two.manifest,
          catalogue: two.catalogue,
          position: 1,
          draft: draftOf("a"),
          drafted: 2,
        },
      ])
      await expect(tables.drafts.adopted(other, [two.manifest])).resolves.toEqual([])
      await expect(tables.drafts.adopted(register, [])).resolves.toEqual([])
    })

    it("adds nothing when a record fails", async () => {
      const broken = { ...two, catalogue: null as unknown as Uint8Array }
      await expect(tables.drafts.add(draftOf("a"), [one, broken], 5)).rejects.toThrow(/NOT NULL/)
      await expect(tables.drafts.find(secretOf("a"))).resolves.toBeUndefined()
      await expect(tables.drafts.adopted(register, [one.manifest])).resolves.toEqual([])
    })

    it("supersedes the unsigned draft that a record leaves, which then can't be submitted", async () => {
      await tables.drafts.add(draftOf("a"), [one], 5)
      await tables.drafts.add(draftOf("b"), [one, two], 6)
      expect((await tables.drafts.find(secretOf("a")))?.state).toBe("superseded")
      await expect(tables.drafts.submit(secretOf("a"), secretOf("s"), secretOf("h"))).resolves.toBe(
        false,
      )
      const [moved] = await tables.drafts.adopted(register, [one.manifest])
      expect(moved?.draft.id).toEqual(secretOf("b"))
    })

    it("binds a draft to one signature", async () => {
      await tables.drafts.add(draftOf("a"), [one], 5)
      const submit = (name: string) =>
        tables.drafts.submit(secretOf("a"), secretOf(`signature ${name}`), secretOf(name))
      await expect(submit("x")).resolves.toBe(true)
      await expect(submit("y")).resolves.toBe(false)
      await expect(submit("x")).resolves.toBe(true)
      const signed = { signature: secretOf("signature x"), hash: secretOf("x") }
      await expect(tables.drafts.unsettled()).resolves.toEqual([
        { ...draftOf("a", "submitted"), signed },
      ])
      await tables.drafts.setState(secretOf("a"), "final")
      await expect(tables.drafts.unsettled()).resolves.toEqual([])
      await expect(submit("x")).resolves.toBe(false)
    })

    it("knows tags of anchored records only", async () => {
      await tables.drafts.add(draftOf("a"), [one, recordOf("one", "2")], 5)
      const uids = [...one.tags, ...two.tags].map(({ uid }) => uid)
      await expect(tables.drafts.anchored(register, uids)).resolves.toEqual([])
      await tables.drafts.setState(secretOf("a"), "confirmed")
      const found = await tables.drafts.anchored(register, uids)
      expect(found).toHaveLength(2)
      expect(found).toContainEqual(one.tags[0])
      await expect(tables.drafts.anchored(other, uids)).resolves.toEqual([])
      await tables.drafts.setState(secretOf("a"), "failed")
      await expect(tables.drafts.anchored(register, uids)).resolves.toEqual([])
    })

    it("finds tags among more than fit one statement", async () => {
      await tables.drafts.add(draftOf("a", "final"), [one], 5)
      const many = Array.from({ length: 1200 }, (_, i) => secretOf(`uid ${i}`).slice(0, 16))
      const uids = [...many, ...one.tags.map(({ uid }) => uid)]
      await expect(tables.drafts.anchored(register, uids)).resolves.toEqual([...one.tags])
    })

    it("counts a writer's records since a time", async () => {
      await tables.drafts.add(draftOf("a"), [one], 100)
      await tables.drafts.add(draftOf("b"), [two], 200)
      const count = (since: number, writer = secretOf("writer")) =>
        tables.drafts.countSince(register, writer, since)
      await expect(count(99)).resolves.toBe(2)
      await expect(count(100)).resolves.toBe(1)
      await expect(count(0, other)).resolves.toBe(0)
    })
  })

  describe("factors", () => {
    const limit = { most: 5, lockMs: 1000 }
    const spend = (now: number) => tables.factors.spend(register, now, limit)

    it("locks with the fifth try, over a restart, and has five again afterwards", async () => {
      const left = []
      for (let i = 0; i < 5; i++) left.push(await spend(10))
      expect(left).toEqual([4, 3, 2, 1, 0].map((n) => ({ left: n })))
      await reopen()
      await expect(spend(1009)).resolves.toEqual({ lockedUntil: 1010 })
      await expect(tables.factors.spend(other, 1009, limit)).resolves.toEqual({ left: 4 })
      await expect(spend(1010)).resolves.toEqual({ left: 4 })
    })

    it("gives five to fifty who ask at once", async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => spend(10)))
      expect(answers.filter((answer) => "left" in answer)).toHaveLength(5)
    })

    it("has all tries again once the factor was right", async () => {
      await spend(10)
      await spend(10)
      await tables.factors.reset(register)
      await expect(spend(10)).resolves.toEqual({ left: 4 })
    })
  })

  describe("acts", () => {
    it("remembers the first sight of a content", async () => {
      await expect(tables.acts.firstSeen(register, link, 10)).resolves.toBe(10)
      await reopen()
      await expect(tables.acts.firstSeen(register, link, 20)).resolves.toBe(10)
      await expect(tables.acts.firstSeen(other, link, 20)).resolves.toBe(20)
    })
  })

  describe("decisions", () => {
    it("are read newest first", async () => {
      const decision = {
        at: 1,
        what: "deposit",
        rule: "r",
        outcome: "adopt",
        dryRun: true,
      } as const
      await tables.decisions.add(decision)
      await tables.decisions.add({ ...decision, at: 2, dryRun: false })
      await tables.decisions.add({ ...decision, at: 3 })
      const found = await tables.decisions.newest(2)
      expect(found).toEqual([
        { ...decision, at: 3 },
        { ...decision, at: 2, dryRun: false },
      ])
    })
  })
})
