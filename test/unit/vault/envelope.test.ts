import { argon2id } from "hash-wasm"
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { decodeDagCbor, encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import {
  AccessDeniedError,
  IntegrityError,
  InvalidInputError,
  UnsupportedError,
} from "../../../src/base/errors.ts"
import { openEnvelope, parseEnvelope, sealEnvelope } from "../../../src/vault/envelope.ts"
import type { SlotOpener, SlotRequest } from "../../../src/vault/envelope-slot.ts"
import * as sample from "./samples.ts"

vi.mock("hash-wasm", async (original) => {
  const module = await original<typeof import("hash-wasm")>()
  return { ...module, argon2id: vi.fn<typeof argon2id>(module.argon2id) }
})
beforeEach(() => vi.clearAllMocks())

const { vaultId, hospital, phone, stranger, linkKeys } = sample
const id = sample.secretOf("envelope").slice(0, 16)
const a = sample.secretOf("half")
const body = { kind: "anything", list: [1, 2, 3] }
const requests: readonly SlotRequest[] = [
  { kind: "account", recipient: hospital, a },
  { kind: "account", recipient: phone },
  { kind: "passphrase", passphrase: "Grüße" },
  { kind: "link", ...linkKeys },
  { kind: "link", key: sample.secretOf("offline key") },
]
const sealing = (slots: readonly SlotRequest[], kind: "envelope" | "vault-file" = "envelope") =>
  sealEnvelope({ kind, vault: vaultId, id, slots, body }, sample.seeded("envelope"))
const openingOf = (bytes: Uint8Array, opener: SlotOpener) =>
  openEnvelope(parseEnvelope(bytes, "envelope"), opener, vaultId)
const account = (holder: typeof hospital, half?: Uint8Array): SlotOpener => ({
  kind: "account",
  holder,
  ...(half && { a: half }),
})

let envelope: Uint8Array
beforeAll(async () => {
  envelope = await sealing(requests)
})

/** The envelope with another header, whose MAC is then wrong. */
function withHeader(change: (header: Header) => unknown): Uint8Array {
  const outer = decodeDagCbor(envelope) as { header: Uint8Array }
  const header = decodeDagCbor(outer.header) as Header
  return encodeDagCbor({ ...outer, header: encodeDagCbor(change(header)) })
}
interface Header {
  readonly slots: readonly Record<string, unknown>[]
}

describe("openEnvelope", () => {
  it("is opened by each of its slots", async () => {
    const openers: readonly SlotOpener[] = [
      account(hospital, a),
      account(phone),
      { kind: "passphrase", passphrase: "Gru\u0308\u00dfe" },
      { kind: "link", ...linkKeys },
      { kind: "link", key: sample.secretOf("offline key") },
    ]
    for (const opener of openers) {
      await expect(openingOf(envelope, opener)).resolves.toEqual(body)
    }
  })

  it("is shut to everyone else", async () => {
    const openers: readonly SlotOpener[] = [
      account(stranger, a),
      account(hospital),
      account(phone, a),
      { kind: "passphrase", passphrase: "grüße" },
      { kind: "link", key: linkKeys.key },
      { kind: "link", key: sample.secretOf("offline key"), h: linkKeys.h },
      { kind: "link", key: linkKeys.h, h: linkKeys.key },
    ]
    for (const opener of openers) {
      await expect(openingOf(envelope, opener)).rejects.toThrow(AccessDeniedError)
    }
  })

  it("hashes no passphrase for who comes with a key", async () => {
    await openingOf(envelope, { kind: "link", ...linkKeys })
    expect(argon2id).not.toHaveBeenCalled()
  })

  it.each([
    ["more memory than 256 MiB", { memoryKiB: 262_145 }],
    ["more than 10 passes", { passes: 11 }],
    ["more than 4 lanes", { lanes: 5 }],
    ["2^53 − 1 KiB", { memoryKiB: Number.MAX_SAFE_INTEGER }],
  ])(
    "refuses a passphrase slot that asks for %s before it hashes anything",
    async (_what, cost) => {
      const dear = withHeader((header) => ({
        ...header,
        slots: header.slots.map((slot) =>
          slot["kind"] === "passphrase" ? { ...slot, ...cost } : slot,
        ),
      }))
      await expect(openingOf(dear, { kind: "passphrase", passphrase: "Grüße" })).rejects.toThrow(
        InvalidInputError,
      )
      expect(argon2id).not.toHaveBeenCalled()
    },
  )

  it.each([
    ["taken away", (slots: Header["slots"]) => slots.slice(0, 1)],
    ["added", (slots: Header["slots"]) => [...slots, slots[0]]],
    ["in another order", (slots: Header["slots"]) => slots.toReversed()],
  ])("notices slots that were %s", async (_what, change) => {
    const changed = withHeader((header) => ({ ...header, slots: change(header.slots) }))
    await expect(openingOf(changed, account(hospital, a))).rejects.toThrow(IntegrityError)
  })

  it("is never taken for the other kind", async () => {
    const file = await sealing([requests[0] as SlotRequest], "vault-file")
    expect(() => parseEnvelope(file, "envelope")).toThrow(InvalidInputError)
    const renamed = encodeDagCbor({ ...(decodeDagCbor(file) as object), kind: "envelope" })
    await expect(openingOf(renamed, account(hospital, a))).rejects.toThrow(IntegrityError)
  })
})

describe("parseEnvelope", () => {
  it("calls a slot of an unknown kind unsupported", () => {
    const changed = withHeader((header) => ({
      ...header,
      slots: [...header.slots, { kind: "passkey", box: new Uint8Array(80) }],
    }))
    expect(() => parseEnvelope(changed, "envelope")).toThrow(UnsupportedError)
  })
})

describe("sealEnvelope", () => {
  const many = (count: number, request: SlotRequest) => Array.from({ length: count }, () => request)
  const link: SlotRequest = { kind: "link", ...linkKeys }

  it("takes 64 slots", async () => {
    const { slots } = parseEnvelope(await sealing(many(64, link)), "envelope")
    expect(slots).toHaveLength(64)
  })

  it("refuses none and 65", async () => {
    await expect(sealing([])).rejects.toThrow(InvalidInputError)
    await expect(sealing(many(65, link))).rejects.toThrow(InvalidInputError)
  })

  it("seals anew each time: no salt, key or box comes twice", async () => {
    const random = sample.seeded("one stream")
    const content = { kind: "envelope", vault: vaultId, id, slots: [link], body } as const
    const [one, two] = [await sealEnvelope(content, random), await sealEnvelope(content, random)]
    const [first, second] = [parseEnvelope(one, "envelope"), parseEnvelope(two, "envelope")]
    for (const field of ["salt", "mac", "body"] as const) {
      expect(first[field]).not.toEqual(second[field])
    }
  })
})
