/**
 * `npm run bench -- [NAME…] [--json] [--strict]`: runs the benchmarks of this folder and prints what they came to.
 *
 * A benchmark is a module here that exports `name` and `run(): Promise<Figure[]>`. Each runs in a process of its own
 * (with `gc()` exposed), so that none inherits another's heap or warmth. `--json` prints a line per figure and nothing
 * else on standard output. Exit code 1 when a benchmark crashes, with `--strict` also when a goal is missed.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeSync } from "node:fs"
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os"
import { parseArgs } from "node:util"
import Table from "cli-table3"
import type { Figure } from "./figure.ts"

interface Benchmark {
  name: string
  run(): Promise<Figure[]>
}

/** File descriptor on which a benchmark's process hands its figures back. */
const RESULT_FD = 3

const here = import.meta.dirname

/** Every benchmark of this folder, by name. */
async function discover(): Promise<Map<string, Benchmark>> {
  const found = new Map<string, Benchmark>()
  for (const file of readdirSync(here).toSorted()) {
    if (!file.endsWith(".ts") || file === "main.ts") continue
    const module = (await import(new URL(file, import.meta.url).href)) as Partial<Benchmark>
    if (typeof module.name !== "string" || typeof module.run !== "function") continue
    if (found.has(module.name)) throw new Error(`two benchmarks are called ${module.name}`)
    found.set(module.name, { name: module.name, run: module.run })
  }
  return found
}

/** Runs a benchmark in a fresh process; `undefined` when it crashed. What it prints itself goes to standard error. */
function runApart(name: string): Figure[] | undefined {
  const args = [...process.execArgv, "--expose-gc", import.meta.filename, "--inside", name]
  const child = spawnSync(process.execPath, args, {
    stdio: ["ignore", process.stderr.fd, process.stderr.fd, "pipe"],
    maxBuffer: 1 << 24,
  })
  const answer = String(child.output?.[RESULT_FD] ?? "")
  if (child.status !== 0 || answer === "") return undefined
  return JSON.parse(answer) as Figure[]
}

function printMachine(): void {
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  const { node, v8, openssl } = process.versions
  console.log(
    `${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} cores, ${memory} GiB`,
  )
  console.log(
    `${platform()} ${arch()}, Node ${node}, V8 ${v8}, OpenSSL ${openssl}, medlake ${version()}`,
  )
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  return (JSON.parse(text) as { version: string }).version
}

function printTable(figures: readonly Figure[]): void {
  const table = new Table({
    head: ["figure", "value", "baseline", "ratio", "goal", ""],
    style: { head: [], border: [] },
  })
  for (const { name, value, unit, baseline, ratio, goal, ok } of figures)
    table.push([
      name,
      `${number(value)} ${unit}`,
      number(baseline),
      number(ratio),
      goal,
      ok ? "ok" : "MISSED",
    ])
  console.log(table.toString())
}

/** Three digits that matter; nothing for what was not measured. */
function number(value: number | null): string {
  return value === null ? "" : value.toLocaleString("en", { maximumSignificantDigits: 3 })
}

const { values, positionals } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    inside: { type: "boolean", default: false },
  },
  allowPositionals: true,
})
const benchmarks = await discover()
const unknown = positionals.filter((name) => !benchmarks.has(name))
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.join(", ")}; there are: ${[...benchmarks.keys()].join(", ")}`,
  )
  process.exit(2)
}

if (values.inside) {
  const figures = await benchmarks.get(positionals[0] as string)?.run()
  writeSync(RESULT_FD, JSON.stringify(figures))
  process.exit(0)
}

if (!values.json) printMachine()
let [crashed, missed] = [false, false]
for (const name of positionals.length > 0 ? positionals : benchmarks.keys()) {
  const figures = runApart(name)
  if (figures === undefined) console.error(`benchmark ${name} crashed`)
  else if (values.json) for (const figure of figures) console.log(JSON.stringify(figure))
  else printTable(figures)
  crashed ||= figures === undefined
  missed ||= figures?.some(({ ok }) => !ok) ?? false
}
process.exitCode = crashed || (values.strict && missed) ? 1 : 0
