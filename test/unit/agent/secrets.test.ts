import { describe, expect, it } from "vitest"
import {
  encodeVaultSecrets,
  type Keyring,
  keyringSecrets,
  parseVaultSecrets,
  type VaultSecrets,
} from "../../../src/agent/secrets.ts"
import { hex } from "../../../src/base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { InvalidInputError, UnsupportedError } from "../../../src/base/errors.ts"
import { pairing, secretOf } from "../vault/samples.ts"

const { kind: _kind, epoch, secret, intake, nodes: _nodes, ...rest } = pairing
const sample: VaultSecrets = { ...rest, epochs: [{ epoch, secret, intake }] }

/** A keyring in memory. */
function keyring(entries: Record<string, Uint8Array> = {}) {
  const held = new Map(Object.entries(entries))
  const ring: Keyring = {
    has: (name) => held.has(name),
    get: (name) => held.get(name) ?? new Uint8Array(),
    names: () => [...held.keys()],
    put: async (name, value) => {
      held.set(name, value)
    },
  }
  return { ring, held }
}

describe("keyringSecrets", () => {
  it("keeps each vault in an entry of its own and finds all again", async () => {
    const { ring, held } = keyring({ pairing: secretOf("pairing"), "phone/x": secretOf("x") })
    const secrets = keyringSecrets(ring)
    const other = { ...sample, register: secretOf("another register") }
    await secrets.save(sample)
    await secrets.save(other)
    await secrets.save({ ...sample, category: "ecg" })
    expect([...held.keys()].filter((name) => name.startsWith("vault/"))).toEqual([
      `vault/${hex(sample.register)}`,
      `vault/${hex(other.register)}`,
    ])
    const loaded = await secrets.load()
    expect(loaded.vaults).toEqual([{ ...sample, category: "ecg" }, other])
    expect(loaded.pairing).toEqual(secretOf("pairing"))
  })

  it("refuses a keyring that is not an agent's", async () => {
    await expect(keyringSecrets(keyring().ring).load()).rejects.toThrow(InvalidInputError)
  })
})

describe("parseVaultSecrets", () => {
  const change = (fields: Record<string, unknown>) =>
    encodeDagCbor({ ...(decodeDagCbor(encodeVaultSecrets(sample)) as object), ...fields })

  it("reads what was written", () => {
    expect(parseVaultSecrets(encodeVaultSecrets(sample))).toEqual(sample)
  })

  it("refuses another version as unsupported", () => {
    expect(() => parseVaultSecrets(change({ v: 2 }))).toThrow(UnsupportedError)
  })

  it.for<[string, Record<string, unknown>]>([
    ["a short seed", { seed: new Uint8Array(31) }],
    ["an unlisted field", { more: 1 }],
    ["epochs out of order", { epochs: [2, 1].map((n) => ({ epoch: n, secret, intake })) }],
    ["a location that is no URL", { lake: ["/srv"] }],
  ])("refuses %s", ([, fields]) => {
    expect(() => parseVaultSecrets(change(fields))).toThrow(InvalidInputError)
  })
})
