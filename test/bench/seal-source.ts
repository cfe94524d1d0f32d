/**
 * What `seal.ts` measures with: content, a sealed blob, and the threads of the bare work.
 *
 * @module
 */
import { createCipheriv } from "node:crypto"
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { concat } from "../../src/base/bytes.ts"
import { systemRandom } from "../../src/base/random.ts"
import type { SegmentCipher } from "../../src/crypto/segment-cipher.ts"
import {
  type BlobContent,
  dekCommitment,
  nameBlob,
  newBlobSecrets,
  sealBlob,
} from "../../src/record/blob-writer.ts"
import type { ManifestBlob } from "../../src/record/manifest.ts"

export const MIB = 1 << 20
/** Distinct buffers of the source: more than any processor's cache holds. */
const BUFFERS = 64

/** Random bytes, a MiB each. */
export function randomBuffers(): Uint8Array[] {
  return Array.from({ length: BUFFERS }, () =>
    concat(...Array.from({ length: 16 }, () => systemRandom(MIB / 16))),
  )
}

/** Content of `size` bytes that goes round the buffers; each is lent until the next is asked for. */
export function contentOver(buffers: readonly Uint8Array[], size: number): BlobContent {
  const open = async function* () {
    for (let at = 0; at < size; at += MIB) {
      const buffer = buffers[(at / MIB) % buffers.length] ?? new Uint8Array()
      yield buffer.subarray(0, size - at)
    }
  }
  return { length: size, open }
}

/** The leaves of a blob, and what its manifest says of it. */
export interface Sealed {
  readonly blob: ManifestBlob
  readonly leaves: readonly Uint8Array[]
}

/** Seals content and keeps it. */
export async function sealKept(content: BlobContent, cipher: SegmentCipher): Promise<Sealed> {
  const secrets = newBlobSecrets("bundle", systemRandom)
  const leaves: Uint8Array[] = []
  const digests: Uint8Array[] = []
  for await (const { leaf, digest } of sealBlob(secrets, content, cipher)) {
    leaves.push(Uint8Array.from(leaf))
    digests.push(digest)
    cipher.reclaim(leaf)
  }
  const { cid, size } = nameBlob(content.length, digests)
  const { kind, id, dek } = secrets
  const named = { kind, id, dek, cid, size, length: content.length, leaves: concat(...digests) }
  return { blob: { ...named, commit: dekCommitment(dek) }, leaves }
}

/** Threads that do AES-256-GCM and SHA-256 over buffers that they share, and nothing else. */
export class BareThreads {
  readonly #workers: readonly Worker[]
  readonly #buffers: readonly Uint8Array[]
  readonly #tags: readonly Uint8Array[]

  constructor(threads: number, buffers: readonly Uint8Array[]) {
    const module = new URL("./bare-cipher.mjs", import.meta.url)
    this.#workers = Array.from({ length: threads }, () => new Worker(module, { execArgv: [] }))
    this.#buffers = buffers.map(shared)
    this.#tags = buffers.map(tagOf)
  }

  /** Seals or opens `count` buffers; the threads take them from one counter, so that none waits for another. */
  async run(kind: "seal" | "open", count: number): Promise<void> {
    const next = new Int32Array(new SharedArrayBuffer(4))
    const order = { kind, buffers: this.#buffers, tags: this.#tags, next, count }
    const done = await Promise.all(
      this.#workers.map(async (worker) => {
        const answer = once(worker, "message") as Promise<[number]>
        worker.postMessage(order, [])
        return (await answer)[0]
      }),
    )
    const sum = done.reduce((all, one) => all + one, 0)
    if (sum !== count) throw new Error(`${sum} of ${count} buffers were done`)
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

/** The tag under which a buffer opens as if it were a ciphertext: CTR mode turns it into the plaintext that seals to it. */
function tagOf(buffer: Uint8Array): Uint8Array {
  const key = new Uint8Array(32).fill(1)
  const nonce = new Uint8Array(12).fill(2)
  const plaintext = createCipheriv("aes-256-gcm", key, nonce).update(buffer)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  cipher.update(plaintext)
  cipher.final()
  return cipher.getAuthTag()
}

function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length))
  view.set(bytes)
  return view
}
