/**
 * An institution that patients admit over HTTP: `medlake admit --listen`.
 *
 *     GET  /.well-known/medlake   name, network, root key and fingerprint, as JSON
 *     POST /api/admit             application/cbor: a vault card or an offer; the contact card or the signature
 *
 * @module
 */
import express from "express"
import { hex } from "../base/bytes.ts"
import { UnsupportedError } from "../base/errors.ts"
import type { AdmissionPort } from "../lake/admission.ts"
import { fingerprintOf } from "../vault/card.ts"
import { handedOver } from "../vault/offer.ts"
import { notFound, problems } from "./problem.ts"

const CBOR = "application/cbor"

/** The application, listening nowhere. */
export function admissionApp(
  institution: AdmissionPort,
  log: (line: string) => void = () => undefined,
): express.Express {
  const app = express()
  app.disable("x-powered-by")
  app.set("etag", false)
  app.use((_request, response, next) => {
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    next()
  })
  app.get("/.well-known/medlake", async (_request, response) => {
    const { name, network, root } = await institution.profile()
    const fingerprint = fingerprintOf(root)
    response.json({ v: 1, name, network: hex(network), root: hex(root), fingerprint })
  })
  const body = express.raw({ type: CBOR, limit: "64kb", inflate: false })
  app.post("/api/admit", body, async (request, response) => {
    const given: unknown = request.body
    if (!(given instanceof Uint8Array)) throw new UnsupportedError(`only ${CBOR} is taken here`)
    const bytes = Uint8Array.from(given)
    const answer =
      handedOver(bytes) === "offer"
        ? await institution.acceptOffer(bytes)
        : await institution.answerCard(bytes)
    response.type(CBOR).send(Buffer.from(answer))
  })
  app.use(notFound("/.well-known/medlake, /api/admit"))
  app.use(problems(log))
  return app
}
