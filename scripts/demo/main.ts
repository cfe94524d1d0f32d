/**
 * `npm run demo -- [PATH] [--lake URL] [--control A,B]`: the main job with real separation, told step by step.
 *
 * Every party runs in processes of its own with a home of its own; what passes between them are files (cards, offers, a link) and HTTP.
 *
 * @module
 */
import { access, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { demoOptions } from "./arguments.ts"
import { hashesOf, requireSame } from "./files.ts"
import { writePhantomStudy } from "./phantom.ts"
import { Probes } from "./probes.ts"
import type { Finished } from "./processes.ts"
import { Story } from "./story.ts"
import { makeWorld, type World } from "./world.ts"

const SLICES = 60
const GUESSES = 50
const PARTLY_FAILED = 50
const DAY_MS = 86_400_000
const GUESS = fileURLToPath(new URL("guess.ts", import.meta.url))
const story = new Story()

/** What an upload's receipt says, as far as it is read here. */
interface Receipt {
  readonly records: readonly {
    readonly record: string
    readonly instances: readonly { readonly sha256: string }[]
  }[]
}

async function main(): Promise<void> {
  const options = demoOptions(process.argv.slice(2), process.env)
  const begun = performance.now()
  if (options.path !== undefined) await access(options.path)
  const world = await makeWorld(options)
  try {
    const study = options.path ?? (await synthetic(world, "study", 1))
    const probes = new Probes(world, story)
    await admission(world)
    const receipt = await uploading(world, study, "receipt.json")
    const range = await granting(world, receipt, study)
    await linking(world, receipt, study)
    await revoking(world, probes)
    await rebuilding(world)
    await verifying(world)
    await probes.operator(study)
    story.table()
    const seconds = ((performance.now() - begun) / 1000).toFixed(0)
    process.stdout.write(
      `\nDone in ${seconds} s; data of ${range}. All of it ran on this machine.\n`,
    )
  } finally {
    await world.close()
  }
}

/** A study made by code, of this month. */
async function synthetic(world: World, name: string, seed: number): Promise<string> {
  const folder = join(world.folder, name)
  const studyDate = new Date().toISOString().slice(0, 7).replace("-", "")
  await writePhantomStudy(folder, { slices: SLICES, studyDate: `${studyDate}01`, seed })
  if (seed === 1) {
    process.stdout.write(
      `No PATH was given: a synthetic study is used, a Shepp–Logan head CT of ${SLICES} slices, 512×512, 16 bit.\n`,
    )
  }
  return folder
}

async function admission({ phone, hospital, clinician, node, server, agentUrl, agentKey }: World) {
  story.chapter("A patient, a hospital, a clinician; the hospital is admitted")
  const stores = ["--lake", `${server}/blobs`, "--control", `${server}/objects`]
  await story.step(phone, [
    "init",
    "--as",
    "patient",
    "--node",
    node,
    ...stores,
    "--words",
    "words.txt",
  ])
  const agent = ["--agent", agentUrl, "--agent-key", agentKey]
  const card = ["--words", "words.txt", "--out", "imaging.card"]
  await story.step(phone, ["create", "imaging", ...agent, ...card])
  const institution = ["--as", "institution", "--name", "St. Example Radiology"]
  await story.step(hospital, ["init", ...institution, "--node", node])
  await story.step(clinician, ["init", "--as", "reader", "--name", "Dr. Example", "--node", node])
  await story.step(hospital, ["admit", "imaging.card", "--out", "hospital.card"])
  await story.step(phone, ["admit", "hospital.card", "--out", "hospital.offer"])
  await story.step(hospital, ["admit", "hospital.offer", "--out", "hospital.signature"])
  await story.step(phone, ["admit", "hospital.signature"])
  await story.step(clinician, ["admit", "imaging.card", "--out", "clinician.card"])
}

async function uploading({ hospital, folder }: World, study: string, receipt: string) {
  story.chapter("The hospital uploads")
  const first = ["upload", study, "--to", "imaging.card", "--receipt", receipt]
  // A folder may hold what is no instance; it is refused by name, and the rest is stored.
  await story.step(hospital, first, [0, PARTLY_FAILED])
  await story.step(hospital, ["upload", study], [0, PARTLY_FAILED])
  return JSON.parse(await readFile(join(folder, receipt), "utf8")) as Receipt
}

async function granting(world: World, receipt: Receipt, study: string): Promise<string> {
  const { phone, clinician, folder } = world
  story.chapter("The patient looks, and grants the clinician the time of that imaging")
  await story.step(phone, ["list"])
  const range = await rangeOf(world)
  await story.step(phone, ["grant", "clinician.card", range, "--until", inDays(60)])
  await story.step(clinician, ["fetch", "--out", "clinician-images"])
  await compare(receipt, study, join(folder, "clinician-images"))
  return range
}

/** The month of all data, from the patient's own list; the days from the first to the last when it is of several months. */
async function rangeOf({ phone }: World): Promise<string> {
  const { stdout } = await phone.run(["--json", "list", "--cached"])
  const { records } = JSON.parse(stdout) as { records: { time: number }[] }
  const days = records.map(({ time }) => new Date(time).toISOString().slice(0, 10)).toSorted()
  const [first, last] = [days[0] ?? "", days.at(-1) ?? ""]
  const month = first.slice(0, 7)
  return last.startsWith(month) ? month : `${first}..${last}`
}

/** The day in so many days, as it is typed. */
function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)
}

