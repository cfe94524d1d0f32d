/**
 * A hospital's process is killed before every single call that it makes to the world; the next one finishes its work (DESIGN §5).
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { resume } from "../../../src/lake/resume.ts"
import { upload } from "../../../src/lake/upload.ts"
import { isWhole, verifyRecords } from "../../../src/lake/verify.ts"
import {
  allStored,
  countSame,
  isReadable,
  MARK,
  NAME,
  sourcesOf,
  startUploadWorld,
  type UploadWorld,
  writeStudy,
} from "./upload-world.ts"

const CHILD = fileURLToPath(new URL("../../support/upload-child.ts", import.meta.url))

/** The calls of a process that uploads two studies of two instances. */
const STORED = ["lake.stat", "lake.put", "lake mid blob", "lake.stat", "lake.put", "control.put"]
const STUDY = ["outbox.save", ...STORED, "outbox.save stored"]
const CALLS = [
  "agent.query",
  ...STUDY,
  ...STUDY,
  "agent.deposit",
  "outbox.save signed",
  "outbox.save signed",
  "agent.submit",
  "outbox.discard",
  "outbox.discard",
  "end",
]

/** The second study goes the way of the first: of its calls, those where the first is stored and not anchored are enough. */
const KILLS = CALLS.map((call, index) => ({ call, killAt: index + 1 })).filter(
  ({ killAt }) => killAt <= STUDY.length + 2 || killAt > 2 * STUDY.length + 1,
)

describe("a process that uploads and is killed", () => {
  let world: UploadWorld
  let studies = 0
  const uploaded: { readonly study: string; readonly paths: string[] }[] = []
  beforeAll(async () => {
    world = await startUploadWorld()
  })
  afterAll(() => world.close())

  const newStudy = async () => {
    const study = `2.25.7${String((studies += 1)).padStart(3, "0")}`
    const paths = await writeStudy(`${world.folder}/files`, study)
    const one = { study, paths }
    uploaded.push(one)
    return one
  }
  const run = async (files: readonly string[], killAt: number) => {
    const child = spawn(process.execPath, ["--import", "tsx", CHILD], {
      env: { ...process.env, MEDLAKE_CHILD: JSON.stringify(world.child(files, killAt)) },
      stdio: ["ignore", "pipe", "inherit"],
    })
    const said: Buffer[] = []
    child.stdout.on("data", (piece: Buffer) => said.push(piece))
    const [code, signal] = (await once(child, "close")) as [number | null, string | null]
    return { code, signal, calls: Buffer.concat(said).toString().split("\n").slice(0, -1) }
  }
  const expectNoPlaintext = async () => {
    const stored = await allStored(world)
    const secrets = (await world.outbox.uploads()).flatMap(({ recordKey, blobs }) => [
      recordKey,
      ...blobs.map(({ dek }) => dek),
    ])
    for (const [where, bytes] of stored) {
      for (const plain of [MARK, utf8(NAME), ...secrets]) {
        expect(Buffer.from(bytes).includes(Buffer.from(plain)) ? where : "nowhere").toBe("nowhere")
      }
    }
    return stored.size
  }
  /** Every record on the chain is whole: nothing refers to what is not stored. */
  const expectWhole = async () => {
    const records = await world.records()
    const { context, stores } = world.world
    for (const verified of await verifyRecords(context, stores.lake, records, 0)) {
      expect({ ...verified, isWhole: isWhole(verified) }).toMatchObject({
        isWhole: true,
        faults: [],
      })
    }
    return records.length
  }

  it("makes the calls that this test kills at", async () => {
    const [a, b] = [await newStudy(), await newStudy()]
    const { code, calls } = await run([...a.paths, ...b.paths], 0)
    expect(code).toBe(0)
    expect(calls).toEqual(CALLS)
    expect(await expectWhole()).toBe(2)
    expect(await world.outbox.uploads()).toEqual([])
    expect(await expectNoPlaintext()).toBeGreaterThan(0)
  })

  it.for(KILLS)(
    "before call $killAt, $call: the next one finishes, once",
    { timeout: 120_000 },
    async ({ killAt }) => {
      const before = await world.anchored()
      const [a, b] = [await newStudy(), await newStudy()]
      const paths = [...a.paths, ...b.paths]
      const { signal, calls } = await run(paths, killAt)
      expect(signal).toBe("SIGKILL")
      expect(calls).toEqual(CALLS.slice(0, killAt - 1))
      if ((await world.anchored()) > before) await expectWhole()
      await expectNoPlaintext()

      const finished = await resume(world.world.context, await world.job())
      expect(finished.files).toEqual([])
      expect(await world.outbox.uploads()).toEqual([])
      const job = await world.job()
      const rest = await upload(world.world.context, job, await sourcesOf(paths))
      expect(rest.files.every(({ outcome }) => ["stored", "exists"].includes(outcome))).toBe(true)
      expect(await world.outbox.uploads()).toEqual([])

      const again = await upload(world.world.context, job, await sourcesOf(paths))
      expect(again.files.map(({ outcome }) => outcome)).toEqual(paths.map(() => "exists"))
      expect(again.records).toEqual([])
      expect(await world.anchored()).toBe(before + 2)
    },
  )

  it("has stored every study exactly once, whole and byte for byte", {
    timeout: 120_000,
  }, async () => {
    expect(await expectWhole()).toBe(uploaded.length)
    const records = (await world.records()).filter((record) => isReadable(record))
    const paths = uploaded.flatMap((one) => one.paths)
    expect(await countSame(world, records, paths)).toBe(paths.length)
    await expectNoPlaintext()
  })
})
