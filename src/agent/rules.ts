/**
 * The rules by which the agent decides alone: `rules.json` in its home.
 *
 *     {"deposits": [{"name": "night", "who": "*", "hours": [6, 22], "maxBytes": 2e9, "perHour": 20, "then": "adopt"}],
 *      "dryRun": false, "registerActs": {"delayMinutes": 60}}
 *
 * The first rule that matches who, category and kind decides; its limits (bytes, rate, hours in UTC) turn "adopt" into a refusal. Where
 * none matches, a member's deposit is adopted: having a seat is what the patient agreed to.
 *
 * @module
 */
import { z } from "zod"
import { InvalidInputError } from "../base/errors.ts"
import { isFingerprintOf } from "../vault/card.ts"

const hour = z.int().min(0).max(24)

const ruleShape = z.strictObject({
  /** Named in the log and in refusals. */
  name: z.string().min(1).max(80),
  /** An institution's name, the fingerprint of its root, or "*". */
  who: z.string().min(1).default("*"),
  category: z.string().min(1).default("*"),
  kind: z.string().min(1).default("*"),
  /** Bytes of all blobs and the manifest of one deposit. */
  maxBytes: z.number().positive().exactOptional(),
  /** Deposits of one writer in any 60 minutes. */
  perHour: z.int().nonnegative().exactOptional(),
  /** From (inclusive) to (exclusive), whole hours UTC; over midnight when from is the later one. */
  hours: z.tuple([hour, hour]).exactOptional(),
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the rules file; nobody awaits a rule
  then: z.enum(["adopt", "refuse", "ask"]),
})

const rulesShape = z.strictObject({
  deposits: z.array(ruleShape).default([]),
  /** Decide and log, and change nothing. */
  dryRun: z.boolean().default(false),
  /** Cosign a register act without the second factor once this much time has passed since it was first seen. */
  registerActs: z.strictObject({ delayMinutes: z.int().min(1).max(43_200) }).exactOptional(),
})

/** What `rules.json` says. */
export type Rules = Readonly<z.output<typeof rulesShape>>

/** One rule on deposits. */
export type Rule = Rules["deposits"][number]

/** What a rule may look at. */
export interface DepositFacts {
  /** Name on the writer's card. */
  readonly name: string
  /** Root key of the writer's card, 32 bytes. */
  readonly root: Uint8Array
  readonly category: string
  readonly kind: string
  /** Of all blobs and the manifest. */
  readonly bytes: number
  /** Deposits of this writer in the last hour, this one not counted. */
  readonly lastHour: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What was decided, and by which rule. */
export interface Verdict {
  readonly outcome: "adopt" | "refuse" | "ask"
  readonly rule: string
  /** For people: why the rule's limit turned it down. */
  readonly reason?: string
}

/** Name of the rule for members where none matches. */
export const MEMBER_RULE = "member"

/**
 * Reads the JSON of `rules.json`; an empty object for a home without one.
 * @throws {InvalidInputError} naming the field that is wrong
 */
export function parseRules(json: unknown): Rules {
  const parsed = rulesShape.safeParse(json)
  if (parsed.success) return Object.freeze(parsed.data)
  const [issue] = parsed.error.issues
  throw new InvalidInputError(
    `the agent's rules are wrong at "${issue?.path.join(".") || "top"}": ${issue?.message ?? "unreadable"}`,
  )
}

/** Decides on one deposit of a member. */
export function decide(rules: Rules, facts: DepositFacts): Verdict {
  const rule = rules.deposits.find((one) => matches(one, facts))
  if (!rule) return { outcome: "adopt", rule: MEMBER_RULE }
  const reason = rule.then === "adopt" ? limitPassed(rule, facts) : undefined
  if (reason) return { outcome: "refuse", rule: rule.name, reason }
  return { outcome: rule.then, rule: rule.name }
}

function matches({ who, category, kind }: Rule, facts: DepositFacts): boolean {
  const isWho = who === "*" || who === facts.name || isFingerprintOf(who, facts.root)
  return (
    isWho &&
    (category === "*" || category === facts.category) &&
    (kind === "*" || kind === facts.kind)
  )
}

function limitPassed({ maxBytes, perHour, hours }: Rule, facts: DepositFacts): string | undefined {
  if (maxBytes !== undefined && facts.bytes > maxBytes) return `it has more than ${maxBytes} bytes`
  if (perHour !== undefined && facts.lastHour >= perHour) {
    return `there were ${perHour} deposits in the last hour`
  }
  if (hours && !isWithin(hours, new Date(facts.at).getUTCHours())) {
    return `deposits are taken from ${hours[0]} to ${hours[1]} o'clock UTC`
  }
  return undefined
}

function isWithin([from, to]: readonly [number, number], now: number): boolean {
  return from <= to ? now >= from && now < to : now >= from || now < to
}
