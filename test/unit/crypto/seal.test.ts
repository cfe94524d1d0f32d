import { createCipheriv, hkdfSync } from "node:crypto"
import { beforeAll, describe, expect, it } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../../src/base/bytes.ts"
import { loadOn, PLATFORMS } from "./platforms.ts"

const key = new Uint8Array(32).fill(1)
const salt = new Uint8Array(32).fill(2)
const ctx = [new Uint8Array(32).fill(3), new Uint8Array(24).fill(4), new Uint8Array(24).fill(5), 6]
const text = utf8("what is sealed")

/** Every label that docs/FORMAT.md §1 seals under. */
const LABELS = [
  "locate-box",
  "index-box",
  "record-key",
  "pins-box",
  "list-box",
  "members",
  "manifest",
  "slot",
  "envelope",
]

/** seal(K, label, ctx, salt, pt) from OpenSSL alone: cbor[label, ctx] is written out by hand. */
function sealedByHand(label: string, plaintext: Uint8Array): Uint8Array {
  const name = utf8(`medlake/v1/${label}`)
  const head = name.length < 24 ? [0x60 + name.length] : [0x78, name.length]
  const parts = [32, 24, 24].map((length, i) =>
    concat(Uint8Array.of(0x58, length), new Uint8Array(length).fill(i + 3)),
  )
  const info = concat(Uint8Array.of(0x82, ...head), name, fromHex("84"), ...parts, fromHex("06"))
  const okm = Buffer.from(hkdfSync("sha256", key, salt, info, 76))
  const cipher = createCipheriv("aes-256-gcm", okm.subarray(0, 32), okm.subarray(32, 44))
  return Buffer.concat([
    okm.subarray(44),
    cipher.update(plaintext),
    cipher.final(),
    cipher.getAuthTag(),
  ])
}

const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

describe.each(PLATFORMS)("seal on %s", (platform) => {
  let module: typeof import("../../../src/crypto/seal.ts")
  beforeAll(async () => {
    module = await loadOn(platform, () => import("../../../src/crypto/seal.ts"))
  })
  const denied = expect.objectContaining({ name: "AccessDeniedError" })
  const broken = expect.objectContaining({ name: "IntegrityError" })

  it.each(LABELS)("makes the box that HKDF and AES-GCM alone make for %s", (label) => {
    const box = module.seal(key, label, ctx, salt, text)
    expect(hex(box)).toBe(hex(sealedByHand(label, text)))
    expect(hex(module.open(key, label, ctx, salt, box))).toBe(hex(text))
  })

  it.each([0, 1, 32, 1000])("is 48 bytes longer than a content of %i bytes", (length) => {
    const box = module.seal(key, "slot", ctx, salt, new Uint8Array(length))
    expect(box).toHaveLength(length + module.BOX_OVERHEAD)
    expect(module.BOX_OVERHEAD).toBe(48)
    expect(module.open(key, "slot", ctx, salt, box)).toHaveLength(length)
  })

  it("opens for no other key, salt, label or context", () => {
    const box = module.seal(key, "slot", ctx, salt, text)
    const others = [
      () => module.open(flip(key, 0), "slot", ctx, salt, box),
      () => module.open(key, "slot", ctx, flip(salt, 31), box),
      () => module.open(key, "slots", ctx, salt, box),
      () => module.open(key, "slot", [...ctx.slice(0, 3), 7], salt, box),
      () => module.open(key, "slot", null, salt, box),
    ]
    for (const open of others) expect(open).toThrow(denied)
  })

  it("opens under one label of all that there are", () => {
    const box = module.seal(key, "record-key", ctx, salt, text)
    const opening = LABELS.filter((label) => {
      try {
        return module.open(key, label, ctx, salt, box).length >= 0
      } catch {
        return false
      }
    })
    expect(opening).toEqual(["record-key"])
  })

  it("refuses every flipped byte: of the commit as a wrong key, of the rest as broken", () => {
    const box = module.seal(key, "slot", ctx, salt, text)
    for (let at = 0; at < box.length; at++) {
      const open = () => module.open(key, "slot", ctx, salt, flip(box, at))
      expect(open).toThrow(at < 32 ? denied : broken)
    }
    expect(box.length).toBe(62)
  })

  it("refuses a box that is cut or continued", () => {
    const box = module.seal(key, "slot", ctx, salt, text)
    for (let length = 0; length < box.length; length++) {
      expect(() => module.open(key, "slot", ctx, salt, box.subarray(0, length))).toThrow(broken)
    }
    const longer = concat(box, Uint8Array.of(0))
    expect(() => module.open(key, "slot", ctx, salt, longer)).toThrow(broken)
  })

  it("lets no second key open a box, though GCM alone would take one made for both", () => {
    // The ciphertext part under another key's commit: without the comparison it would reach GCM.
    const ours = module.seal(key, "slot", ctx, salt, text)
    const theirs = module.seal(flip(key, 0), "slot", ctx, salt, text)
    const mixed = concat(ours.subarray(0, 32), theirs.subarray(32))
    expect(() => module.open(flip(key, 0), "slot", ctx, salt, mixed)).toThrow(denied)
    expect(() => module.open(key, "slot", ctx, salt, mixed)).toThrow(broken)
  })

  it("opens with the box's opener alone, which opens no other box", () => {
    const opener = module.boxKey(key, "locate-box", ctx, salt)
    expect(opener).toHaveLength(76)
    const box = module.seal(key, "locate-box", ctx, salt, text)
    expect(hex(module.openWith(opener, box))).toBe(hex(text))
    const next = module.seal(key, "locate-box", ctx, flip(salt, 0), text)
    expect(() => module.openWith(opener, next)).toThrow(denied)
  })

  it("refuses a salt or an opener of another length", () => {
    const invalid = expect.objectContaining({ name: "InvalidInputError" })
    expect(() => module.seal(key, "slot", ctx, salt.subarray(1), text)).toThrow(invalid)
    expect(() => module.seal(key, "slot", ctx, new Uint8Array(), text)).toThrow(invalid)
    expect(() => module.openWith(new Uint8Array(75), new Uint8Array(64))).toThrow(invalid)
  })
})
