/**
 * The patient's agent over HTTP: the caller's half of `src/agent`.
 *
 * Bodies are canonical dag-cbor; what they hold is sealed or signed by itself (FORMAT §10, §11), so that nothing rests on the
 * transport. A refusal arrives as the same typed error that the agent raised; no answer is `AgentUnavailableError`.
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor, encodeDagCbor } from "../base/dag-cbor.ts"
import { AgentUnavailableError, IntegrityError } from "../base/errors.ts"
import { fromProblem } from "../base/problem.ts"
import type { AgentPort, HpkeMessage, RegisterAct } from "./ports.ts"

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
const hpke = z.strictObject({ enc: bytes, ct: bytes })

/** Milliseconds after which an agent that says nothing counts as unreachable. */
const TIMEOUT_MS = 60_000

/** A client of the agent at `url`. */
export class HttpAgent implements AgentPort {
  readonly #url: string

  constructor(url: string) {
    this.#url = url.replace(/\/+$/, "")
  }

  async pairingKey(signal?: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#ask("GET", "/api/pairing", undefined, signal)
    return parse(z.strictObject({ v: z.literal(1), agreement: bytes }), answer).agreement
  }

  async handOver(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#ask("POST", "/api/hand-over", message, signal)
  }

  async query(message: Uint8Array, signal?: AbortSignal): Promise<HpkeMessage> {
    return parse(hpke, await this.#ask("POST", "/api/query", message, signal))
  }

  async deposit(messages: readonly Uint8Array[], signal?: AbortSignal): Promise<HpkeMessage> {
    const body = encodeDagCbor({ deposits: messages })
    return parse(hpke, await this.#ask("POST", "/api/deposit", body, signal))
  }

  async submit(aggregate: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const body = encodeDagCbor({ aggregate })
    return parse(
      z.strictObject({ hash: bytes }),
      await this.#ask("POST", "/api/submit", body, signal),
    ).hash
  }

  async cosign(act: RegisterAct, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#ask("POST", "/api/cosign", encodeDagCbor({ ...act }), signal)
    return parse(z.strictObject({ cosignature: bytes }), answer).cosignature
  }

  async keepLink(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#ask("POST", "/api/links", message, signal)
  }

  async dropLink(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#ask("POST", "/api/links/drop", message, signal)
  }

  async #ask(
    method: "GET" | "POST",
    path: string,
    body: Uint8Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS)
    let response: Response
    let answer: Uint8Array
    try {
      response = await fetch(this.#url + path, {
        method,
        headers: { accept: "application/cbor", "content-type": "application/cbor" },
        ...(body && { body: Uint8Array.from(body) }),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      })
      answer = new Uint8Array(await response.arrayBuffer())
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw new AgentUnavailableError(
        `the patient's agent at ${this.#url} does not answer: what is waiting for it stays in the outbox`,
        { cause },
      )
    }
    if (response.ok) return answer.length === 0 ? undefined : decodeDagCbor(answer)
    throw (
      fromProblem(parseJson(answer)) ??
      new AgentUnavailableError(`the patient's agent answered ${path} with ${response.status}`)
    )
  }
}

function parse<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (!parsed.success) {
    throw new IntegrityError("the agent's answer has another form than this version knows", {
      cause: parsed.error,
    })
  }
  return parsed.data
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown
  } catch {
    return undefined
  }
}
