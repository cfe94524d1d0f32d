import { describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import { IntegrityError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { padmeLength } from "../../../src/crypto/padme.ts"
import { WebSegmentCipher } from "../../../src/crypto/segment-cipher-web.ts"
import { FIRST_PLAINTEXT, NEXT_PLAINTEXT } from "../../../src/crypto/stream.ts"
import { BlobReader } from "../../../src/record/blob-reader.ts"
import {
  dekCommitment,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../../../src/record/blob-writer.ts"

const cipher = new WebSegmentCipher()

/** Content in pieces of one array that is written anew for each, as a source may lend them. */
function lentContent(length: number, pieceLength: number) {
  const lent = new Uint8Array(pieceLength)
  const ended = { count: 0 }
  const open = async function* () {
    for (let at = 0; at < length; at += pieceLength) {
      const piece = lent.subarray(0, Math.min(pieceLength, length - at))
      for (let i = 0; i < piece.length; i++) piece[i] = byteAt(at + i)
      yield piece
      lent.fill(0xee)
    }
    ended.count += 1
  }
  return { length, open, ended }
}

const byteAt = (at: number) => (at * 31 + (at >> 8)) & 0xff

async function sealedBlob(content: { length: number; open: () => AsyncIterable<Uint8Array> }) {
  const secrets = newBlobSecrets("bundle", systemRandom)
  const leaves: Uint8Array[] = []
  const digests: Uint8Array[] = []
  for await (const { leaf, digest } of sealBlob(secrets, content, cipher)) {
    leaves.push(leaf)
    digests.push(digest)
  }
  const { cid, size } = nameBlob(content.length, digests)
  const { id, kind, dek } = secrets
  const joined = { leaves: concat(...digests), commit: dekCommitment(dek) }
  return { blob: { id, kind, dek, cid, size, length: content.length, ...joined }, leaves }
}

describe("sealBlob", () => {
  it("reads its content to the end, with and without padding, in pieces that are lent", async () => {
    const lengths = [
      0,
      1,
      336,
      FIRST_PLAINTEXT,
      FIRST_PLAINTEXT + 1,
      FIRST_PLAINTEXT + NEXT_PLAINTEXT,
    ]
    const unpadded = lengths.filter((length) => padmeLength(length) === length)
    expect([unpadded.length > 1, unpadded.length < lengths.length]).toEqual([true, true])
    for (const length of lengths) {
      const content = lentContent(length, 300_001)
      const { blob, leaves } = await sealedBlob(content)
      expect(content.ended.count).toBe(1)
      const sealed = concat(...leaves)
      expect(sealed).toHaveLength(blob.size)
      const fetch = async function* (start: number, end: number) {
        yield sealed.slice(start, end)
      }
      const opened: Uint8Array[] = []
      for await (const piece of new BlobReader(blob, fetch, cipher).read(0, length)) {
        opened.push(piece)
      }
      const expected = Uint8Array.from({ length }, (_, i) => byteAt(i))
      expect(Buffer.compare(concat(...opened), expected)).toBe(0)
    }
  })

  it("refuses content that is longer or shorter than it says", async () => {
    for (const wrong of [-1, 1]) {
      const content = lentContent(1000, 100)
      await expect(sealedBlob({ ...content, length: 1000 + wrong })).rejects.toThrow(IntegrityError)
    }
  })
})
