// oxlint-disable unicorn/no-thenable -- "then" is the word of the rules file; nobody awaits a rule
import { readFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { type DepositFacts, decide, parseRules } from "../../../src/agent/rules.ts"
import { InvalidInputError } from "../../../src/base/errors.ts"
import { fingerprintOf } from "../../../src/vault/card.ts"

const root = new Uint8Array(32).fill(7)
const noon = Date.UTC(2026, 6, 3, 12)
const facts: DepositFacts = {
  name: "Klinikum",
  root,
  category: "imaging",
  kind: "dicom-study",
  bytes: 1000,
  lastHour: 0,
  at: noon,
}
const adopt = { name: "all", then: "adopt" }

describe("decide", () => {
  it("adopts a member's deposit where no rule matches", () => {
    expect(decide(parseRules({}), facts)).toEqual({ outcome: "adopt", rule: "member" })
  })

  it("takes the first rule that matches and no later one", () => {
    const rules = parseRules({ deposits: [{ name: "no", who: "Klinikum", then: "refuse" }, adopt] })
    expect(decide(rules, facts)).toEqual({ outcome: "refuse", rule: "no" })
    expect(decide(rules, { ...facts, name: "Praxis" })).toEqual({ outcome: "adopt", rule: "all" })
  })

  it.for<[field: string, rule: object, matches: boolean]>([
    ["name", { who: "Klinikum" }, true],
    ["another name", { who: "klinikum" }, false],
    ["fingerprint", { who: fingerprintOf(root) }, true],
    ["fingerprint as typed", { who: fingerprintOf(root).toLowerCase().replaceAll("-", " ") }, true],
    ["another fingerprint", { who: fingerprintOf(new Uint8Array(32)) }, false],
    ["category", { category: "imaging" }, true],
    ["another category", { category: "ecg" }, false],
    ["kind", { kind: "dicom-study" }, true],
    ["another kind", { kind: "report" }, false],
  ])("matches by %s", ([, rule, matches]) => {
    const rules = parseRules({ deposits: [{ name: "this", ...rule, then: "ask" }] })
    expect(decide(rules, facts).rule).toBe(matches ? "this" : "member")
  })

  it.for<[limit: string, rule: object, facts: Partial<DepositFacts>, outcome: string]>([
    ["bytes at the limit", { maxBytes: 1000 }, {}, "adopt"],
    ["bytes over it", { maxBytes: 999 }, {}, "refuse"],
    ["rate under the limit", { perHour: 3 }, { lastHour: 2 }, "adopt"],
    ["rate at it", { perHour: 3 }, { lastHour: 3 }, "refuse"],
    ["first hour", { hours: [12, 13] }, {}, "adopt"],
    ["one past the last hour", { hours: [8, 12] }, {}, "refuse"],
    ["over midnight, in the night", { hours: [22, 6] }, { at: Date.UTC(2026, 6, 3, 23) }, "adopt"],
    ["over midnight, at noon", { hours: [22, 6] }, {}, "refuse"],
  ])("holds a limit: %s", ([, limit, changed, outcome]) => {
    const rules = parseRules({ deposits: [{ ...adopt, ...limit }] })
    const verdict = decide(rules, { ...facts, ...changed })
    expect(verdict.outcome).toBe(outcome)
    expect(verdict.rule).toBe("all")
    expect(verdict.reason === undefined).toBe(outcome === "adopt")
  })
})

describe("parseRules", () => {
  it.for<[what: string, rules: unknown]>([
    ["no object", []],
    ["an unknown field", { deposit: [] }],
    ["an unknown field of a rule", { deposits: [{ ...adopt, size: 1 }] }],
    ["a rule without a name", { deposits: [{ then: "adopt" }] }],
    ["an unknown outcome", { deposits: [{ name: "x", then: "allow" }] }],
    ["an hour that does not exist", { deposits: [{ ...adopt, hours: [8, 25] }] }],
    ["half an hour", { deposits: [{ ...adopt, hours: [8.5, 9] }] }],
    ["a rate below zero", { deposits: [{ ...adopt, perHour: -1 }] }],
    ["no delay at all", { registerActs: { delayMinutes: 0 } }],
  ])("refuses %s", ([, rules]) => {
    expect(() => parseRules(rules)).toThrow(InvalidInputError)
  })

  it("names the field that is wrong", () => {
    const rules = { deposits: [adopt, { ...adopt, maxBytes: "2 GB" }] }
    expect(() => parseRules(rules)).toThrow(/deposits\.1\.maxBytes/)
  })
})

describe("docs/agent.md", () => {
  it("has an example that is right, and that decides as the page says", async () => {
    const page = await readFile(new URL("../../../docs/agent.md", import.meta.url), "utf8")
    const [, example] = /```json\n(.*?)```/s.exec(page) ?? []
    const rules = parseRules(JSON.parse(example ?? ""))
    const day = {
      name: "Practice Dr. Example",
      root: new Uint8Array(32),
      category: "imaging",
      kind: "dicom-study",
      bytes: 1000,
      lastHour: 0,
      at: Date.UTC(2026, 6, 3, 12),
    }
    const decided = (changes: Partial<typeof day>) => {
      const { rule, outcome } = decide(rules, { ...day, ...changes })
      return `${outcome} by ${rule}`
    }
    expect(decided({})).toBe("adopt by practice by day")
    expect(decided({ bytes: 5e8 + 1 })).toBe("refuse by practice by day")
    expect(decided({ lastHour: 20 })).toBe("refuse by practice by day")
    expect(decided({ at: Date.UTC(2026, 6, 3, 23) })).toBe("refuse by practice by day")
    expect(decided({ kind: "report" })).toBe("refuse by no reports yet")
    expect(decided({ name: "Somebody" })).toBe("ask by everybody else")
    expect(decide(parseRules({}), day)).toMatchObject({ outcome: "adopt", rule: "member" })
    for (const field of Object.keys(rules.deposits[2] ?? {}))
      expect(page).toContain(`| \`${field}\``)
  })
})
