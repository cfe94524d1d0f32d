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
import { segmentNonce } from "../crypto/stream.ts"

type Answer = { readonly id: number } & Partial<SealedSegment> & {
    readonly plaintext?: Uint8Array
    readonly failed?: "leaf" | "tag"
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

/** Jobs that each thread may hold: one at work, one waiting, so that it never idles. */
const JOBS_PER_THREAD = 2

/** See the module. */
export class SegmentCipherPool implements SegmentCipher {
  readonly concurrency: number
  readonly #threads: Thread[] = []
  readonly #waiting: Job[] = []
  readonly #size: number
  #nextId = 0
  #closed = false

  /** @param threads how many; by default one a core */
  constructor(threads = availableParallelism()) {
    this.#size = threads
    this.concurrency = threads * JOBS_PER_THREAD
  }

  async seal({ stream, index, last, header, plaintext }: SegmentToSeal): Promise<SealedSegment> {
    const nonce = segmentNonce(stream.prefix, index, last)
    const message = { kind: "seal", key: stream.key, nonce, header, plaintext }
    const { leaf, digest } = await this.#run(message, movable(plaintext))
    if (!leaf || !digest) throw new Error("a cipher thread answered without a leaf")
    return { leaf, digest }
  }

  async open(segment: SegmentToOpen): Promise<Uint8Array> {
    const { stream, index, last, headerLength, leaf, digest } = segment
    const nonce = segmentNonce(stream.prefix, index, last)
    const message = { kind: "open", key: stream.key, nonce, headerLength, leaf, digest }
    const { plaintext, failed } = await this.#run(message, movable([leaf]))
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

  #run(message: Record<string, unknown>, moved: ArrayBuffer[]): Promise<Answer> {
    if (this.#closed) throw new Error("the cipher pool is closed")
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
      thread.jobs.set(id, job)
      thread.worker.ref()
      thread.worker.postMessage({ id, ...job.message }, job.moved)
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
    const worker = new Worker(new URL("./segment-worker.mjs", import.meta.url))
    const thread: Thread = { worker, jobs: new Map() }
    worker.on("message", (answer: Answer) => {
      const job = thread.jobs.get(answer.id)
      thread.jobs.delete(answer.id)
      if (thread.jobs.size === 0) worker.unref()
      job?.done(answer)
      this.#assign()
    })
    worker.on("error", (error: Error) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1)
      for (const job of thread.jobs.values()) job.failed(error)
    })
    this.#threads.push(thread)
    return thread
  }
}

/** Buffers that can be moved: those that a view fills, each once. Others are copied by the message. */
function movable(views: readonly Uint8Array[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { buffer, byteLength } of views) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffers.add(buffer)
  }
  return [...buffers]
}
