/**
 * `npm test`: format, lint, types, then every test that runs in process. Its last line is
 * `N passed, N failed, N skipped`, in which each of the three checks counts as one.
 *
 *     npm test -- [FILTER…] [--tests-only] [--sums FILE]
 *
 * FILTER picks test files by a part of their path; `--tests-only` leaves the three checks out; `--sums` writes the
 * numbers `passed failed skipped` to FILE, for programs. Exit code 1 on any failure, or when no test ran.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs, stripVTControlCharacters } from "node:util"
import type { Tally } from "./test-tally.ts"

/** Scripts of package.json that look at the source without running it. */
const CHECKS = ["format:check", "lint", "types"]
/** Test files run side by side; more than this starves tests that measure nothing but wait for sockets. */
const MOST_WORKERS = 2

/** A log takes no colour codes; only a terminal does. */
const isLog = !process.stdout.isTTY

const root = fileURLToPath(new URL("..", import.meta.url))

interface Sums {
  passed: number
  failed: number
  skipped: number
}

/** Runs one check, silent unless it fails. */
function check(name: string): Sums {
  const begun = performance.now()
  const windows = process.platform === "win32"
  const child = spawnSync("npm", ["run", "--silent", name], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    shell: windows,
  })
  const ok = child.status === 0
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(12)} ${seconds(begun)}`)
  const said = `${child.stdout}${child.stderr}${child.error?.message ?? ""}`
  // Biome and oxlint colour their lines wherever CI is set, NO_COLOR or not.
  if (!ok) console.log(isLog ? stripVTControlCharacters(said) : said)
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
}

/** Runs the tests in a process of their own, so that even its crash is counted. */
function tests(filters: readonly string[]): Sums {
  const begun = performance.now()
  const folder = mkdtempSync(join(tmpdir(), "medlake-test-"))
  const file = join(folder, "tally.json")
  const workers = Math.min(MOST_WORKERS, availableParallelism())
  const reporters = ["--reporter=default", "--reporter=./scripts/test-tally.ts"]
  const environment: NodeJS.ProcessEnv = { ...process.env, MEDLAKE_TALLY: file }
  if (isLog) Object.assign(environment, { NO_COLOR: "1", FORCE_COLOR: undefined })
  const child = spawnSync(
    process.execPath,
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      `--maxWorkers=${workers}`,
      "--allowOnly=false",
      ...reporters,
      ...filters,
    ],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: environment,
    },
  )
  const tally = readTally(file)
  rmSync(folder, { recursive: true })

  if (tally.passed + tally.failed === 0) fail(tally, "no test ran")
  if (tally.failed === 0 && child.status !== 0)
    fail(tally, `the test runner ended with ${child.signal ?? `exit code ${child.status}`}`)
  console.log(`${tally.failed === 0 ? "ok    " : "FAILED"} ${"tests".padEnd(12)} ${seconds(begun)}`)
  for (const other of tally.others) console.log(`FAILED ${other}`)
  for (const { test, reason } of tally.skips) console.log(`skipped ${test}: ${reason}`)
  return { passed: tally.passed, failed: tally.failed, skipped: tally.skips.length }
}

function readTally(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Tally
  } catch {
    const tally: Tally = { passed: 0, failed: 0, skips: [], others: [] }
    fail(tally, "the test runner ended before it had counted its tests")
    return tally
  }
}

function fail(tally: Tally, why: string): void {
  tally.failed++
  tally.others.push(why)
}

function seconds(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`
}

const { values, positionals } = parseArgs({
  options: { "tests-only": { type: "boolean", default: false }, sums: { type: "string" } },
  allowPositionals: true,
})
const parts = values["tests-only"] ? [] : CHECKS.map(check)
parts.push(tests(positionals))
const sum = (of: keyof Sums) => parts.reduce((total, part) => total + part[of], 0)
const [passed, failed, skipped] = [sum("passed"), sum("failed"), sum("skipped")]

if (values.sums !== undefined) writeFileSync(values.sums, `${passed} ${failed} ${skipped}\n`)
process.exitCode = failed === 0 ? 0 : 1
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
