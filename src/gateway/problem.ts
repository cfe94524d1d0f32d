/**
 * How every server of the gateway ends a request that it can't answer: RFC 9457 problems, and nothing of the inside.
 *
 * @module
 */
import type { ErrorRequestHandler, RequestHandler } from "express"
import { MedlakeError } from "../base/errors.ts"
import { PROBLEM_TYPE, type Problem, toProblem } from "../base/problem.ts"

/** Answers what no route took; `routes` names those there are. */
export function notFound(routes: string): RequestHandler {
  const title = `there is nothing here: see ${routes}`
  return (_request, response) => {
    const problem: Problem = { status: 404, code: "not_found", title }
    response.status(404).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  }
}

/** Answers what a route threw; `log` is told of failures that are not the caller's: method, route, name of the error. */
export function problems(log: ((line: string) => void) | undefined): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = bodyProblem(error) ?? toProblem(error)
    if (problem.code === "internal") {
      log?.(
        `${request.method} ${request.baseUrl}: ${error instanceof Error ? error.name : "failure"}`,
      )
    }
    if (response.headersSent) {
      response.destroy()
      next()
      return
    }
    response.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
  }
}

/** What the body parser found: too large, cut off, malformed. */
function bodyProblem(error: unknown): Problem | undefined {
  if (error instanceof MedlakeError || !(error instanceof Error) || !("expose" in error))
    return undefined
  if (!("status" in error) || typeof error.status !== "number" || error.status >= 500)
    return undefined
  const title =
    error.status === 413 ? "the body is larger than this route takes" : "the body is malformed"
  return { status: error.status, code: "invalid_input", title }
}
