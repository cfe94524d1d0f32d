/**
 * Counts a vitest run for `npm test`: a reporter that writes its {@link Tally} to the file named by `MEDLAKE_TALLY`.
 *
 * @module
 */
import { writeFileSync } from "node:fs"
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node"

/** What a run came to. */
export interface Tally {
  passed: number
  failed: number
  /** One entry per skipped test. */
  skips: { test: string; reason: string }[]
  /** Failures that no test stands for: a file that could not be loaded, an error outside every test, a silent skip. */
  others: string[]
}

export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env["MEDLAKE_TALLY"]
    if (file === undefined) throw new Error("MEDLAKE_TALLY names no file")
    writeFileSync(file, JSON.stringify(tallyOf(modules, unhandled)))
  }
}

function tallyOf(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Tally {
  const tally: Tally = { passed: 0, failed: 0, skips: [], others: [] }
  for (const module of modules) {
    for (const test of module.children.allTests()) count(test, tally)
    for (const error of module.errors())
      tally.others.push(`${module.relativeModuleId}: ${error.message}`)
    for (const suite of module.children.allSuites())
      for (const error of suite.errors()) tally.others.push(`${suite.fullName}: ${error.message}`)
  }
  for (const error of unhandled) tally.others.push(`outside every test: ${error.message}`)
  tally.failed += tally.others.length
  return tally
}

function count(test: TestCase, tally: Tally): void {
  const result = test.result()
  const name = `${test.module.relativeModuleId} › ${test.fullName}`
  if (result.state === "passed") tally.passed++
  else if (result.state === "failed") tally.failed++
  else if (result.state === "pending") tally.others.push(`${name}: never ended`)
  else if (result.note === undefined)
    tally.others.push(`${name}: skipped without a reason (test/support/skipped.ts gives one)`)
  else tally.skips.push({ test: name, reason: result.note })
}
