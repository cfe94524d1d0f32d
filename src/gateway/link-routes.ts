/**
 * The link server: says where a link's envelope is, and forwards to its keeper. It never sees a link key, h, or the passcode of a native
 * reader (FORMAT §11).
 *
 *     PUT  /links/<id>         registers, signed like a store PUT of the envelope
 *     POST /links/<id>         SHL manifest request, forwarded         GET /links/<id>?recipient=…  the JWE of an offline link
 *     GET  /links/<id>/native  where the native part is                POST /links/<id>/keeper      forwarded
 *
 * @module
 */
import express, { type Request, type Response, Router } from "express"
import { z } from "zod"
import { fromBase64url } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import {
  AccessDeniedError,
  AgentUnavailableError,
  AlreadyExistsError,
  InvalidInputError,
  NotFoundError,
} from "../base/errors.ts"
import type { StoreRights } from "./rights.ts"

/** A registered link as it is kept. */
export const storedLinkSchema = z.strictObject({
  envelope: z.string().min(1).max(100),
  control: z.array(z.url()).min(1).max(8),
  keeper: z.strictObject({ url: z.url(), key: z.string().max(2000) }).optional(),
  jwe: z.string().max(2_000_000).optional(),
  until: z.int().nonnegative(),
})
export type StoredLink = z.infer<typeof storedLinkSchema>

/** Where links are kept. */
export interface LinkStore {
  get(id: string): Promise<StoredLink | undefined>
  put(id: string, link: StoredLink): Promise<void>
  delete(id: string): Promise<void>
}

const ID = /^[A-Za-z0-9_-]{43}$/
const FORWARD_MS = 55_000

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
  const find = async (request: Request): Promise<StoredLink> => {
    const link = await links.get(idOf(request))
    if (!link || (link.until !== 0 && link.until < clock.now())) {
      throw new NotFoundError("there is no such link, or it has ended")
    }
    return link
  }
  routes.put("/:id", json, async (request, response) => {
    const parsed = storedLinkSchema.safeParse(request.body)
    if (!parsed.success) throw new InvalidInputError("the registration of the link is malformed")
    const link = parsed.data
    const call = { method: "PUT" as const, folder: "objects" as const, cid: link.envelope, size: 0 }
    await rights.require(request.headers.authorization, call)
    if (link.keeper && !allowed.has(link.keeper.url.replace(/\/+$/, ""))) {
      throw new AccessDeniedError("this link server does not forward to that keeper")
    }
    const id = idOf(request)
    if (await links.get(id)) throw new AlreadyExistsError("there is such a link already")
    await links.put(id, link)
    response.status(201).end()
  })
  routes.delete("/:id", async (request, response) => {
    const link = await find(request)
    const call = {
      method: "DELETE" as const,
      folder: "objects" as const,
      cid: link.envelope,
      size: 0,
    }
    await rights.require(request.headers.authorization, call)
    await links.delete(idOf(request))
    response.status(204).end()
  })
  routes.get("/:id", async (request, response) => {
    const { jwe } = await find(request)
    if (jwe === undefined) throw new NotFoundError("there is no such link, or it has ended")
    response.type("application/jose").send(jwe)
  })
  routes.get("/:id/native", async (request, response) => {
    const { envelope, control, keeper } = await find(request)
    response.json({ envelope, control, ...(keeper && { keeper: keeper.key }) })
  })
  for (const path of ["/:id", "/:id/keeper"]) {
    routes.post(path, json, async (request, response) => {
      const { keeper } = await find(request)
      if (!keeper) throw new NotFoundError("there is no such link, or it has ended")
      const suffix = path.endsWith("keeper") ? "/keeper" : ""
      await forward(
        `${keeper.url.replace(/\/+$/, "")}/links/${idOf(request)}${suffix}`,
        request,
        response,
      )
    })
  }
  return routes
}

async function forward(url: string, request: Request, response: Response): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request.body),
    redirect: "error",
    signal: AbortSignal.timeout(FORWARD_MS),
  }).catch((cause: unknown) => {
    throw new AgentUnavailableError("the keeper of this link does not answer: try again later", {
      cause,
    })
  })
  const type = answer.headers.get("content-type") ?? "application/json"
  response
    .status(answer.status)
    .type(type)
    .send(Buffer.from(await answer.arrayBuffer()))
}

function idOf(request: Request): string {
  const id = String(request.params["id"])
  if (!ID.test(id)) throw new NotFoundError("there is no such link, or it has ended")
  fromBase64url(id)
  return id
}
