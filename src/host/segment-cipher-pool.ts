/**
 * The segment cipher of Node: a pool of worker threads, one a core.
 *
 *     seal/open ──moves buffers──▶ idle thread ──AES-GCM, SHA-256──▶ result
 *
 * Memory is bounded by what is under way: calls beyond `concurrency` wait in a queue that holds no more than their callers gave.
 *
 * @module
 */
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type {
  SealedSegment,
  SegmentCipher,
  SegmentToOpen,
  SegmentToSeal,
} from "../crypto/segment-cipher.ts"
import { wrongLeaf, wrongTag } from "../crypto/segment-cipher-web.ts"
import { SEGMENT_LENGTH, segmentNonce } from "../crypto/stream.ts"

type Answer = { readonly id: number } & Partial<SealedSegment> & {
    readonly plaintext?: Uint8Array
    readonly failed?: "leaf" | "tag"
    /** Memory that the job needs no more. */
    readonly error?: Error
    readonly spare: readonly Uint8Array[]
  }

interface Job {
  readonly message: Record<string, unknown>
  readonly moved: ArrayBuffer[]
  readonly done: (answer: Answer) => void
  readonly failed: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly jobs: Map<number, Job>
}

const TAG_LENGTH = 16
/** Jobs that each thread may hold: one at work, one waiting, so that it never idles. */
const JOBS_PER_THREAD = 2
/** Buffers that lie ready at most: those of a study whose leaves were all kept. */
const SPARE_LIMIT = 64
/** Less than this is not worth a buffer of a whole leaf. */
const SMALL = 1 << 18

/** See the module. */
export class SegmentCipherPool implements SegmentCipher {
  readonly concurrency: number
  readonly #threads: Thread[] = []
  readonly #waiting: Job[] = []
  readonly #size: number
  readonly #spare: ArrayBuffer[] = []
  /** Buffers that callers hold and may give back. */
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #nextId = 0
  #closed = false

  /** @param threads how many; by default one a core */
  constructor(threads = availableParallelism()) {
    this.#size = threads
    this.concurrency = threads * JOBS_PER_THREAD
  }

  memory(length: number): Uint8Array {
    if (length < SMALL || length > SEGMENT_LENGTH) return new Uint8Array(length)
    const buffer = this.#spare.pop() ?? new ArrayBuffer(SEGMENT_LENGTH)
    this.#lent.add(buffer)
    return new Uint8Array(buffer, 0, length)
  }

  reclaim({ buffer }: Uint8Array): void {
    if (!this.#lent.delete(buffer) || this.#spare.length >= SPARE_LIMIT) return
    this.#spare.push(buffer as ArrayBuffer)
  }

  async seal({ stream, index, last, header, plaintext }: SegmentToSeal): Promise<SealedSegment> {
    const nonce = segmentNonce(stream.prefix, index, last)
    const length = plaintext.reduce((sum, piece) => sum + piece.length, header.length + TAG_LENGTH)
    const moved = {
      plaintext: plaintext.map((piece) => this.#movable(piece)),
      output: this.memory(length),
    }
    const copied = { key: Uint8Array.from(stream.key), nonce, header: Uint8Array.from(header) }
    const views = [...moved.plaintext, moved.output]
    const { leaf, digest } = await this.#run({ kind: "seal", ...copied, ...moved }, views)
    if (!leaf || !digest) throw new Error("a cipher thread answered without a leaf")
    return { leaf, digest }
  }

  async open(segment: SegmentToOpen): Promise<Uint8Array> {
    const { stream, index, last, headerLength, leaf, digest } = segment
    const nonce = segmentNonce(stream.prefix, index, last)
    const moved = { leaf: this.#movable(leaf), output: this.memory(leaf.length) }
    const copied = { key: Uint8Array.from(stream.key), nonce, digest: Uint8Array.from(digest) }
    const message = { kind: "open", headerLength, ...copied, ...moved }
    const { plaintext, failed } = await this.#run(message, [moved.leaf, moved.output])
    if (failed === "leaf") throw wrongLeaf(index)
    if (!plaintext) throw wrongTag(index)
    return plaintext
  }

  async close(): Promise<void> {
    this.#closed = true
    const jobs = this.#threads.flatMap((thread) => [...thread.jobs.values()])
    for (const job of [...jobs, ...this.#waiting])
      job.failed(new Error("the cipher pool is closed"))
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  #run(message: Record<string, unknown>, views: readonly Uint8Array[]): Promise<Answer> {
    if (this.#closed) throw new Error("the cipher pool is closed")
    const moved = [...new Set(views.map(({ buffer }) => buffer as ArrayBuffer))]
    for (const buffer of moved) this.#lent.delete(buffer)
    return new Promise((done, failed) => {
      this.#waiting.push({ message, moved, done, failed })
      this.#assign()
    })
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#idleThread()
      if (!thread) return
      const job = this.#waiting.shift() as Job
      const id = this.#nextId++
      try {
        thread.worker.postMessage({ id, ...job.message }, job.moved)
      } catch (error) {
        job.failed(error as Error)
        continue
      }
      thread.jobs.set(id, job)
      thread.worker.ref()
    }
  }

  #idleThread(): Thread | undefined {
    let least = this.#threads[0]
    for (const thread of this.#threads)
      if (thread.jobs.size < (least?.jobs.size ?? 0)) least = thread
    if (least?.jobs.size === 0) return least
    if (this.#threads.length < this.#size) return this.#start()
    return least && least.jobs.size < JOBS_PER_THREAD ? least : undefined
  }

  #start(): Thread {
    // Without this process's loaders: they would cost each thread more memory than its work.
    const worker = new Worker(new URL("./segment-worker.mjs", import.meta.url), { execArgv: [] })
    const thread: Thread = { worker, jobs: new Map() }
    worker.on("message", (answer: Answer) => {
      const job = thread.jobs.get(answer.id)
      thread.jobs.delete(answer.id)
      if (thread.jobs.size === 0) worker.unref()
      this.#take(answer)
      if (answer.error) job?.failed(answer.error)
      else job?.done(answer)
      this.#assign()
    })
    worker.on("error", (error: Error) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1)
      for (const job of thread.jobs.values()) job.failed(error)
      this.#assign()
    })
    this.#threads.push(thread)
    return thread
  }

  #take({ leaf, plaintext, spare }: Answer): void {
    for (const { buffer } of spare) {
      const isWhole = buffer.byteLength === SEGMENT_LENGTH && this.#spare.length < SPARE_LIMIT
      if (isWhole && buffer instanceof ArrayBuffer) this.#spare.push(buffer)
    }
    const result = leaf ?? plaintext
    if (result?.buffer.byteLength === SEGMENT_LENGTH) this.#lent.add(result.buffer)
  }

  /**
   * The array itself where its memory can be moved: ours, or filled by it. A message would copy all memory behind any other. An empty one may
   * have been moved away before: that is refused here, where Node 20 would lose the message.
   */
  #movable(bytes: Uint8Array): Uint8Array {
    const { buffer, byteLength } = bytes
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    const isMovable = byteLength > 0 && (isWhole || this.#lent.has(buffer))
    return isMovable ? bytes : Uint8Array.from(bytes)
  }
}
