import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { equal, hex } from "../../../src/base/bytes.ts"
import {
  AgentRefusedError,
  AgentUnavailableError,
  StaleEpochError,
  StorageUnavailableError,
} from "../../../src/base/errors.ts"
import type { PendingUpload } from "../../../src/lake/pending-upload.ts"
import type { Outbox } from "../../../src/lake/ports.ts"
import { resume } from "../../../src/lake/resume.ts"
import { upload } from "../../../src/lake/upload.ts"
import type { BlobSource } from "../../../storage/blob-store.ts"
import { MemoryBlobStore } from "../../../storage/memory.ts"
import { rejection } from "../../support/blobs.ts"
import { tracedAgent, tracedStore } from "../../support/traced-ports.ts"
import {
  instanceBytes,
  isReadable,
  sourcesOf,
  startUploadWorld,
  type UploadWorld,
  writeStudy,
} from "./upload-world.ts"

const PIXELS = 700_000

let world: UploadWorld
let studies = 0
beforeAll(async () => {
  world = await startUploadWorld()
})
afterAll(() => world.close())

/** A study in a folder of its own, and its upload ended where `fail` says. */
async function begun(fail: (call: string) => void, { instances = 2 } = {}) {
  studies += 1
  const folder = join(world.folder, `study-${studies}`)
  const paths = await writeStudy(folder, `2.25.8${studies}`, { instances })
  const job = await world.job()
  const traced = {
    ...job,
    agent: tracedAgent(job.agent, fail),
    stores: {
      lake: tracedStore("lake", job.stores.lake, fail),
      control: tracedStore("control", job.stores.control, fail),
    },
  }
  const failure = await rejection(upload(world.world.context, traced, await sourcesOf(paths)))
  const [pending] = await world.outbox.uploads()
  if (!pending) throw new Error("nothing is in the outbox")
  return { folder, paths, failure, pending, study: `2.25.8${studies}` }
}

const failAt = (wanted: string, error: Error) => (call: string) => {
  if (call === wanted) throw error
}
const lakeGone = failAt("lake mid blob", new StorageUnavailableError("the lake is gone"))

/** A lake that remembers every piece that was sent to it, under whatever name. */
class Overheard extends MemoryBlobStore {
  readonly sent: { readonly key: string; readonly piece: Uint8Array }[] = []

  override async put(key: string, source: BlobSource): Promise<void> {
    const { sent } = this
    await super.put(key, {
      ...source,
      open: async function* () {
        for await (const piece of source.open()) {
          sent.push({ key, piece: piece.slice() })
          yield piece
        }
      },
    })
  }
}

