/**
 * Opening a link without any account: link, passcode, and whoever serves it (FORMAT §11).
 *
 *     GET url/native ─▶ keeper's key, checked against the link ─▶ proof, sealed to the keeper ─▶ h ─▶ envelope ─▶ record keys
 *
 * The link server sees neither passcode nor h. A plain SMART Health Link reader would POST the passcode instead.
 *
 * @module
 */
import { z } from "zod"
import { base64url, equal, fromBase64url } from "../base/bytes.ts"
import {
  AccessDeniedError,
  IntegrityError,
  NotFoundError,
  StorageUnavailableError,
} from "../base/errors.ts"
import { fromProblem } from "../base/problem.ts"
import type { RandomBytes } from "../base/random.ts"
import { parseCid } from "../cid/cid.ts"
import { hpkeOpen } from "../crypto/hpke.ts"
import { sha256 } from "../crypto/sha256.ts"
import { xWingKeyPair } from "../crypto/x-wing.ts"
import type { VaultId } from "../vault/context.ts"
import { linkIdOf, parseLink } from "../vault/link.ts"
import { type LinkBody, openLinkEnvelope } from "../vault/link-body.ts"
import { openKeeperAnswer, passcodeProof, sealKeeperRequest } from "../vault/link-keeper.ts"

const TIMEOUT_MS = 60_000
const nativeSchema = z.looseObject({
  envelope: z.string(),
  control: z.array(z.url()).min(1),
  keeper: z.string().optional(),
})
const answerSchema = z.looseObject({ enc: z.string(), ct: z.string() })

/** What a link opens. */
export type OpenedLink = LinkBody & { readonly vault: VaultId }

/**
 * Opens a link.
 * @param passcode asked for only when the link needs one
 * @throws {NotFoundError} when the link is unknown, over, revoked or used up
 * @throws {AccessDeniedError} when the passcode is wrong; says how many tries are left
 * @throws {IntegrityError} when the server lies
 */
export async function openLink(
  text: string,
  passcode: () => Promise<string>,
  getObject: (store: string, name: ReturnType<typeof parseCid>) => Promise<Uint8Array>,
  random: RandomBytes,
  signal?: AbortSignal,
): Promise<OpenedLink> {
  const link = parseLink(text)
  const native = parse(nativeSchema, await ask("GET", `${link.url}/native`, undefined, signal))
  const h =
    link.keeper && (await askKeeper(link.url, link.keeper, native.keeper, passcode, random, signal))
  const name = parseCid(native.envelope)
  const envelope = await firstOf(native.control, (store) => getObject(store, name))
  return await openLinkEnvelope(envelope, h ? { key: link.key, h } : { key: link.key })
}

async function askKeeper(
  url: string,
  fingerprint: Uint8Array,
  served: string | undefined,
  passcode: () => Promise<string>,
  random: RandomBytes,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const keeper = fromBase64url(served ?? "")
  if (!equal(sha256(keeper), fingerprint)) {
    throw new IntegrityError(
      "the server names another keeper than the link: do not type the passcode",
    )
  }
  const id = linkIdOf(url)
  const seed = random(32)
  const viewer = xWingKeyPair(seed).publicKey
  const proof = await passcodeProof(await passcode(), id)
  const request = await sealKeeperRequest(id, keeper, { proof, viewer })
  const body = { enc: base64url(request.enc), ct: base64url(request.ct) }
  const answer = parse(answerSchema, await ask("POST", `${url}/keeper`, body, signal))
  const message = { enc: fromBase64url(answer.enc), ct: fromBase64url(answer.ct) }
  const holder = {
    openHpke: (one: typeof message, info: Uint8Array, aad: Uint8Array) =>
      hpkeOpen(seed, one.enc, info, aad, one.ct),
  }
  return await openKeeperAnswer(id, holder, message)
}

async function ask(
  method: "GET" | "POST",
  url: string,
  body: object | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    ...(body && { body: JSON.stringify(body) }),
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch((cause: unknown) => {
    throw new StorageUnavailableError("the link server does not answer", { cause })
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer
  if (response.status === 404) throw new NotFoundError("there is no such link, or it has ended")
  if (response.status === 401) throw new AccessDeniedError(wrongPasscode(answer))
  throw (
    fromProblem(answer) ??
    new StorageUnavailableError(`the link server answered with ${response.status}`)
  )
}

function wrongPasscode(answer: unknown): string {
  const left = (answer as { remainingAttempts?: unknown } | undefined)?.remainingAttempts
  return `the passcode is wrong: ${typeof left === "number" ? left : "an unknown number of"} tries are left in the life of this link`
}

async function firstOf<T>(
  stores: readonly string[],
  get: (store: string) => Promise<T>,
): Promise<T> {
  let failure: unknown
  for (const store of stores) {
    try {
      return await get(store)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function parse<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new IntegrityError("the link server's answer has another form than it should", {
    cause: parsed.error,
  })
}
