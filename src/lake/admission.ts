/**
 * Admission over HTTP: the same card, offer and signature as by files, carried by the institution's own server.
 *
 *     patient                                institution
 *     GET  /.well-known/medlake        ─▶    name, network, root key: compared by fingerprint, at the desk
 *     POST /api/admit  vault card      ─▶    pinned; its contact card for this vault
 *     POST /api/admit  offer           ─▶    read whole; its signature
 *
 * Nothing rests on the transport: cards are signed, the root key is compared by people, the offer is an aggregate (FORMAT §9, §13).
 *
 * @module
 */
import { z } from "zod"
import { fromHex } from "../base/bytes.ts"
import { InstitutionUnavailableError, IntegrityError } from "../base/errors.ts"
import { fromProblem } from "../base/problem.ts"

/** Who answers at an address. */
export interface InstitutionProfile {
  readonly name: string
  /** Generation hash, 32 bytes. */
  readonly network: Uint8Array
  /** Root public key, 32 bytes. */
  readonly root: Uint8Array
}

/** An institution that can be asked for a card and a signature. */
export interface AdmissionPort {
  profile(signal?: AbortSignal): Promise<InstitutionProfile>
  /** Takes a vault card; answers with the institution's contact card for that vault. */
  answerCard(card: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
  /** Takes an offer of a seat; answers with the institution's signature. */
  acceptOffer(offer: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
}

const TIMEOUT_MS = 30_000
/** Largest answer, bytes. */
const LIMIT = 64 << 10

const hexBytes = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((text) => fromHex(text))
const profileShape = z.object({
  v: z.literal(1),
  name: z.string().max(200),
  network: hexBytes,
  root: hexBytes,
})

/** The institution at `url`. */
export class HttpAdmission implements AdmissionPort {
  readonly #url: string

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, "")
  }

  /**
   * @throws {InstitutionUnavailableError} when nobody answers
   * @throws {IntegrityError} when the answer is no profile of version 1
   */
  async profile(signal?: AbortSignal): Promise<InstitutionProfile> {
    const answer = await this.#ask("/.well-known/medlake", undefined, signal)
    const parsed = profileShape.safeParse(json(answer))
    if (!parsed.success) {
      throw new IntegrityError(`what ${this.#url} says of itself is not a profile of version 1`, {
        cause: parsed.error,
      })
    }
    const { name, network, root } = parsed.data
    return { name, network, root }
  }

  async answerCard(card: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#ask("/api/admit", card, signal)
  }

  async acceptOffer(offer: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return await this.#ask("/api/admit", offer, signal)
  }

  async #ask(
    path: string,
    body: Uint8Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    const away = (cause?: unknown) =>
      new InstitutionUnavailableError(
        `the institution at ${this.#url} does not answer: try again later, or hand over the files`,
        { cause },
      )
    let response: Response
    let answer: Uint8Array
    try {
      response = await fetch(this.#url + path, {
        method: body ? "POST" : "GET",
        headers: { "content-type": "application/cbor" },
        ...(body && { body: Uint8Array.from(body) }),
        redirect: "error",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
      answer = new Uint8Array(await response.arrayBuffer())
    } catch (cause) {
      signal?.throwIfAborted()
      throw away(cause)
    }
    if (!response.ok) throw fromProblem(json(answer)) ?? away()
    if (answer.length > LIMIT) throw new IntegrityError(`${this.#url} answers with too many bytes`)
    return answer
  }
}

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown
  } catch {
    return undefined
  }
}
