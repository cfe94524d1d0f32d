/**
 * Fifty strangers guess a link's passcode at once while the agent, a process of its own, is killed and started among them.
 *
 * @module
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DemoParty } from "../../scripts/demo/processes.ts"
import { DurableTables } from "../../src/db/durable.ts"
import { makeLink, uploadFiles } from "../support/exchange.ts"
import { readHealthLink, viewHealthLink } from "../support/health-link-viewer.ts"
import { studyFiles } from "../support/studies.ts"
import { admitHospital, createVault, startWorld, type World } from "../support/world.ts"

const PASSCODE = "blue whale 42"
const GUESSES = 50
const AWAY = 503

let folder: string
let world: World
let kill: () => Promise<void>
let link: ReturnType<typeof readHealthLink>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-guesses-"))
  const party = await DemoParty.make(folder, "agent")
  world = await startWorld({
    agent: async (node, port) => {
      if (port === 0) {
        const begun = await party.run(["init", "--as", "agent", "--node", node])
        if (begun.code !== 0) throw new Error(begun.stderr)
      }
      const served = await party.serve(["agent", "--port", String(port)])
      kill = () => served.stop("SIGKILL")
      return { url: served.url, close: () => served.stop("SIGKILL") }
    },
  })
  const patient = await createVault(world)
  const hospital = await admitHospital(world, patient)
  await uploadFiles(world, patient, hospital, studyFiles({ name: "one", date: "20260703" }))
  link = readHealthLink((await makeLink(world, patient, { passcode: PASSCODE })).link)
}, 180_000)
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})

/** What ends it: a keeper that is away, or lost the answer, is asked again. */
async function guess(passcode: string, onAnswer: (status: number) => void): Promise<number> {
  for (;;) {
    const { status } = await viewHealthLink(link, { passcode })
    onAnswer(status)
    if (status !== AWAY) return status
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Wrong guesses that were evaluated, by the agent's own durable log. */
async function evaluated(): Promise<number> {
  const tables = await DurableTables.open(join(folder, "agent", "durable.db"))
  try {
    const counts = await tables.decisions.counts()
    return counts.find(({ what, outcome }) => what === "guess" && outcome === "wrong")?.times ?? 0
  } finally {
    await tables.close()
  }
}

/** Something that happens, and may happen again. */
function signal() {
  let fire = () => {}
  const fired = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { fire, fired }
}

describe("fifty wrong guesses at once, over two kills of the agent", () => {
  it("are five that are evaluated, and then the link is dead", { timeout: 180_000 }, async () => {
    for (let i = 0; i < 3; i++) {
      expect((await viewHealthLink(link, { passcode: PASSCODE })).status).toBe(200)
    }
    expect(await evaluated()).toBe(0)
    expect((await viewHealthLink(link, { passcode: "first" })).remainingAttempts).toBe(4)
    await kill()
    const away = signal()
    const wrong = signal()
    const guesses = Array.from({ length: GUESSES - 1 }, (_, i) =>
      guess(`guess ${i}`, (status) => (status === AWAY ? away : wrong).fire()),
    )
    await away.fired
    await world.restart()
    await wrong.fired
    await world.restart()
    const ends = await Promise.all(guesses)
    const count = (status: number) => ends.filter((one) => one === status).length
    // A guess whose answer was lost with the process was evaluated all the same, and asks again.
    expect(count(401)).toBeGreaterThanOrEqual(1)
    expect(count(401)).toBeLessThanOrEqual(4)
    expect(count(401) + count(404)).toBe(GUESSES - 1)
    expect(await evaluated()).toBe(5)
    expect((await viewHealthLink(link, { passcode: PASSCODE })).status).toBe(404)
    await world.restart()
    expect((await viewHealthLink(link, { passcode: PASSCODE })).status).toBe(404)
  })
})
