import { describe, expect, it } from "vitest"
import * as errors from "../../../src/base/errors.ts"
import { fromProblem, toProblem } from "../../../src/base/problem.ts"

const { AgentRefusedError, LedgerRefusedError, TooManyRequestsError } = errors
const SPECIAL = ["MedlakeError", "AgentRefusedError", "LedgerRefusedError", "TooManyRequestsError"]
const plain = Object.entries(errors)
  .filter(([name]) => !SPECIAL.includes(name))
  .map(([, Class]) => Class as unknown as new (message: string) => errors.MedlakeError)
const all: readonly errors.MedlakeError[] = [
  ...plain.map((Class) => new Class("what happened: what to do")),
  new AgentRefusedError("no", "office-hours"),
  new LedgerRefusedError("no", "Failure_Core_Insufficient_Balance"),
  new TooManyRequestsError("later", 7),
]

describe("fromProblem", () => {
  it.each(all.map((error) => [error.name, error] as const))(
    "makes %s again of its problem",
    (_name, error) => {
      const again = fromProblem(JSON.parse(JSON.stringify(toProblem(error))))
      expect(again).toBeInstanceOf(error.constructor)
      expect(again).toEqual(error)
      expect(JSON.stringify(again)).toBe(JSON.stringify(error))
    },
  )

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "invalid_input"],
    ["a problem of another server", { title: "Not Found", status: 404 }],
    ["an unknown code", { code: "teapot", title: "no coffee" }],
    ["a code that every object has", { code: "constructor", title: "x" }],
    ["our own internal error", toProblem(new Error("secret"))],
  ])("makes no error of ours of %s", (_what, body) => {
    expect(fromProblem(body)).toBeUndefined()
  })
})

describe("toProblem", () => {
  it("tells nothing of an error that is not ours", () => {
    const problem = toProblem(new TypeError("key 4711 is undefined"))
    expect(problem).toMatchObject({ status: 500, code: "internal" })
    expect(JSON.stringify(problem)).not.toContain("4711")
  })

  it("has a status of the client's or the server's for each error, and a code of its own", () => {
    const problems = all.map(toProblem)
    expect(new Set(problems.map(({ code }) => code)).size).toBe(all.length)
    for (const { status } of problems) expect(status === 207 || status >= 400).toBe(true)
  })
})
