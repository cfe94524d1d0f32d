/**
 * How a suite says aloud that it cannot run here.
 *
 *     describeIfPresent("tink", missingTink(), () => { it("…", …) })
 *
 * The reason travels in the test result, where `npm test` reads it; a skip without a reason counts as a failure there.
 * `MEDLAKE_REQUIRE=tink,dcmtk` names suites that must run: skipping one of them is then a failing test.
 *
 * @module
 */
import { describe, expect, it } from "vitest"

/** `describe(name, body)`; or, when `missing` says what it cannot run without, {@link skipSuite}. */
export function describeIfPresent(name: string, missing: string | undefined, body: () => void) {
  if (missing === undefined) describe(name, body)
  else skipSuite(name, missing)
}

/** Stands in for the suite `name`: one skipped test with `reason`, or one failing test where the suite is required. */
export function skipSuite(name: string, reason: string): void {
  const required = requiredSuites(process.env).has(name)
  if (!required) process.stderr.write(`SKIPPED suite ${name}: ${reason}\n`)
  it(`suite ${name}`, ({ skip }) => {
    expect(required, `MEDLAKE_REQUIRE names it, but it cannot run: ${reason}`).toBe(false)
    skip(reason)
  })
}

/** Names of the suites that must run, from `MEDLAKE_REQUIRE`. */
export function requiredSuites(environment: Readonly<Record<string, string | undefined>>) {
  const names = (environment["MEDLAKE_REQUIRE"] ?? "").split(",").map((name) => name.trim())
  return new Set(names.filter((name) => name !== ""))
}
