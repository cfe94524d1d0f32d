/**
 * Sealing and naming 1 GiB through the real writer, and opening it through the real reader, beside bare AES-256-GCM + SHA-256 over the same
 * buffers on as many threads in the same process; and by how much the process grows over 4 GiB of each.
 *
 * Content and leaves lie in memory; handing them over is a copy, as it is from a file, and is counted against us. The store discards what it gets
 * and gives its memory back, as a folder does. Work and bare work take turns, each round is one ratio, and the median counts.
 *
 * @module
 */
import { availableParallelism } from "node:os"
import { systemRandom } from "../../src/base/random.ts"
import type { SegmentCipher } from "../../src/crypto/segment-cipher.ts"
import { SegmentCipherPool } from "../../src/host/segment-cipher-pool.ts"
import { BlobReader } from "../../src/record/blob-reader.ts"
import {
  type BlobContent,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../../src/record/blob-writer.ts"
import type { Figure } from "./figure.ts"
import {
  BareThreads,
  contentOver,
  MIB,
  randomBuffers,
  type Sealed,
  sealKept,
} from "./seal-source.ts"

export const name = "seal"

const GIB = 2 ** 30
const GOAL = 0.9
/** MiB by which the process may grow. */
const GROWTH = 64
const ROUNDS = 7
/** How often memory is looked at, ms. */
const LOOK = 10

export async function run(): Promise<Figure[]> {
  const threads = availableParallelism()
  const buffers = randomBuffers()
  const content = contentOver(buffers, GIB)
  const cipher = new SegmentCipherPool(threads)
  try {
    await sealAll(contentOver(buffers, threads * MIB), cipher)
    const large = contentOver(buffers, 4 * GIB)
    const sealing = await growth("seal: memory over 4 GiB", () => sealAll(large, cipher))
    const sealed = await sealKept(content, cipher)
    const opening = await growth("open: memory over 4 × 1 GiB", async () => {
      for (let i = 0; i < 4; i++) await openAll(sealed, cipher)
    })
    const bare = new BareThreads(threads, buffers)
    const speeds = [
      await compare(
        "seal: seal + CID of 1 GiB",
        () => sealAll(content, cipher),
        () => bare.run("seal", GIB / MIB),
      ),
      await compare(
        "open: open 1 GiB",
        () => openAll(sealed, cipher),
        () => bare.run("open", GIB / MIB),
      ),
    ]
    await bare.close()
    return [...speeds, sealing, opening]
  } finally {
    await cipher.close()
  }
}

/** Seals and names content; its leaves go nowhere. */
async function sealAll(content: BlobContent, cipher: SegmentCipher): Promise<void> {
  const digests: Uint8Array[] = []
  const secrets = newBlobSecrets("bundle", systemRandom)
  for await (const { leaf, digest } of sealBlob(secrets, content, cipher)) {
    digests.push(digest)
    cipher.reclaim(leaf)
  }
  nameBlob(content.length, digests)
}

/** Opens a sealed blob whole. */
async function openAll({ blob, leaves }: Sealed, cipher: SegmentCipher): Promise<void> {
  const fetch = async function* (start: number, end: number) {
    for (let at = start; at < end; at += MIB) {
      const leaf = leaves[at / MIB] ?? new Uint8Array()
      const memory = cipher.memory(leaf.length)
      memory.set(leaf)
      yield memory
    }
  }
  let read = 0
  for await (const piece of new BlobReader(blob, fetch, cipher).read(0, blob.length)) {
    read += piece.length
    cipher.reclaim(piece)
  }
  if (read !== blob.length) throw new Error(`${read} of ${blob.length} bytes were read`)
}

async function compare(
  title: string,
  work: () => Promise<void>,
  bareWork: () => Promise<void>,
): Promise<Figure> {
  await work()
  await bareWork()
  const rounds: { ms: number; bare: number }[] = []
  let before = await timed(bareWork)
  for (let i = 0; i < ROUNDS; i++) {
    const ms = await timed(work)
    const after = await timed(bareWork)
    rounds.push({ ms, bare: (before + after) / 2 })
    before = after
  }
  const ratio = median(rounds.map(({ ms, bare }) => bare / ms))
  const rate = (times: readonly number[]) => (1000 * (GIB / MIB)) / median(times)
  return {
    name: title,
    value: rate(rounds.map(({ ms }) => ms)),
    unit: "MiB/s",
    baseline: rate(rounds.map(({ bare }) => bare)),
    ratio,
    goal: `≥ ${GOAL} × bare AES-256-GCM + SHA-256`,
    ok: ratio >= GOAL,
  }
}

/** By how much resident memory exceeds, at most, what it is before the work. */
async function growth(title: string, work: () => Promise<void>): Promise<Figure> {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, LOOK)
  await work()
  clearInterval(watch)
  const grown = (most - before) / MIB
  return {
    name: title,
    value: grown,
    unit: "MiB",
    baseline: null,
    ratio: null,
    goal: `< ${GROWTH} MiB`,
    ok: grown < GROWTH,
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** The middle one of an odd number of values. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number
}
