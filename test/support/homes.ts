/**
 * Homes of a patient's phone, a hospital and a clinician, begun and joined by the command line itself, in a {@link World}.
 *
 * @module
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fingerprintOf } from "../../src/vault/card.ts"
import { type Ended, runCommand } from "./command.ts"
import { type StudyShape, studyFiles } from "./studies.ts"
import { PIN, startWorld } from "./world.ts"

export type Party = "phone" | "hospital" | "clinician"

/** Secrets that no output may show. */
export const SECRETS = { passphrase: "correct horse battery", passcode: "blue whale 42", pin: PIN }

/** Begins everything: a vault with its agent, a hospital with a seat, a clinician's card. */
export async function startHomes() {
  const world = await startWorld()
  const folder = await mkdtemp(join(tmpdir(), "medlake-homes-"))
  const at = (...names: string[]) => join(folder, ...names)
  await writeFile(at("passphrase"), `${SECRETS.passphrase}\n`)
  await writeFile(at("factor"), `${PIN}\n`)
  await writeFile(at("passcode"), `${SECRETS.passcode}\n`)
  const environment = {
    MEDLAKE_PASSPHRASE_FILE: at("passphrase"),
    MEDLAKE_FACTOR_FILE: at("factor"),
  }
  /** Every command that was run, with what it wrote. */
  const history: (Ended & { readonly args: readonly string[] })[] = []
  const run = async (
    party: Party,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ) => {
    const ended = await runCommand(["--home", at(party), ...args], { ...environment, ...more })
    history.push({ args, ...ended })
    return ended
  }
  /** Runs what must succeed; its result as JSON. */
  const done = async (party: Party, args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(party, ["--json", ...args])
    if (code !== 0) throw new Error(`medlake ${args.join(" ")} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout) as Record<string, unknown>
  }
  const node = ["--node", world.devnet.url]
  const { lake, control } = world.places
  const stores = ["--lake", lake, "--control", control]
  await done("phone", ["init", "--as", "patient", ...node, ...stores, "--words", at("words")])
  const agentKey = fingerprintOf(await world.agent.pairingKey())
  const pairing = ["--agent", world.url, "--agent-key", agentKey, "--words", at("words")]
  await done("phone", ["create", "imaging", ...pairing, "--out", at("imaging.card")])
  await done("hospital", ["init", "--as", "institution", "--name", "St. Example", ...node])
  await done("clinician", ["init", "--as", "reader", "--name", "Dr. Example", ...node])
  await done("hospital", ["admit", at("imaging.card"), "--out", at("hospital.card")])
  await done("phone", ["admit", at("hospital.card"), "--out", at("offer")])
  await done("hospital", ["admit", at("offer"), "--out", at("signature")])
  await done("phone", ["admit", at("signature")])
  await done("clinician", ["admit", at("imaging.card"), "--out", at("clinician.card")])
  /** Writes a study's files into a folder of that name. */
  const writeStudy = async (shape: StudyShape): Promise<string> => {
    await mkdir(at(shape.name), { recursive: true })
    const files = studyFiles(shape)
    for (const { name, bytes } of files) await writeFile(at(shape.name, name), bytes)
    return at(shape.name)
  }
  return {
    world,
    folder,
    at,
    run,
    done,
    history,
    writeStudy,
    words: (await readFile(at("words"), "utf8")).trim(),
    close: async () => {
      await world.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type Homes = Awaited<ReturnType<typeof startHomes>>

/** All files below a folder, by path; none when there is no such folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .toSorted()
}
