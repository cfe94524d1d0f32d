/**
 * The agent over HTTP: an express application that listens nowhere by itself.
 *
 *     /api/…       canonical dag-cbor, messages of FORMAT §10, answers or RFC 9457 problems        (src/lake/http-agent.ts)
 *     /links/<id>  JSON, forwarded by a link server: SMART Health Link manifest request, keeper messages of FORMAT §11
 *
 * Nothing rests on the transport: what matters is sealed or signed by itself. Logs hold routes, never paths or bodies.
 *
 * @module
 */
import express, { type NextFunction, type Request, type Response } from "express"
import { encodeDagCbor } from "../base/dag-cbor.ts"
import { MedlakeError } from "../base/errors.ts"
import { PROBLEM_TYPE, type Problem, toProblem } from "../base/problem.ts"
import type { PatientAgent } from "./agent.ts"
import { linkRoutes } from "./link-routes.ts"
import { cborBody, cosignBody, depositBody, messageBody, submitBody } from "./request-body.ts"

/** One request, as it is logged. */
export interface LogEntry {
  readonly method: string
  /** The route, not the path: `/links/:id`. */
  readonly route: string
  readonly status: number
  readonly ms: number
  /** Of an internal error: its name, and where it was thrown. */
  readonly failure?: string
}

/** Milliseconds after which work for a request is given up, less than its caller waits. */
const WORK_MS = 50_000
/** Largest bodies, bytes. */
const LIMIT = { message: "64kb", query: "2mb", deposit: "16mb", aggregate: "256kb", link: "2mb" }
const CBOR = "application/cbor"

/** The application. */
export function agentApp(
  agent: PatientAgent,
  log: (entry: LogEntry) => void = () => undefined,
): express.Express {
  const app = express()
  app.disable("x-powered-by")
  app.set("etag", false)
  app.use(logged(log), (_request, response, next) => {
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    next()
  })
  app.get("/api/status", async (_request, response) => {
    response.json(await agent.status())
  })
  app.get("/api/pairing", async (_request, response) => {
    sendCbor(response, { v: 1, agreement: await agent.pairingKey() })
  })
  app.post("/api/hand-over", cborBody(LIMIT.message), async (request, response) => {
    await agent.handOver(messageBody(request), workSignal(response))
    response.status(204).end()
  })
  app.post("/api/query", cborBody(LIMIT.query), async (request, response) => {
    sendCbor(response, await agent.query(messageBody(request), workSignal(response)))
  })
  app.post("/api/deposit", cborBody(LIMIT.deposit), async (request, response) => {
    const { deposits } = depositBody(request)
    sendCbor(response, await agent.deposit(deposits, workSignal(response)))
  })
  app.post("/api/submit", cborBody(LIMIT.aggregate), async (request, response) => {
    const { aggregate } = submitBody(request)
    sendCbor(response, { hash: await agent.submit(aggregate, workSignal(response)) })
  })
  app.post("/api/cosign", cborBody(LIMIT.aggregate), async (request, response) => {
    const act = cosignBody(request)
    sendCbor(response, { cosignature: await agent.cosign(act, workSignal(response)) })
  })
  app.post("/api/links", cborBody(LIMIT.link), async (request, response) => {
    await agent.keepLink(messageBody(request))
    response.status(204).end()
  })
  app.post("/api/links/drop", cborBody(LIMIT.message), async (request, response) => {
    await agent.dropLink(messageBody(request))
    response.status(204).end()
  })
  app.use(linkRoutes(agent.keeper))
  app.use((_request, response) => {
    sendProblem(response, { status: 404, code: "not_found", title: "there is no such route" })
  })
  app.use(failed)
  return app
}

function sendCbor(response: Response, value: object): void {
  response.type(CBOR).send(Buffer.from(encodeDagCbor(value)))
}

function sendProblem(response: Response, problem: Problem): void {
  response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** Ends the work when its time is over or nobody waits for it any more. */
function workSignal(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  return AbortSignal.any([gone.signal, AbortSignal.timeout(WORK_MS)])
}

function failed(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error)
    return
  }
  const status = bodyFault(error)
  if (status !== undefined) {
    const title =
      status === 413 ? "the body is larger than this route takes" : "the body is malformed"
    sendProblem(response, { status, code: "invalid_input", title })
    return
  }
  const problem = toProblem(error)
  if (problem.code === "internal") response.locals["failure"] = whereThrown(error)
  if (problem.retryAfterS !== undefined) response.set("retry-after", String(problem.retryAfterS))
  sendProblem(response, problem)
}

/** The status of an error of the body parser: too large, cut off, not JSON. */
function bodyFault(error: unknown): number | undefined {
  if (error instanceof MedlakeError || !(error instanceof Error) || !("expose" in error))
    return undefined
  return "status" in error && typeof error.status === "number" && error.status < 500
    ? error.status
    : undefined
}

/** Name and places, without the message: it could quote what was sent. */
function whereThrown(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
  return [error.name, ...places].join("\n")
}

function logged(log: (entry: LogEntry) => void) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const begun = performance.now()
    response.once("finish", () => {
      const route = (request.route as { path?: string } | undefined)?.path
      const failure = response.locals["failure"] as string | undefined
      log({
        method: request.method,
        route: route === undefined ? "unknown" : route,
        status: response.statusCode,
        ms: Math.round(performance.now() - begun),
        ...(failure !== undefined && { failure }),
      })
    })
    next()
  }
}
