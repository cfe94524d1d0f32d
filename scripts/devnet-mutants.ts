/**
 * Takes the devnet's checks away one by one, in a copy of the tree, and prints which test notices.
 *
 *     npm run mutants -- [NAME…]                 NAME: a part of a check's name; all when left out
 *
 *     killed    Core_Past_Deadline               rules-header: a header > is refused with a deadline that passed
 *     SURVIVED  …                                no test noticed
 *     BROKEN    …                                the change no longer applies, or the tests did not run
 *
 * Mutated are every `demand(…)` of the rules and the checks of `devnet-mutants/mutations.ts`: signatures, cosignatures,
 * quorum, eligibility, balances, deadlines, fees, known hashes, network, sizes, addresses, mosaics, metadata, multisig.
 * Exit code 1 when one survives or is broken, or when the unchanged tree fails. The copy lies in a temporary folder and
 * borrows this tree's `node_modules`.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { demandsOf, type Mutation, OTHERS, RULE_FILES } from "./devnet-mutants/mutations.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
/** What the tests of the rules need of the tree. */
const COPIED = ["package.json", "tsconfig.json", "vitest.config.ts", "src", "storage", "test"]
const MOST_COPIES = 2
/** A check whose loss makes a test wait for ever is not one that a test has noticed. */
const LIMIT_MS = 180_000

/** What the tests said. */
interface Verdict {
  readonly state: "killed" | "SURVIVED" | "BROKEN"
  readonly says: string
}

/** A copy of the tree in which one mutation at a time is tried. */
class Copy {
  readonly folder = mkdtempSync(join(tmpdir(), "medlake-mutants-"))

  constructor() {
    for (const name of COPIED)
      cpSync(join(root, name), join(this.folder, name), { recursive: true })
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"), "junction")
  }

  async try(mutation: Mutation): Promise<Verdict> {
    const path = join(this.folder, "src/devnet", mutation.file)
    const source = readFileSync(path, "utf8")
    const changed = apply(mutation, source)
    if (changed === undefined) return { state: "BROKEN", says: "the change no longer applies" }
    writeFileSync(path, changed)
    try {
      return verdictOf(await this.test(mutation.tests))
    } finally {
      writeFileSync(path, source)
    }
  }

  /** Runs test files until one test fails. */
  async test(names: readonly string[]): Promise<Report | undefined> {
    const report = join(this.folder, "report.json")
    rmSync(report, { force: true })
    const files = names.map((name) => `test/devnet/${name}.test.ts`)
    const vitest = join(this.folder, "node_modules/vitest/vitest.mjs")
    const options = ["--bail=1", "--maxWorkers=1", "--reporter=json", `--outputFile=${report}`]
    const child = spawn(process.execPath, [vitest, "run", ...options, ...files], {
      cwd: this.folder,
      stdio: "ignore",
      timeout: LIMIT_MS,
    })
    await new Promise((resolve) => child.once("exit", resolve))
    try {
      return JSON.parse(readFileSync(report, "utf8")) as Report
    } catch {
      return undefined
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

/** As vitest's JSON reporter writes it, as far as it is read. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
    }[]
  }[]
}

function apply({ find, replace, at }: Mutation, source: string): string | undefined {
  const from = at ?? source.indexOf(find)
  const isThere = from >= 0 && source.startsWith(find, from)
  if (!isThere || (at === undefined && source.includes(find, from + 1))) return undefined
  return source.slice(0, from) + replace + source.slice(from + find.length)
}

function verdictOf(report: Report | undefined): Verdict {
  if (!report) return { state: "BROKEN", says: "the tests did not end" }
  const results = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((one) => ({ ...one, file: name })),
  )
  const failed = results.find(({ status }) => status === "failed")
  if (failed) {
    const file = failed.file.split("/").at(-1)?.replace(".test.ts", "") ?? ""
    return { state: "killed", says: `${file}: ${failed.fullName}` }
  }
  const passed = results.filter(({ status }) => status === "passed").length
  return passed === results.length && passed > 0
    ? { state: "SURVIVED", says: `${passed} tests passed` }
    : { state: "BROKEN", says: "the tests could not be loaded" }
}

/** Every mutation whose name holds one of the words. */
function chosen(words: readonly string[]): Mutation[] {
  const demands = RULE_FILES.flatMap((file) =>
    demandsOf(file, readFileSync(join(root, "src/devnet", file), "utf8")),
  )
  const all = [...demands, ...OTHERS]
  return all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
}

async function main(): Promise<boolean> {
  const mutations = chosen(process.argv.slice(2))
  if (mutations.length === 0) throw new Error("no check has such a name")
  const copies = Array.from(
    { length: Math.min(MOST_COPIES, availableParallelism(), mutations.length) },
    () => new Copy(),
  )
  try {
    const [first] = copies as [Copy]
    const tests = [...new Set(mutations.flatMap((one) => one.tests))]
    const unchanged = verdictOf(await first.test(tests))
    if (unchanged.state !== "SURVIVED") {
      console.log(`the unchanged tree fails: ${unchanged.says}`)
      return false
    }
    console.log(`unchanged: ${unchanged.says}; ${mutations.length} checks to take away`)
    const width = Math.max(...mutations.map(({ name }) => name.length))
    const counts = { killed: 0, SURVIVED: 0, BROKEN: 0 }
    const waiting = mutations.values()
    await Promise.all(
      copies.map(async (copy) => {
        for (const mutation of waiting) {
          const { state, says } = await copy.try(mutation)
          counts[state] += 1
          console.log(`${state.padEnd(9)} ${mutation.name.padEnd(width)}  ${says}`)
        }
      }),
    )
    const { killed, SURVIVED: survived, BROKEN: broken } = counts
    console.log(`${killed} killed, ${survived} survived, ${broken} broken`)
    return survived + broken === 0
  } finally {
    for (const copy of copies) copy.remove()
  }
}

process.exitCode = (await main()) ? 0 : 1
