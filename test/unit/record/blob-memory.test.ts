import { describe, expect, it } from "vitest"
import { systemRandom } from "../../../src/base/random.ts"
import { padmeLength } from "../../../src/crypto/padme.ts"
import { sealedLength, segmentCount } from "../../../src/crypto/stream.ts"
import { SegmentCipherPool } from "../../../src/host/segment-cipher-pool.ts"
import { BlobReader } from "../../../src/record/blob-reader.ts"
import {
  type BlobContent,
  dekCommitment,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../../../src/record/blob-writer.ts"

const MIB = 1 << 20
/** Content that passes through; `npm run bench -- seal` does the same with 4 GiB. */
const SIZE = 768 * MIB
/** Passes before anything is measured: until then V8 sizes its young generations, which Node 24 makes larger than Node 20. */
const WARM_UP = 256 * MIB
/** Resident memory may grow by this much afterwards, a quarter of what passes: what kept it all would grow by all of it. */
const BOUND = SIZE / 4

/** Content that is made as it is asked for, in one array that is lent again and again. */
function generated(length: number): BlobContent {
  const lent = systemRandom(1 << 16)
  const open = async function* () {
    for (let at = 0; at < length; at += lent.length) {
      lent[0] = (at / lent.length) & 0xff
      yield lent.subarray(0, length - at)
    }
  }
  return { length, open }
}

/** The most by which resident memory exceeds what it is now. */
function watchMemory() {
  const before = process.memoryUsage.rss()
  let most = before
  return {
    look: () => {
      most = Math.max(most, process.memoryUsage.rss())
    },
    grown: () => most - before,
  }
}

describe("memory", () => {
  it("stays bounded while much is sealed through the pool into a store that keeps nothing", async () => {
    const cipher = new SegmentCipherPool(2)
    const secrets = newBlobSecrets("bundle", systemRandom)
    for await (const { leaf } of sealBlob(secrets, generated(WARM_UP), cipher)) {
      cipher.reclaim(leaf)
    }
    const memory = watchMemory()
    const digests: Uint8Array[] = []
    let stored = 0
    for await (const { leaf, digest } of sealBlob(secrets, generated(SIZE), cipher)) {
      digests.push(digest)
      stored += leaf.length
      cipher.reclaim(leaf)
      memory.look()
    }
    await cipher.close()
    process.stdout.write(
      `memory: ${Math.round(stored / MIB)} MiB sealed, grown by ${Math.round(memory.grown() / MIB)} MiB of ${BOUND / MIB}\n`,
    )
    expect(stored).toBe(sealedLength(padmeLength(SIZE)))
    expect(nameBlob(SIZE, digests).size).toBe(stored)
    expect(memory.grown()).toBeLessThan(BOUND)
  })

  it("stays bounded while much is opened, one segment at a time", async () => {
    const cipher = new SegmentCipherPool(2)
    const length = 64 * MIB
    const secrets = newBlobSecrets("bundle", systemRandom)
    const leaves: Uint8Array[] = []
    const digests: Uint8Array[] = []
    for await (const { leaf, digest } of sealBlob(secrets, generated(length), cipher)) {
      leaves.push(Uint8Array.from(leaf))
      digests.push(digest)
    }
    const { kind, id, dek } = secrets
    const { cid, size } = nameBlob(length, digests)
    const named = { kind, id, dek, cid, size, length, leaves: Buffer.concat(digests) }
    const blob = { ...named, commit: dekCommitment(dek) }
    const fetch = async function* (start: number, end: number) {
      for (let at = start; at < end; at += MIB) yield Uint8Array.from(leaves[at / MIB] ?? [])
    }
    let read = 0
    const open = async (rounds: number, look: () => void) => {
      for (let round = 0; round < rounds; round++) {
        for await (const piece of new BlobReader(blob, fetch, cipher).read(0, length)) {
          read += piece.length
          cipher.reclaim(piece)
          look()
        }
      }
    }
    await open(WARM_UP / length, () => undefined)
    read = 0
    const memory = watchMemory()
    await open(SIZE / length, memory.look)
    await cipher.close()
    process.stdout.write(
      `memory: ${read / MIB} MiB opened, grown by ${Math.round(memory.grown() / MIB)} MiB of ${BOUND / MIB}\n`,
    )
    expect(digests.length).toBe(segmentCount(padmeLength(length)))
    expect(read).toBe(SIZE)
    expect(memory.grown()).toBeLessThan(BOUND)
  })
})
