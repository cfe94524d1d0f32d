/**
 * A store in a bucket of any S3 service.
 *
 *     <bucket>/<prefix>/<key>      a value; `x-amz-meta-sha256` where its SHA-256 was known
 *
 * What appears in the bucket: up to 64 MiB one PUT; above, a multipart upload in parts of 8 MiB, four at a time, which shows the object
 * only when it is complete and is aborted on any failure. A process that is killed leaves an unfinished upload: let the
 * bucket's lifecycle rule `AbortIncompleteMultipartUpload` remove those.
 *
 * Nothing rests on what services do differently: no trailing checksums (`aws-chunked` framing was seen inside objects), no
 * `Expect: 100-continue`, no conditional create. A taken key is found by HEAD: another length means other bytes, the same length is
 * decided by the two SHA-256 where both are known, else by reading the object. So two writers of different bytes
 * under one new key at the same moment may both succeed, and the last stays, whole.
 *
 * A reader that pauses for longer than `idleTimeoutMs` may find the connection gone.
 *
 * @module
 */
import type { Readable } from "node:stream"
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3"
import { hex } from "../src/base/bytes.ts"
import { AlreadyExistsError, IntegrityError, NotFoundError } from "../src/base/errors.ts"
import type { BlobSource, BlobStore, ByteRange, CallOptions, StoredBlob } from "./blob-store.ts"
import { placeBody, readBody } from "./body.ts"
import { isKey, requireKey, requireRange } from "./key.ts"
import { connect, IDLE_MS, type S3Options } from "./s3-client.ts"
import { bucketGone, isPastTheEnd, s3Failure } from "./s3-failure.ts"
import { BEFORE_SIGNING, putInParts, sayContentHash } from "./s3-parts.ts"
import { exactly, inPiecesOf, sameBytes } from "./source.ts"
import { wait } from "./wait.ts"
import { Watch } from "./watch.ts"

const ONE_PUT = 64 << 20

