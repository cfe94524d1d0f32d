/**
 * Bodies of requests to the agent: canonical dag-cbor, parsed once at the edge.
 *
 * @module
 */
import express, { type Request, type RequestHandler } from "express"
import { z } from "zod"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { UnsupportedError } from "../base/errors.ts"
import type { RegisterAct } from "../lake/ports.ts"
import { bytes, bytesUpTo, parseShape } from "../vault/shape.ts"

const CBOR = "application/cbor"
/** Largest message inside a body, bytes. */
const anyBytes = bytesUpTo(2 << 20)

const depositShape = z.strictObject({ deposits: z.array(anyBytes).min(1).max(100) })
const submitShape = z.strictObject({ aggregate: anyBytes })
const cosignShape = z.strictObject({
  aggregate: anyBytes,
  factor: z.strictObject({ enc: bytes(1120), ct: bytesUpTo(2048) }).exactOptional(),
})

/** Reads a body of at most `limit`, such as "64kb"; compressed ones are not inflated. */
export function cborBody(limit: string): RequestHandler {
  return express.raw({ type: CBOR, limit, inflate: false })
}

/**
 * A body that is one message.
 * @throws {UnsupportedError} when it has another media type
 */
export function messageBody(request: Request): Uint8Array {
  const body: unknown = request.body
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  throw new UnsupportedError(`the agent takes ${CBOR} here`)
}

/** @throws as {@link messageBody}; {InvalidInputError} when it is malformed */
export function depositBody(request: Request): z.output<typeof depositShape> {
  return parseShape("request", depositShape, decodeDagCbor(messageBody(request)))
}

/** @throws as {@link depositBody} */
export function submitBody(request: Request): z.output<typeof submitShape> {
  return parseShape("request", submitShape, decodeDagCbor(messageBody(request)))
}

/** @throws as {@link depositBody} */
export function cosignBody(request: Request): RegisterAct {
  return parseShape("request", cosignShape, decodeDagCbor(messageBody(request)))
}
