/**
 * Files of SMART Health Links that are too long to be embedded in the answer: handed out under an address of their own, once.
 *
 *     manifest answer ──longer than embeddedLengthMax──▶ ticket ──GET──▶ the JWE, and the ticket is gone
 *
 * Kept in memory: a restart loses tickets, and a reader asks for the manifest again. Source: HL7 SMART Health Cards and Links 1.0, "SMART
 * Health Link Manifest File" (`location` lives at most an hour, may be single use).
 *
 * @module
 */
import { randomBytes } from "node:crypto"
import { z } from "zod"
import type { Clock } from "../base/clock.ts"
import { TooManyRequestsError } from "../base/errors.ts"

const LIFE_MS = 10 * 60_000
/** Characters of all files that wait. */
const ROOM = 64 * 2 ** 20

interface Handed {
  readonly link: string
  readonly jwe: string
  readonly until: number
}

const manifestSchema = z.looseObject({
  files: z.array(z.looseObject({ embedded: z.string().optional() })),
})

/** See the module. */
export class HandedFiles {
  readonly #clock: Clock
  /** By ticket, oldest first. */
  readonly #files = new Map<string, Handed>()
  #held = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Keeps a file of a link for one reader.
   * @returns its ticket: 32 random bytes, base64url
   * @throws {TooManyRequestsError} when too many wait already
   */
  hand(link: string, jwe: string): string {
    const now = this.#clock.now()
    for (const [ticket, { until }] of this.#files) {
      if (until > now) break
      this.#forget(ticket)
    }
    if (this.#held + jwe.length > ROOM) {
      throw new TooManyRequestsError("too many files wait to be fetched here", LIFE_MS / 1000)
    }
    const ticket = randomBytes(32).toString("base64url")
    this.#files.set(ticket, { link, jwe, until: now + LIFE_MS })
    this.#held += jwe.length
    return ticket
  }

  /** The file of a ticket, once; `undefined` when it is not there, or not this link's. */
  take(link: string, ticket: string): string | undefined {
    const file = this.#files.get(ticket)
    if (file?.link !== link) return undefined
    this.#forget(ticket)
    return file.until > this.#clock.now() ? file.jwe : undefined
  }

  #forget(ticket: string): void {
    this.#held -= this.#files.get(ticket)?.jwe.length ?? 0
    this.#files.delete(ticket)
  }
}

/**
 * The text of a manifest answer in which no embedded file is longer than `limit` characters: longer ones have a `location`, which `hand`
 * makes. What is no manifest passes unchanged.
 */
export function withLocations(
  body: string,
  limit: number | undefined,
  hand: (jwe: string) => string,
): string {
  if (limit === undefined) return body
  const parsed = manifestSchema.safeParse(JSON.parse(body))
  if (!parsed.success) return body
  const files = parsed.data.files.map(({ embedded, ...file }) => {
    if (embedded === undefined) return file
    return embedded.length > limit ? { ...file, location: hand(embedded) } : { ...file, embedded }
  })
  return JSON.stringify({ ...parsed.data, files })
}