/** See {@link BlobStore} and the module. */
export class S3BlobStore implements BlobStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #prefix: string
  readonly #idleMs: number
  readonly #encrypted: boolean
  #bucketSeen = false

  constructor(options: S3Options) {
    this.#bucket = options.bucket
    this.#prefix = options.prefix ? `${options.prefix}/` : ""
    this.#idleMs = options.idleTimeoutMs ?? IDLE_MS
    this.#encrypted = !options.endpoint?.startsWith("http:")
    this.#client = connect(options)
  }

  async put(key: string, source: BlobSource, { signal }: CallOptions = {}): Promise<void> {
    await this.#watching("PUT", key, signal, async (watch) => {
      const digest = digestOf(source)
      if (await this.#isThere(key, source, digest, watch)) return
      const metadata = digest === undefined ? {} : { Metadata: { sha256: digest } }
      const target = { ...this.#at(key), ...metadata }
      if (source.size > ONE_PUT) {
        const call = <T>(work: () => Promise<T>) => this.#call(`PUT ${key}`, watch, work)
        const pieces = exactly(key, source, watch.signal)
        await putInParts(this.#client, target, source.size, pieces, this.#encrypted, watch, call)
        return
      }
      const pieces = inPiecesOf(source.size, source.size, exactly(key, source, watch.signal))
      let body: Uint8Array = new Uint8Array(0)
      for await (const whole of pieces) body = whole
      const command = new PutObjectCommand({ ...target, Body: body, ContentLength: body.length })
      command.middlewareStack.add(sayContentHash(digest, this.#encrypted), BEFORE_SIGNING)
      await this.#call(`PUT ${key}`, watch, () =>
        this.#client.send(command, { abortSignal: watch.signal }),
      )
    })
  }

  async *get(
    key: string,
    range?: ByteRange,
    { signal }: CallOptions = {},
  ): AsyncIterable<Uint8Array> {
    requireKey(key)
    requireRange(range)
    const watch = new Watch(`GET ${key}`, this.#idleMs, signal)
    let body: Readable | undefined
    try {
      if (range !== undefined && range.start === range.end) {
        if ((await this.#head(key, watch)) === undefined) throw this.#absent(key)
        return
      }
      const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }
      const command = new GetObjectCommand({ ...this.#at(key), ...Range })
      const answer = await this.#call(`GET ${key}`, watch, () =>
        this.#client.send(command, { abortSignal: watch.signal }),
      )
      body = answer.Body as Readable
      const headers = { range: answer.ContentRange, length: answer.ContentLength }
      yield* readBody(key, body, placeBody(key, range, headers), watch)
    } catch (error) {
      if (range === undefined || !isPastTheEnd(error)) throw error
    } finally {
      watch.stop()
      body?.destroy()
    }
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<{ size: number } | undefined> {
    return this.#watching("HEAD", key, signal, async (watch) => {
      const found = await this.#head(key, watch)
      return found === undefined ? undefined : { size: found.size }
    })
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#watching("DELETE", key, signal, async (watch) => {
      const command = new DeleteObjectCommand(this.#at(key))
      try {
        await this.#call(`DELETE ${key}`, watch, () =>
          this.#client.send(command, { abortSignal: watch.signal }),
        )
      } catch (error) {
        // AWS answers 204 for an absent key; some services answer 404.
        if (!(error instanceof NotFoundError)) throw error
      }
    })
  }

  async *list({ signal }: CallOptions = {}): AsyncIterable<StoredBlob> {
    let token: string | undefined
    do {
      const watch = new Watch("the list", this.#idleMs, signal)
      try {
        const command = new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#prefix,
          ContinuationToken: token,
        })
        const page = await this.#call(`list of ${this.#bucket}`, watch, () =>
          this.#client.send(command, { abortSignal: watch.signal }),
        )
        const next = page.IsTruncated === true ? page.NextContinuationToken : undefined
        if (page.IsTruncated === true && (next === undefined || next === token)) {
          throw new IntegrityError(`the list of bucket ${this.#bucket} breaks off after a page`)
        }
        token = next
        for (const { Key = "", Size = 0 } of page.Contents ?? []) {
          signal?.throwIfAborted()
          const key = Key.slice(this.#prefix.length)
          if (Key.startsWith(this.#prefix) && isKey(key)) yield { key, size: Size }
        }
      } finally {
        watch.stop()
      }
    } while (token !== undefined)
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  /** Whether the key is already stored with these bytes. */
  async #isThere(
    key: string,
    source: BlobSource,
    digest: string | undefined,
    watch: Watch,
  ): Promise<boolean> {
    const found = await this.#head(key, watch)
    if (found === undefined) return false
    const same =
      found.size === source.size &&
      (digest !== undefined && found.sha256 !== undefined
        ? digest === found.sha256
        : await sameBytes(key, source, this.get(key, undefined, watch), watch.signal))
    if (same) return true
    throw new AlreadyExistsError(`${key} is taken by other bytes in bucket ${this.#bucket}`)
  }

  async #head(key: string, watch: Watch): Promise<{ size: number; sha256?: string } | undefined> {
    const command = new HeadObjectCommand(this.#at(key))
    try {
      const answer = await this.#call(`HEAD ${key}`, watch, () =>
        this.#client.send(command, { abortSignal: watch.signal }),
      )
      const { length } = placeBody(key, undefined, { length: answer.ContentLength })
      const sha256 = answer.Metadata?.["sha256"]
      return { size: length, ...(sha256 === undefined ? {} : { sha256 }) }
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
      await this.#requireBucket(watch)
      return undefined
    }
  }

  /** A HEAD of an object in a bucket that is not there answers 404 too, which proves nothing about the object. */
  async #requireBucket(watch: Watch): Promise<void> {
    if (this.#bucketSeen) return
    const command = new HeadBucketCommand({ Bucket: this.#bucket })
    try {
      await this.#call(`HEAD bucket ${this.#bucket}`, watch, () =>
        this.#client.send(command, { abortSignal: watch.signal }),
      )
    } catch (error) {
      throw error instanceof NotFoundError ? bucketGone(this.#bucket, error) : error
    }
  }

  async #call<T>(what: string, watch: Watch, work: () => Promise<T>): Promise<T> {
    try {
      const answer = await wait(work(), watch.signal)
      this.#bucketSeen = true
      return answer
    } catch (cause) {
      watch.signal.throwIfAborted()
      throw s3Failure(cause, what, this.#bucket)
    }
  }

  async #watching<T>(
    method: string,
    key: string,
    signal: AbortSignal | undefined,
    work: (watch: Watch) => Promise<T>,
  ): Promise<T> {
    requireKey(key)
    const watch = new Watch(`${method} ${key}`, this.#idleMs, signal)
    try {
      return await work(watch)
    } finally {
      watch.stop()
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key }
  }

  #absent(key: string): NotFoundError {
    return new NotFoundError(`there is no ${key} in bucket ${this.#bucket}`)
  }
}

/** The SHA-256 of all bytes in hex; one leaf's digest is that of the whole. */
function digestOf({ sha256, leaves }: BlobSource): string | undefined {
  const digest = sha256 ?? (leaves?.length === 1 ? leaves[0] : undefined)
  return digest === undefined ? undefined : hex(digest)
}
