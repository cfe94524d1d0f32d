/**
 * How every server of the gateway ends a request that it can't answer: RFC 9457 problems, and nothing of the inside.
 *
 * @module
 */
import type { ErrorRequestHandler, RequestHandler, Response } from "express"
import { MedlakeError } from "../base/errors.ts"
import { PROBLEM_TYPE, type Problem, toProblem } from "../base/problem.ts"

function send(response: Response, problem: Problem): void {
  if (problem.retryAfterS !== undefined) response.set("retry-after", String(problem.retryAfterS))
  response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** Answers 405 with the methods that there are (RFC 9110 §15.5.6). */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  const allowed = methods.join(", ")
  return (_request, response) => {
    response.set("allow", allowed)
    send(response, { status: 405, code: "invalid_input", title: `this route takes ${allowed}` })
  }
}

/** Answers what no route took; `routes` names those there are. */
export function notFound(routes: string): RequestHandler {
  const title = `there is nothing here: see ${routes}`
  return (_request, response) => {
    send(response, { status: 404, code: "not_found", title })
  }
}

/** Answers what a route threw; `log` is told of failures that are not the caller's: method, route, name of the error. */
export function problems(log: ((line: string) => void) | undefined): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent || response.closed) {
      response.destroy()
      next()
      return
    }
    const problem = requestProblem(error) ?? toProblem(error)
    if (problem.code === "internal") {
      log?.(
        `${request.method} /${request.path.split("/")[1] ?? ""}: ${error instanceof Error ? error.name : "failure"}`,
      )
    }
    send(response, problem)
  }
}

/** What express and its parsers find wrong with a request: too large, cut off, malformed, a path that is no text. */
function requestProblem(error: unknown): Problem | undefined {
  if (error instanceof MedlakeError || !(error instanceof Error)) return undefined
  if (!("status" in error) || typeof error.status !== "number" || error.status >= 500)
    return undefined
  const title =
    error.status === 413 ? "the body is larger than this route takes" : "the request is malformed"
  return { status: error.status, code: "invalid_input", title }
}
