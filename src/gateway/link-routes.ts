/**
 * The link server: says where a link's envelope is, and forwards to its keeper. It never sees a link key, h, or the passcode of a native
 * reader (FORMAT §11).
 *
 *     PUT  /links/<id>         registers, signed like a store PUT of the envelope
 *     POST /links/<id>         SHL manifest request, forwarded         GET /links/<id>?recipient=…  the JWE of an offline link
 *     GET  /links/<id>/files/<ticket>  a file that was too long to be embedded, once and within the hour
 *     GET  /links/<id>/native  where the native part is                POST /links/<id>/keeper      forwarded
 *
 * @module
 */
import express, { type Request, type Response, Router } from "express"
import { z } from "zod"
import type { Clock } from "../base/clock.ts"
import {
  AccessDeniedError,
  AgentUnavailableError,
  AlreadyExistsError,
  InvalidInputError,
  NotFoundError,
  UnsupportedError,
} from "../base/errors.ts"
import { HandedFiles, withLocations } from "./handed-files.ts"
import { onlyMethods } from "./problem.ts"
import type { StoreRights } from "./rights.ts"

/** A registered link as it is kept. */
export const storedLinkSchema = z.strictObject({
  /** For which it was registered: address, hex. */
  register: z.string(),
  envelope: z.string().min(1).max(100),
  control: z.array(z.url()).min(1).max(8),
  keeper: z.strictObject({ url: z.url(), key: z.string().max(2000) }).optional(),
  jwe: z.string().max(2_000_000).optional(),
  until: z.int().nonnegative(),
})
/** A link as it is registered. */
const registrationSchema = storedLinkSchema.omit({ register: true })
export type StoredLink = z.infer<typeof storedLinkSchema>

/** Where links are kept. */
export interface LinkStore {
  get(id: string): Promise<StoredLink | undefined>
  /** @throws {AlreadyExistsError} when the id is taken */
  add(id: string, link: StoredLink): Promise<void>
  delete(id: string): Promise<void>
}

/** 32 bytes in base64url, in the one way to write them. */
const ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const FORWARD_MS = 55_000
const ENDED = "there is no such link, or it has ended"

const askedSchema = z.looseObject({ embeddedLengthMax: z.int().nonnegative().optional() })

/**
 * Routes of the link server.
 * @param keepers addresses of agents that may be forwarded to: a registration can't make this server call anything else
 */
