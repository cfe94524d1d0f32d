import { describe, expect, it } from "vitest"
import { AccessDeniedError, InvalidInputError } from "../../../src/base/errors.ts"
import {
  approvalVerifier,
  isApproved,
  openFactor,
  sealFactor,
} from "../../../src/vault/second-factor.ts"
import { agent, secretOf, seeded, stranger } from "./samples.ts"

const act = secretOf("act")

describe("isApproved", () => {
  it("knows the factor again, in any spelling of the same characters", async () => {
    const verifier = await approvalVerifier("Schlüssel 7", seeded("salt"))
    await expect(isApproved("Schlu\u0308ssel 7", verifier)).resolves.toBe(true)
    await expect(isApproved("schlüssel 7", verifier)).resolves.toBe(false)
  })

  it("refuses an empty factor and one that is too long", async () => {
    await expect(approvalVerifier("", seeded("salt"))).rejects.toThrow(InvalidInputError)
    await expect(approvalVerifier("x".repeat(1025), seeded("salt"))).rejects.toThrow(
      InvalidInputError,
    )
  })
})

describe("openFactor", () => {
  it("opens for the act and the agent it was sealed for", async () => {
    const sealed = await sealFactor("4711", act, agent.agreement)
    await expect(openFactor(act, sealed, agent)).resolves.toBe("4711")
  })

  it("refuses another act, another agent and a changed message", async () => {
    const sealed = await sealFactor("4711", act, agent.agreement)
    const ct = sealed.ct.slice()
    ct[0] = (ct[0] as number) ^ 1
    await expect(openFactor(secretOf("other"), sealed, agent)).rejects.toThrow(AccessDeniedError)
    await expect(openFactor(act, sealed, stranger)).rejects.toThrow(AccessDeniedError)
    await expect(openFactor(act, { ...sealed, ct }, agent)).rejects.toThrow(AccessDeniedError)
  })
})
