import { createHash, createHmac } from "node:crypto"
import fc from "fast-check"
import { beforeAll, describe, expect, it } from "vitest"
import { fromHex, hex, utf8 } from "../../../src/base/bytes.ts"
import { loadOn, PLATFORMS } from "./platforms.ts"

const repeated = (byte: string, count: number) => fromHex(byte.repeat(count))

/** FIPS 180-4 examples (NIST CAVP "SHA-256 examples"). */
const DIGESTS: readonly [bytes: Uint8Array, digest: string][] = [
  [utf8(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  [utf8("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    new Uint8Array(1_000_000).fill(0x61),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  ],
]

/** RFC 4231 §4, test cases 1 to 4 and 6. */
const MACS: readonly [key: Uint8Array, bytes: Uint8Array, mac: string][] = [
  [
    repeated("0b", 20),
    utf8("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    utf8("Jefe"),
    utf8("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    repeated("aa", 20),
    repeated("dd", 50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    fromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
    repeated("cd", 50),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  [
    repeated("aa", 131),
    utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
]

describe.each(PLATFORMS)("SHA-256 on %s", (platform) => {
  let module: typeof import("../../../src/crypto/sha256.ts")
  beforeAll(async () => {
    module = await loadOn(platform, () => import("../../../src/crypto/sha256.ts"))
  })

  it.each(DIGESTS)("hashes example %#", (bytes, digest) => {
    expect(hex(module.sha256(bytes))).toBe(digest)
  })

  it.each(MACS)("authenticates RFC 4231 case %#", (key, bytes, mac) => {
    expect(hex(module.hmacSha256(key, bytes))).toBe(mac)
  })

  it("gives plain arrays that nobody else holds", () => {
    for (const bytes of [module.sha256(utf8("a")), module.hmacSha256(utf8("a"), utf8("b"))]) {
      expect(bytes.constructor).toBe(Uint8Array)
      expect(bytes.buffer.byteLength).toBe(32)
    }
  })

  it("hashes pieces as it hashes their whole", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (pieces) => {
        const stream = module.sha256Stream()
        for (const piece of pieces) stream.update(piece)
        const whole = createHash("sha256").update(Buffer.concat(pieces)).digest("hex")
        expect(hex(stream.digest())).toBe(whole)
      }),
    )
  })

  it("authenticates any key and text as OpenSSL does", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array(), (key, bytes) => {
        const expected = createHmac("sha256", key).update(bytes).digest("hex")
        expect(hex(module.hmacSha256(key, bytes))).toBe(expected)
      }),
    )
  })

  it.each([
    [64, 1024],
    [65, 1024],
    [64, 1025],
    [0, 0],
  ])("authenticates as OpenSSL does at the ends of its short way: key %i, text %i", (key, text) => {
    const [secret, bytes] = [new Uint8Array(key).fill(0xa5), new Uint8Array(text).fill(0x5a)]
    const expected = createHmac("sha256", secret).update(bytes).digest("hex")
    expect(hex(module.hmacSha256(secret, bytes))).toBe(expected)
  })
})
