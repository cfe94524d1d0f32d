import { createDecipheriv, createHash, hkdfSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { concat, hex, utf8 } from "../../../src/base/bytes.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { padmeLength } from "../../../src/crypto/padme.ts"
import type { SegmentCipher } from "../../../src/crypto/segment-cipher.ts"
import { FIRST_PLAINTEXT, NEXT_PLAINTEXT, sealedLength } from "../../../src/crypto/stream.ts"
import {
  blobAad,
  dekCommitment,
  newBlobSecrets,
  sealBlob,
} from "../../../src/record/blob-writer.ts"
import { patterned } from "../../conformance/segment-cipher.suite.ts"
import { cipher, contentOf, SECRETS, sealWhole } from "../../support/sealed-blob.ts"

const LEAF = 1 << 20

/** Opens a stream as Tink's format says, with OpenSSL alone. */
function openByHand(bytes: Uint8Array, dek: Uint8Array, aad: Uint8Array): Uint8Array {
  const [salt, prefix] = [bytes.subarray(1, 33), bytes.subarray(33, 40)]
  const key = Buffer.from(hkdfSync("sha256", dek, salt, aad, 32))
  const opened: Uint8Array[] = []
  const count = Math.ceil(bytes.length / LEAF)
  for (let i = 0; i < count; i++) {
    const segment = bytes.subarray(i === 0 ? 40 : i * LEAF, (i + 1) * LEAF)
    const nonce = Buffer.concat([prefix, Buffer.alloc(5)])
    nonce.writeUInt32BE(i, 7)
    nonce[11] = i === count - 1 ? 1 : 0
    const decipher = createDecipheriv("aes-256-gcm", key, nonce)
    decipher.setAuthTag(segment.subarray(-16))
    opened.push(decipher.update(segment.subarray(0, -16)), decipher.final())
  }
  return concat(...opened)
}

describe("sealBlob", () => {
  it.each([
    0,
    1,
    1000,
    FIRST_PLAINTEXT - 1,
    FIRST_PLAINTEXT,
    FIRST_PLAINTEXT + 1,
    LEAF,
    FIRST_PLAINTEXT + NEXT_PLAINTEXT,
    2 * LEAF + 12_345,
  ])(
    "seals %i bytes as Tink's format says, padded with zeros to Padmé's length",
    async (length) => {
      const content = patterned(length)
      const { bytes, blob, leaves } = await sealWhole(contentOf(content))
      const padded = padmeLength(length)
      expect([bytes.length, blob.size]).toEqual([sealedLength(padded), sealedLength(padded)])
      const opened = openByHand(bytes, SECRETS.dek, blobAad("bundle", SECRETS.id))
      expect(opened.length).toBe(padded)
      expect(Buffer.compare(opened.subarray(0, length), content)).toBe(0)
      expect(opened.subarray(length).every((byte) => byte === 0)).toBe(true)
      const digests = leaves.map((_, i) =>
        createHash("sha256")
          .update(bytes.subarray(i * LEAF, (i + 1) * LEAF))
          .digest("hex"),
      )
      expect(leaves.map(hex)).toEqual(digests)
      expect(leaves.length).toBe(Math.ceil(bytes.length / LEAF))
    },
  )

  it.each([
    ["pieces of one byte", 1, 3000],
    ["pieces that straddle segments", 700_001, 3 * LEAF],
    ["pieces larger than two segments", 5 * LEAF, 5 * LEAF],
    ["pieces as long as a segment's plaintext", NEXT_PLAINTEXT, 3 * LEAF],
  ])("gives the same bytes for %s", async (_, pieceLength, length) => {
    const content = patterned(length)
    const whole = await sealWhole(contentOf(content, length))
    const cut = await sealWhole(contentOf(content, pieceLength))
    expect(Buffer.compare(cut.bytes, whole.bytes)).toBe(0)
  })

  it("gives the same bytes for views into larger buffers, and leaves those as they were", async () => {
    const content = patterned(2 * LEAF)
    const larger = concat(Uint8Array.of(9), content, Uint8Array.of(9))
    const views = async function* () {
      for (let at = 1; at <= content.length; at += 50_000) {
        yield larger.subarray(at, Math.min(at + 50_000, content.length + 1))
      }
    }
    const sealed = await sealWhole({ length: content.length, open: views })
    expect(Buffer.compare(sealed.bytes, (await sealWhole(contentOf(content))).bytes)).toBe(0)
    expect(Buffer.compare(larger.subarray(1, -1), content)).toBe(0)
  })

  it("gives the same bytes for memory that threads share, and leaves it as it was", async () => {
    const content = patterned(2 * LEAF)
    const shared = new Uint8Array(new SharedArrayBuffer(content.length))
    shared.set(content)
    const open = async function* () {
      yield shared
    }
    const sealed = await sealWhole({ length: content.length, open })
    expect(Buffer.compare(sealed.bytes, (await sealWhole(contentOf(content))).bytes)).toBe(0)
    expect(Buffer.compare(shared, content)).toBe(0)
  })

  it("refuses content that is shorter or longer than it says", async () => {
    const content = contentOf(patterned(2 * LEAF))
    for (const length of [2 * LEAF - 1, 2 * LEAF + 1, 0]) {
      await expect(sealWhole({ ...content, length })).rejects.toMatchObject({
        code: "integrity_failed",
      })
    }
  })

  it("passes on what its content throws, and waits for what is under way", async () => {
    const { slow, open } = slowCipher()
    const failing = async function* () {
      yield patterned(3 * LEAF)
      throw new Error("the disk is gone")
    }
    const sealing = drain(sealBlob(SECRETS, { length: 9 * LEAF, open: failing }, slow))
    await expect(sealing).rejects.toThrow("the disk is gone")
    expect(open()).toBe(0)
  })

  it("has no more segments under way than the cipher takes, however slow its reader", async () => {
    const { slow, open, most } = slowCipher()
    let seen = 0
    for await (const { leaf } of sealBlob(SECRETS, contentOf(patterned(9 * LEAF)), slow)) {
      expect(leaf.length).toBeGreaterThan(0)
      expect(open()).toBeLessThanOrEqual(2)
      seen++
    }
    expect([seen, most()]).toEqual([10, 2])
  })

  describe("against recorded leaf hashes", () => {
    const content = patterned(4 * LEAF)

    it("seals the same content again", async () => {
      const { leaves, bytes } = await sealWhole(contentOf(content))
      const again: Uint8Array[] = []
      for await (const { leaf } of sealBlob(SECRETS, contentOf(content), cipher, leaves))
        again.push(leaf)
      expect(Buffer.compare(concat(...again), bytes)).toBe(0)
    })

    it("yields nothing of a segment that changed, nor anything after it", async () => {
      const { leaves } = await sealWhole(contentOf(content))
      for (const changedAt of [0, 1, 3]) {
        const changed = content.slice()
        const at = changedAt * LEAF + 5000
        changed[at] = (changed[at] as number) ^ 1
        let yielded = 0
        const sealing = async () => {
          for await (const _ of sealBlob(SECRETS, contentOf(changed), cipher, leaves)) yielded++
        }
        await expect(sealing()).rejects.toMatchObject({ code: "integrity_failed" })
        expect(yielded).toBe(changedAt)
      }
    })

    it("refuses content with more segments than were recorded", async () => {
      const { leaves } = await sealWhole(contentOf(content))
      const sealing = drain(sealBlob(SECRETS, contentOf(content), cipher, leaves.slice(0, 2)))
      await expect(sealing).rejects.toMatchObject({ code: "integrity_failed" })
    })
  })
})

describe("the secrets of a blob", () => {
  it("are all fresh and of the format's lengths", () => {
    const [a, b] = [
      newBlobSecrets("derived", systemRandom),
      newBlobSecrets("derived", systemRandom),
    ]
    const parts = ({ id, dek, salt, prefix }: typeof a) => [id, dek, salt, prefix]
    expect(parts(a).map(({ length }) => length)).toEqual([16, 32, 32, 7])
    expect(new Set([...parts(a), ...parts(b)].map(hex)).size).toBe(8)
  })

  it("bind a blob to its kind and id: cbor written out by hand", () => {
    const id = new Uint8Array(16).fill(7)
    const expected = concat(
      Uint8Array.of(0x83, 0x6f),
      utf8("medlake/v1/blob"),
      Uint8Array.of(0x66),
      utf8("bundle"),
      Uint8Array.of(0x50),
      id,
    )
    expect(hex(blobAad("bundle", id))).toBe(hex(expected))
  })

  it("commit to the DEK by HKDF without salt", () => {
    const expected = hkdfSync("sha256", SECRETS.dek, "", "medlake/v1/commit", 32)
    expect(hex(dekCommitment(SECRETS.dek))).toBe(Buffer.from(expected).toString("hex"))
  })
})

/** A cipher of two calls that answers only when the event loop turns, and counts what is under way. */
function slowCipher() {
  let [underWay, most] = [0, 0]
  const slow: SegmentCipher = {
    concurrency: 2,
    memory: (length) => cipher.memory(length),
    reclaim: () => cipher.reclaim(),
    seal: async (segment) => {
      underWay++
      most = Math.max(most, underWay)
      await new Promise((done) => setImmediate(done))
      const sealed = await cipher.seal(segment)
      underWay--
      return sealed
    },
    open: (segment) => cipher.open(segment),
    close: async () => undefined,
  }
  return { slow, open: () => underWay, most: () => most }
}

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const one of source) void one
}
