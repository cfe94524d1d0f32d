import { argon2id as nobleArgon2id } from "@noble/hashes/argon2.js"
import { beforeEach, describe, expect, it, vi } from "vitest"
import { hex, utf8 } from "../../../src/base/bytes.ts"

const run = vi.hoisted(() => vi.fn<(options: never) => unknown>())
vi.mock("hash-wasm", async (original) => {
  const real = await original<typeof import("hash-wasm")>()
  run.mockImplementation(real.argon2id)
  return { ...real, argon2id: run }
})
const { ARGON2ID_CAP, ARGON2ID_WRITTEN, argon2id } = await import("../../../src/crypto/argon2id.ts")

const passphrase = utf8("correct horse battery staple")
const salt = new Uint8Array(16).fill(2)
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 }

beforeEach(() => {
  run.mockClear()
})

describe("argon2id", () => {
  it("is what another implementation derives, which has RFC 9106's own vector", async () => {
    const rfc9106 = nobleArgon2id(new Uint8Array(32).fill(1), salt, {
      t: 3,
      m: 32,
      p: 4,
      key: new Uint8Array(8).fill(3),
      personalization: new Uint8Array(12).fill(4),
      dkLen: 32,
    })
    expect(hex(rfc9106)).toBe("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")

    const costs = [
      cheap,
      { memoryKiB: 8, passes: 1, lanes: 1 },
      { memoryKiB: 32, passes: 10, lanes: 4 },
      { memoryKiB: 1024, passes: 3, lanes: 2 },
      { memoryKiB: 1023, passes: 2, lanes: 3 },
    ]
    for (const cost of costs) {
      const expected = nobleArgon2id(passphrase, salt, {
        m: cost.memoryKiB,
        t: cost.passes,
        p: cost.lanes,
        dkLen: 32,
      })
      expect(hex(await argon2id(passphrase, salt, cost))).toBe(hex(expected))
    }
    expect(run).toHaveBeenCalledTimes(costs.length)
  })

  it("writes 64 MiB, 3 passes, 1 lane, with the number that noble gives for it", async () => {
    expect(ARGON2ID_WRITTEN).toEqual({ memoryKiB: 65_536, passes: 3, lanes: 1 })
    const derived = await argon2id(passphrase, salt, ARGON2ID_WRITTEN)
    // @noble/hashes 2.4.0, argon2id(passphrase, salt, {t: 3, m: 65536, p: 1, dkLen: 32})
    expect(hex(derived)).toBe("1096810449d933301800a640fd5cade6dfa0a9d07987e909a9fde0235baa5309")
  })

  it("takes the most that it reads", () => {
    expect(ARGON2ID_CAP).toEqual({ memoryKiB: 262_144, passes: 10, lanes: 4 })
  })

  it.each([
    { memoryKiB: 262_145, passes: 1, lanes: 1 },
    { memoryKiB: 2 ** 32, passes: 1, lanes: 1 },
    { memoryKiB: 64, passes: 11, lanes: 1 },
    { memoryKiB: 64, passes: 1, lanes: 5 },
    { memoryKiB: 7, passes: 1, lanes: 1 },
    { memoryKiB: 31, passes: 1, lanes: 4 },
    { memoryKiB: 64, passes: 0, lanes: 1 },
    { memoryKiB: 64, passes: 1, lanes: 0 },
    { memoryKiB: 64.5, passes: 1, lanes: 1 },
    { memoryKiB: Number.NaN, passes: 1, lanes: 1 },
    { memoryKiB: 64, passes: Number.POSITIVE_INFINITY, lanes: 1 },
  ])("refuses $memoryKiB KiB, $passes passes, $lanes lanes before it is run", async (cost) => {
    await expect(argon2id(passphrase, salt, cost)).rejects.toMatchObject({
      code: "invalid_input",
    })
    expect(run).not.toHaveBeenCalled()
  })

  it("refuses a salt under 16 bytes before it is run", async () => {
    const refused = argon2id(passphrase, salt.subarray(1), cheap)
    await expect(refused).rejects.toMatchObject({ code: "invalid_input" })
    expect(run).not.toHaveBeenCalled()
  })

  it("derives another key from another passphrase, salt, memory, passes or lanes", async () => {
    const derived = await Promise.all([
      argon2id(passphrase, salt, cheap),
      argon2id(passphrase.subarray(1), salt, cheap),
      argon2id(passphrase, new Uint8Array(16).fill(3), cheap),
      argon2id(passphrase, salt, { ...cheap, memoryKiB: 72 }),
      argon2id(passphrase, salt, { ...cheap, passes: 2 }),
      argon2id(passphrase, salt, { ...cheap, lanes: 2 }),
    ])
    expect(new Set(derived.map(hex)).size).toBe(6)
    expect(derived.every(({ length }) => length === 32)).toBe(true)
  })
})