async function compare(receipt: Receipt, study: string, folder: string): Promise<void> {
  const expected = new Set(
    receipt.records.flatMap(({ instances }) => instances.map(({ sha256 }) => sha256)),
  )
  requireSame(await hashesOf(folder), expected, await hashesOf(study))
  story.say(`${expected.size} files compared with the input, byte for byte: all the same.`)
}

async function linking(world: World, receipt: Receipt, study: string): Promise<void> {
  const { phone, visitor, agent, folder } = world
  story.chapter("The patient shares by link and passcode; a visitor without any account fetches")
  await writeFile(join(folder, "passcode.txt"), "blue whale 42\n")
  await writeFile(join(folder, "wrong.txt"), "blue whale 43\n")
  const made = ["--label", "Head CT", "--passcode-file", "passcode.txt", "--out", "link.txt"]
  await story.step(phone, ["link", "--until", inDays(7), ...made])
  const byLink = ["fetch", "--link-file", "link.txt", "--passcode-file"]
  await story.step(visitor, [...byLink, "passcode.txt", "--out", "visitor-images"])
  await compare(receipt, study, join(folder, "visitor-images"))
  const plain = JSON.parse(
    (await visitor.script(GUESS, ["plain", "link.txt", "passcode.txt"])).stdout,
  ) as {
    resources: string[]
  }
  if (plain.resources.length === 0) throw new Error("a plain viewer was given nothing")
  story.say(
    `A plain SMART Health Link viewer is given a FHIR Bundle: ${plain.resources.join(", ")}.`,
  )
  story.say(`Now ${GUESSES} wrong guesses at once, and the agent is killed and started among them:`)
  const guesses = ["wrong", "link.txt", String(GUESSES)]
  let guessing: Promise<Finished> | undefined
  await new Promise<void>((answered) => {
    guessing = visitor.script(GUESS, guesses, answered)
  })
  await world.restartAgent()
  const counts = JSON.parse((await guessing)?.stdout ?? "") as {
    wrong: number
    gone: number
    granted: number
  }
  const evaluated = await guessesOf(world)
  story.say(
    `${evaluated} guesses were evaluated, ${counts.gone} found no link any more, ${counts.granted} got in.`,
  )
  if (evaluated !== 5 || counts.granted !== 0 || counts.wrong > 5) {
    throw new Error("exactly five guesses must be evaluated")
  }
  await story.step(agent, ["status"])
  await story.refused(visitor, [...byLink, "passcode.txt", "--out", "too-late"], 12)
  story.probe({
    who: "visitor",
    holds: "the link and its passcode",
    opened: "all images, before the guesses",
    shut: "the same link after five wrong guesses",
  })
}

/** Wrong guesses that the agent evaluated, by its own log. */
async function guessesOf({ agent }: World): Promise<number> {
  const { stdout } = await agent.run(["--json", "status"])
  const { decisions } = JSON.parse(stdout) as {
    decisions: { what: string; outcome: string; times: number }[]
  }
  return decisions.find(({ what, outcome }) => what === "guess" && outcome === "wrong")?.times ?? 0
}

async function revoking(world: World, probes: Probes): Promise<void> {
  const { phone, clinician } = world
  story.chapter("The patient revokes; what is uploaded afterwards stays shut")
  await probes.keepLoot(clinician)
  await story.step(phone, ["revoke", "--reader", "clinician.card"])
  const later = await synthetic(world, "later-study", 2)
  await uploading(world, later, "later-receipt.json")
  await story.refused(clinician, ["fetch", "--out", "clinician-later"], 14)
  await probes.revoked()
  await probes.alone()
}

async function rebuilding(world: World): Promise<void> {
  const { phone, folder } = world
  story.chapter("The search database is lost, and rebuilt from chain, stores and words")
  const listed = async () => (await phone.run(["--json", "list", "--cached"])).stdout
  await story.step(phone, ["list"])
  const before = await listed()
  await rm(join(folder, "phone", "search.db"))
  await story.refused(phone, ["list", "--cached"], 12)
  await story.step(phone, ["rebuild", "--words", "words.txt"])
  if ((await listed()) !== before) throw new Error("the rebuilt list is another than before")
  story.say("The list is the same as before.")
}

async function verifying({ phone }: World): Promise<void> {
  story.chapter("The patient verifies everything")
  await story.step(phone, ["verify"])
}

try {
  await main()
} catch (error) {
  process.stderr.write(
    `\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exitCode = 1
}