describe("resume", () => {
  it("finishes what a dead lake interrupted, with the same keys and names", async () => {
    const { failure, pending, paths } = await begun(lakeGone)
    expect(failure).toMatchObject({ code: "storage_unavailable" })
    expect(pending).toMatchObject({ stored: false })
    const before = await world.anchored()
    const { records, files } = await resume(world.world.context, await world.job())
    expect(files).toEqual([])
    expect(records.map((one) => one.upload.id)).toEqual([pending.id])
    expect(records[0]?.upload.blobs).toEqual(pending.blobs)
    expect(await world.anchored()).toBe(before + 1)
    const again = await upload(world.world.context, await world.job(), await sourcesOf(paths))
    expect(again.records).toEqual([])
    expect(again.files.map(({ outcome }) => outcome)).toEqual(["exists", "exists"])
  })

  it("has nothing to do in an empty outbox", async () => {
    const nothing = { records: [], files: [] }
    expect(await resume(world.world.context, await world.job())).toEqual(nothing)
  })

  it("leaves the uploads of other vaults alone", async () => {
    const { pending } = await begun(lakeGone)
    const other = { ...pending, id: "0123", register: pending.register.map((byte) => byte ^ 1) }
    await world.outbox.save(other)
    await resume(world.world.context, await world.job())
    expect((await world.outbox.uploads()).map(({ id }) => id)).toEqual(["0123"])
    await world.outbox.discard("0123")
  })

  describe("a file that changed meanwhile", () => {
    const changes: {
      readonly how: string
      readonly change: (study: string) => [file: number, bytes: Uint8Array]
      /** Segments of the old sealing that are still the same, and may leave. */
      readonly sent: number
    }[] = [
      {
        how: "its last byte",
        change: (study) => {
          const bytes = instanceBytes(study, 2, PIXELS, 1)
          return [1, bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))]
        },
        sent: 1,
      },
      {
        how: "its pixels",
        change: (study) => [0, instanceBytes(study, 1, PIXELS, 9)],
        sent: 0,
      },
      {
        how: "shorter",
        change: (study) => [0, instanceBytes(study, 1, PIXELS - 5000, 1)],
        sent: 0,
      },
      { how: "longer", change: (study) => [0, instanceBytes(study, 1, PIXELS + 5000, 1)], sent: 0 },
    ]
    it.for(changes)(
      "goes under fresh keys, and no segment of it under the old ones: $how",
      async ({ change, sent: expected }) => {
        const { pending, paths, study } = await begun(lakeGone)
        const [index, bytes] = change(study)
        await writeFile(paths[index] ?? "", bytes)
        const lake = new Overheard()
        const job = await world.job()
        const before = await world.anchored()
        const overheard = { ...job, stores: { ...job.stores, lake } }
        const failure = await rejection(resume(world.world.context, overheard))
        // The agent looks into the real lake and finds nothing: what was sent is what matters here.
        expect(failure).toMatchObject({ code: "not_found" })
        expect(await world.anchored()).toBe(before)

        const old = new Set(pending.blobs.map(({ cid }) => cid))
        const sent = lake.sent.filter(({ key }) => old.has(key))
        const recorded = pending.blobs.flatMap(({ leaves }) =>
          Array.from({ length: leaves.length / 32 }, (_, i) =>
            hex(leaves.subarray(32 * i, 32 * i + 32)),
          ),
        )
        expect(sent).toHaveLength(expected)
        for (const { piece } of sent) expect(recorded).toContain(await sha256Of(piece))
        const uploads = await world.outbox.uploads()
        const fresh = uploads.find(({ id }) => id !== pending.id) as PendingUpload
        const deksOf = ({ blobs }: PendingUpload) => blobs.map(({ dek }) => hex(dek))
        for (const dek of deksOf(fresh)) expect(deksOf(pending)).not.toContain(dek)
        expect(hex(fresh.recordKey)).not.toBe(hex(pending.recordKey))

        const { files } = await resume(world.world.context, job)
        expect(files.map(({ outcome }) => outcome)).not.toContain("refused")
        expect(await world.outbox.uploads()).toEqual([])
        expect(await world.anchored()).toBe(before + 1)
        const again = await upload(world.world.context, job, await sourcesOf(paths))
        expect(again.files.map(({ outcome }) => outcome)).toEqual(["exists", "exists"])
      },
    )

    it("is refused by name when it is no instance any more; the others go", async () => {
      const { paths } = await begun(lakeGone)
      const [first = "", second = ""] = paths
      await writeFile(first, "no image")
      const { files, records } = await resume(world.world.context, await world.job())
      expect(new Map(files.map(({ name, outcome }) => [name, outcome]))).toEqual(
        new Map([
          [first, "refused"],
          [second, "stored"],
        ]),
      )
      expect(records).toHaveLength(1)
      expect(await world.outbox.uploads()).toEqual([])
    })
  })

  describe("a file that is not there", () => {
    it("waits in the outbox, says so, and goes when it is back", async () => {
      const { paths, folder, pending } = await begun(lakeGone)
      const away = `${folder}-unmounted`
      await rename(folder, away)
      const waiting = await resume(world.world.context, await world.job())
      expect(waiting.records).toEqual([])
      expect(waiting.files.map(({ name, outcome }) => [name, outcome])).toEqual(
        paths.map((path) => [path, "waiting"]),
      )
      expect(await world.outbox.uploads()).toEqual([pending])
      await rename(away, folder)
      const { records } = await resume(world.world.context, await world.job())
      expect(records.map((one) => one.upload.id)).toEqual([pending.id])
    })

    it("holds nothing else back", async () => {
      const gone = await begun(lakeGone)
      await rm(gone.folder, { recursive: true })
      const other = await writeStudy(join(world.folder, "other"), "2.25.999")
      const result = await resume(world.world.context, await world.job())
      expect(result.files).toHaveLength(2)
      const { records } = await upload(
        world.world.context,
        await world.job(),
        await sourcesOf(other),
      )
      expect(records).toHaveLength(1)
      await world.outbox.discard(gone.pending.id)
    })

    it("is forgotten once its instances were uploaded from another folder", async () => {
      const { folder, paths } = await begun(lakeGone)
      const copies = join(world.folder, "copies")
      await mkdir(copies, { recursive: true })
      const moved = paths.map((path) => path.replace(folder, copies))
      for (const [i, path] of paths.entries()) await rename(path, moved[i] ?? "")
      const before = await world.anchored()
      await upload(world.world.context, await world.job(), await sourcesOf(moved))
      expect(await world.outbox.uploads()).toHaveLength(1)
      for (const [i, path] of paths.entries()) await rename(moved[i] ?? "", path)
      const result = await resume(world.world.context, await world.job())
      expect(result).toEqual({ records: [], files: [] })
      expect(await world.outbox.uploads()).toEqual([])
      expect(await world.anchored()).toBe(before + 1)
    })
  })

  describe("what was stored and not anchored", () => {
    const agentGone = failAt("agent.deposit", new AgentUnavailableError("the agent is gone"))

    it("waits for a dead agent, and needs the files no more", async () => {
      const { failure, folder, pending } = await begun(agentGone)
      expect(failure).toMatchObject({ code: "agent_unavailable" })
      expect(pending.stored).toBe(true)
      await rm(folder, { recursive: true })
      const { records } = await resume(world.world.context, await world.job())
      expect(records.map((one) => one.upload.id)).toEqual([pending.id])
    })

    it("is stored again when the lake lost it", async () => {
      const { pending } = await begun(agentGone)
      const [bundle] = pending.blobs
      await world.world.stores.lake.delete(bundle?.cid ?? "")
      const { records } = await resume(world.world.context, await world.job())
      expect(records.map((one) => one.upload.id)).toEqual([pending.id])
      expect(await world.world.stores.lake.stat(bundle?.cid ?? "")).toEqual({ size: bundle?.size })
    })
  })

  describe("what was signed", () => {
    const submitFails = (error: Error) => begun(failAt("agent.submit", error))

    it("is submitted as it was signed", async () => {
      const { pending } = await submitFails(new AgentUnavailableError("the agent is gone"))
      expect(pending.anchor).toBeDefined()
      const { records } = await resume(world.world.context, await world.job())
      expect(records[0]?.upload.anchor?.aggregate).toEqual(pending.anchor?.aggregate)
    })

    it.for<[string, Error]>([
      ["its epoch is over", new StaleEpochError("stale")],
      ["the agent does not know it", new AgentRefusedError("no draft of this agent", "draft")],
    ])("is drafted again when %s, and counts once", async ([, refusal]) => {
      const { pending } = await submitFails(new AgentUnavailableError("gone"))
      const before = await world.anchored()
      const job = await world.job()
      let refused = 0
      const agent = tracedAgent(job.agent, (call) => {
        if (call === "agent.submit" && refused++ === 0) throw refusal
      })
      const { records } = await resume(world.world.context, { ...job, agent })
      expect(records.map((one) => one.upload.id)).toEqual([pending.id])
      expect(refused).toBe(2)
      expect(await world.anchored()).toBe(before + 1)
      expect(await world.outbox.uploads()).toEqual([])
    })

    it("is not drafted again when a rule turns it down", async () => {
      const { pending } = await submitFails(new AgentUnavailableError("gone"))
      const refusal = new AgentRefusedError("not at night", "hours")
      const job = await world.job()
      const agent = tracedAgent(job.agent, failAt("agent.submit", refusal))
      expect(await rejection(resume(world.world.context, { ...job, agent }))).toBe(refusal)
      expect(await world.outbox.uploads()).toEqual([pending])
      await resume(world.world.context, job)
    })

    it("is told to the whole company of its aggregate, where the signature was saved with one alone", async () => {
      const job = await world.job()
      const paths = [
        ...(await writeStudy(join(world.folder, "company"), "2.25.7001")),
        ...(await writeStudy(join(world.folder, "company"), "2.25.7002")),
      ]
      let signed = 0
      const ends: Outbox = {
        uploads: () => job.outbox.uploads(),
        discard: (id) => job.outbox.discard(id),
        save: async (one) => {
          if (one.anchor && signed++ === 1) throw new Error("killed here")
          await job.outbox.save(one)
        },
      }
      const before = await world.anchored()
      const failure = await rejection(
        upload(world.world.context, { ...job, outbox: ends }, await sourcesOf(paths)),
      )
      expect(failure.message).toBe("killed here")
      expect((await job.outbox.uploads()).filter(({ anchor }) => anchor)).toHaveLength(1)
      const { records } = await resume(world.world.context, job)
      expect(records).toHaveLength(2)
      expect(new Set(records.map(({ index }) => index))).toEqual(new Set([0, 1]))
      expect(equal(records[0]?.hash ?? MISSING, records[1]?.hash ?? MISSING)).toBe(true)
      expect(await world.anchored()).toBe(before + 2)
    })
  })

  it("seals the deposit again when the epoch changes under an upload", async () => {
    const job = await world.job()
    const paths = await writeStudy(join(world.folder, "stale"), "2.25.7003")
    let deposits = 0
    let opened = 0
    const agent = tracedAgent(job.agent, (call) => {
      if (call === "agent.deposit" && deposits++ === 0) throw new StaleEpochError("stale")
    })
    const reopenVault = async () => {
      opened += 1
      return await world.openVault()
    }
    const changed = { ...job, agent, reopenVault }
    const { records } = await upload(world.world.context, changed, await sourcesOf(paths))
    expect(records).toHaveLength(1)
    expect([deposits, opened]).toEqual([2, 1])
  })

  describe("a damaged file of the outbox", () => {
    it.for<[string, (bytes: Uint8Array) => Uint8Array]>([
      ["cut", (bytes) => bytes.subarray(0, bytes.length >> 1)],
      ["cut to a stump", (bytes) => bytes.subarray(0, 7)],
      ["empty", () => new Uint8Array()],
      ["with a flipped bit", (bytes) => bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte))],
      [
        "with a flipped bit in its salt",
        (bytes) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
      ],
    ])("is named, kept, and nothing is lost: %s", async ([, damage]) => {
      const { pending } = await begun(lakeGone)
      const [name = ""] = await readdir(world.outboxFolder)
      const path = join(world.outboxFolder, name)
      const bytes = Uint8Array.from(await readFile(path))
      await writeFile(path, damage(bytes))
      const before = await world.anchored()
      const failure = await rejection(resume(world.world.context, await world.job()))
      expect(failure).toMatchObject({ code: "integrity_failed" })
      expect(failure.message).toContain(path)
      expect(Buffer.compare(await readFile(path), damage(bytes))).toBe(0)
      expect(await world.anchored()).toBe(before)
      await writeFile(path, bytes)
      const { records } = await resume(world.world.context, await world.job())
      expect(records.map((one) => one.upload.id)).toEqual([pending.id])
    })
  })

  it("has anchored every record verified", async () => {
    const records = await world.records()
    expect(records.length).toBeGreaterThan(10)
    expect(records.every((record) => isReadable(record))).toBe(true)
  })
})

const MISSING = new Uint8Array(1)

async function sha256Of(bytes: Uint8Array): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))))
}
