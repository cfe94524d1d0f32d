import { describe, expect, it } from "vitest"
import { AccessDeniedError, IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import { coverNodes, rangeOf } from "../../../src/vault/calendar.ts"
import {
  encodeGrantMessage,
  type GrantBody,
  openGrant,
  parseGrantMessage,
  sealGrant,
} from "../../../src/vault/grant.ts"
import * as sample from "./samples.ts"

const { vaultId, otherVault, hospital, stranger, grantBody, grantMessage, epochKeys } = sample
const [granted] = grantBody.epochs as [GrantBody["epochs"][number]]
const seal = (body: GrantBody, half: typeof grantMessage = grantMessage) =>
  sealGrant(vaultId, half, hospital, body, sample.seeded("grant"))

describe("openGrant", () => {
  it("needs both halves: the account with the chain half, the envelope with its id", async () => {
    const envelope = await seal(grantBody)
    await expect(openGrant(envelope, vaultId, grantMessage, hospital)).resolves.toEqual(grantBody)
    const half = (fields: object) => ({ ...grantMessage, ...fields })
    const refusals = [
      [half({ a: new Uint8Array(32) }), hospital, AccessDeniedError],
      [half({ a: new Uint8Array(0) }), hospital, AccessDeniedError],
      [grantMessage, stranger, AccessDeniedError],
      [half({ id: new Uint8Array(16) }), hospital, IntegrityError],
    ] as const
    for (const [message, holder, error] of refusals) {
      await expect(openGrant(envelope, vaultId, message, holder)).rejects.toThrow(error)
    }
    await expect(openGrant(envelope, otherVault, grantMessage, hospital)).rejects.toThrow(
      IntegrityError,
    )
  })

  it("is shut to the old half once the grant is sealed anew", async () => {
    const renewed = { ...grantMessage, a: sample.secretOf("new half") }
    const envelope = await seal(grantBody, renewed)
    await expect(openGrant(envelope, vaultId, renewed, hospital)).resolves.toEqual(grantBody)
    await expect(openGrant(envelope, vaultId, grantMessage, hospital)).rejects.toThrow(
      AccessDeniedError,
    )
  })
})

describe("sealGrant", () => {
  const listOnly = { ...granted, read: [] }
  const nothing = { epoch: granted.epoch, key: epochKeys.locate, list: [], read: [] }

  it.each([
    ["locate", nothing],
    ["list", listOnly],
    ["read", granted],
  ] as const)("seals a %s grant with no more than it gives", async (capability, epoch) => {
    const body = { ...grantBody, capability, epochs: [epoch] }
    const opened = await openGrant(await seal(body), vaultId, grantMessage, hospital)
    expect(opened).toEqual(body)
  })

  it.each([
    ["list nodes in a locate grant", { capability: "locate", epochs: [listOnly] }],
    ["read nodes in a list grant", { capability: "list" }],
    ["an epoch twice", { epochs: [granted, granted] }],
    ["no epoch", { epochs: [] }],
    ["a purpose of 201 characters", { purpose: "x".repeat(201) }],
    [
      "nodes out of order",
      {
        epochs: [
          {
            ...granted,
            list: ["2026-08", "2026-07"].flatMap((text) =>
              coverNodes(epochKeys.listRoot, rangeOf(text)),
            ),
          },
        ],
      },
    ],
  ] as const)("refuses %s", async (_what, fields) => {
    await expect(seal({ ...grantBody, ...(fields as Partial<GrantBody>) })).rejects.toThrow(
      InvalidInputError,
    )
  })

  it("refuses a chain half of another length, an empty one too", async () => {
    for (const length of [0, 31, 33]) {
      await expect(seal(grantBody, { ...grantMessage, a: new Uint8Array(length) })).rejects.toThrow(
        InvalidInputError,
      )
    }
  })
})

describe("encodeGrantMessage", () => {
  it("has 320 bytes, however many stores it names", () => {
    for (const stores of [[], ["https://a"], ["https://a", "https://b"]]) {
      const message = { ...grantMessage, stores }
      expect(encodeGrantMessage(message)).toHaveLength(320)
      expect(parseGrantMessage(encodeGrantMessage(message))).toEqual(message)
    }
  })

  it("refuses store addresses that do not fit", () => {
    const stores = [`https://a/${"x".repeat(200)}`]
    expect(() => encodeGrantMessage({ ...grantMessage, stores })).toThrow(InvalidInputError)
  })
})