export function linkRoutes(
  links: LinkStore,
  keepers: readonly string[],
  rights: StoreRights,
  clock: Clock,
): Router {
  const routes = Router()
  const allowed = new Set(keepers.map((one) => one.replace(/\/+$/, "")))
  const json = express.json({ limit: "2mb", inflate: false })
  const question = express.json({ limit: "16kb", inflate: false })
  const handed = new HandedFiles(clock)
  const find = async (request: Request): Promise<StoredLink> => {
    const link = await links.get(idOf(request))
    if (!link || (link.until !== 0 && link.until < clock.now())) {
      throw new NotFoundError(ENDED)
    }
    return link
  }
  const keeperOf = async (request: Request): Promise<string> => {
    const { keeper } = await find(request)
    if (!keeper) throw new NotFoundError(ENDED)
    return `${keeper.url.replace(/\/+$/, "")}/links/${idOf(request)}`
  }
  routes.put("/:id", json, async (request, response) => {
    const parsed = registrationSchema.safeParse(request.body)
    if (!parsed.success) throw new InvalidInputError("the registration of the link is malformed")
    const link = parsed.data
    const call = { method: "PUT" as const, folder: "objects" as const, cid: link.envelope, size: 0 }
    const register = await rights.require(request.headers.authorization, call)
    if (link.keeper && !allowed.has(link.keeper.url.replace(/\/+$/, ""))) {
      throw new AccessDeniedError("this link server does not forward to that keeper")
    }
    await links.add(idOf(request), { ...link, register }).catch((error: unknown) => {
      if (!(error instanceof AlreadyExistsError)) throw error
      throw new AlreadyExistsError("there is such a link already", { cause: error })
    })
    response.status(201).end()
  })
  routes.delete("/:id", async (request, response) => {
    const link = await links.get(idOf(request))
    if (!link) throw new NotFoundError(ENDED)
    const call = {
      method: "DELETE" as const,
      folder: "objects" as const,
      cid: link.envelope,
      size: 0,
    }
    rights.requireOwner(link.register, await rights.require(request.headers.authorization, call))
    await links.delete(idOf(request))
    response.status(204).end()
  })
  routes.get("/:id", async (request, response) => {
    const { jwe } = await find(request)
    if (jwe === undefined) throw new NotFoundError(ENDED)
    if (typeof request.query["recipient"] !== "string" || request.query["recipient"] === "") {
      throw new InvalidInputError('say who asks: "?recipient=NAME"')
    }
    sendFile(response, jwe)
  })
  routes.get("/:id/files/:ticket", async (request, response) => {
    await find(request)
    const jwe = handed.take(idOf(request), request.params["ticket"])
    if (jwe === undefined) throw new NotFoundError("the file was fetched, or its hour is over")
    sendFile(response, jwe)
  })
  routes.get("/:id/native", async (request, response) => {
    const { envelope, control, keeper } = await find(request)
    response.json({ envelope, control, ...(keeper && { keeper: keeper.key }) })
  })
  routes.post("/:id", question, async (request, response) => {
    const { embeddedLengthMax, ...rest } = askedOf(request)
    const answer = await forward(await keeperOf(request), rest)
    const { protocol, baseUrl } = request
    const base = `${protocol}://${request.get("host") ?? ""}${baseUrl}/${idOf(request)}/files/`
    const hand = (jwe: string) => base + handed.hand(idOf(request), jwe)
    send(response, answer, (body) => withLocations(body, embeddedLengthMax, hand))
  })
  routes.post("/:id/keeper", question, async (request, response) => {
    send(response, await forward(`${await keeperOf(request)}/keeper`, bodyOf(request)))
  })
  routes.all("/:id", onlyMethods("GET", "HEAD", "POST", "PUT", "DELETE"))
  routes.all("/:id/native", onlyMethods("GET", "HEAD"))
  routes.all("/:id/keeper", onlyMethods("POST"))
  return routes
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly retryAfter: string | null
  readonly body: string
}

async function forward(url: string, body: object): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(FORWARD_MS),
    })
    return {
      status: answer.status,
      type: answer.headers.get("content-type") ?? "application/json",
      retryAfter: answer.headers.get("retry-after"),
      body: await answer.text(),
    }
  } catch (cause) {
    throw new AgentUnavailableError("the keeper of this link does not answer: try again later", {
      cause,
    })
  }
}

function send(
  response: Response,
  { status, type, retryAfter, body }: Answer,
  rewrite: (body: string) => string = (text) => text,
): void {
  if (retryAfter !== null) response.set("retry-after", retryAfter)
  response
    .status(status)
    .type(type)
    .send(status === 200 ? rewrite(body) : body)
}

function sendFile(response: Response, jwe: string): void {
  response.set("cache-control", "no-store").type("application/jose").send(jwe)
}

/** The body of a manifest request; the limit is ours to keep, since the keeper does not know under which address its file can be had. */
function askedOf(request: Request) {
  const parsed = askedSchema.safeParse(bodyOf(request))
  if (!parsed.success) {
    throw new InvalidInputError(
      `"${parsed.error.issues[0]?.path.join(".")}" is not as it should be`,
    )
  }
  return parsed.data
}

function bodyOf(request: Request): object {
  const body: unknown = request.body
  if (typeof body !== "object" || body === null) {
    throw new UnsupportedError("this route takes application/json")
  }
  return body
}

function idOf(request: Request): string {
  const id = String(request.params["id"])
  if (!ID.test(id)) throw new NotFoundError(ENDED)
  return id
}
