/**
 * Routes of the keeper, as a link server forwards them.
 *
 *     POST /links/<id>         {recipient, passcode, embeddedLengthMax?} ─▶ {files: [{contentType, embedded}]}
 *     POST /links/<id>/keeper  {enc, ct} in base64url ─▶ the same
 *
 * A wrong guess is 401 with `remainingAttempts`; a link that is unknown, over or used up is 404, one like the other.
 * Source: HL7 SMART Health Cards and Links 1.0, "SMART Health Link Manifest Request".
 *
 * @module
 */
import express, { type Request, type Response, Router } from "express"
import { z } from "zod"
import { base64url, expectLength, fromBase64url } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError, UnsupportedError } from "../base/errors.ts"
import { PROBLEM_TYPE } from "../base/problem.ts"
import { parseShape } from "../vault/shape.ts"
import type { Guessed, Keeper } from "./keeper.ts"

const LIMIT = "16kb"
const ID_TEXT = /^[A-Za-z0-9_-]{43}$/

const manifestShape = z.looseObject({
  /** Who asks, for people; the standard demands it. It is not kept. */
  recipient: z.string().min(1).max(1000),
  passcode: z.string().min(1).max(200),
  embeddedLengthMax: z.int().nonnegative().exactOptional(),
})
const keeperShape = z.strictObject({ enc: z.string().max(2000), ct: z.string().max(8000) })

/** See the module. */
export function linkRoutes(keeper: Keeper): Router {
  const routes = Router()
  const json = express.json({ limit: LIMIT, inflate: false })
  routes.post("/links/:id", json, async (request, response) => {
    const { passcode, embeddedLengthMax } = parseShape(
      "manifest request",
      manifestShape,
      bodyOf(request),
    )
    const jwe = granted(response, await keeper.file(linkIdOf(request), passcode))
    if (jwe === undefined) return
    if (embeddedLengthMax !== undefined && jwe.length > embeddedLengthMax) {
      throw new InvalidInputError(
        `the file has ${jwe.length} characters, more than "embeddedLengthMax" allows: ask without it`,
      )
    }
    response.json({ files: [{ contentType: "application/fhir+json", embedded: jwe }] })
  })
  routes.post("/links/:id/keeper", json, async (request, response) => {
    const { enc, ct } = parseShape("keeper request", keeperShape, bodyOf(request))
    const message = { enc: fromBase64url(enc), ct: fromBase64url(ct) }
    const answer = granted(response, await keeper.half(linkIdOf(request), message))
    if (answer) response.json({ enc: base64url(answer.enc), ct: base64url(answer.ct) })
  })
  return routes
}

/** What was granted; a wrong guess is answered here. */
function granted<T>(response: Response, guessed: Guessed<T> | undefined): T | undefined {
  if (!guessed) throw new NotFoundError("there is no such link, or not any more")
  if ("granted" in guessed) return guessed.granted
  const { remaining: remainingAttempts } = guessed
  const title = `the passcode is wrong: ${remainingAttempts} tries are left`
  const problem = { status: 401, code: "access_denied", title, remainingAttempts }
  response.status(401).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  return undefined
}

function linkIdOf(request: Request): Uint8Array {
  const id = request.params["id"]
  if (typeof id !== "string" || !ID_TEXT.test(id))
    throw new NotFoundError("there is no such link, or not any more")
  return expectLength("link id", fromBase64url(id), 32)
}

function bodyOf(request: Request): unknown {
  const body: unknown = request.body
  if (body === undefined) throw new UnsupportedError("the agent takes application/json here")
  return body
}
