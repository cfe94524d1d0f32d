/**
 * Writing one large object to S3 in parts, and the hash that goes with a body.
 *
 * @module
 */
import { setMaxListeners } from "node:events"
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3"
import { inPiecesOf } from "./source.ts"
import type { Watch } from "./watch.ts"

const PART = 8 << 20
const AT_ONCE = 4
/** Limit of S3: parts of one upload. */
const MOST_PARTS = 10_000

/** Runs one request, types its failure. */
type Call = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Uploads `size` bytes so that the object appears whole or not at all. Any failure, of the source too, first ends the parts under way
 * and then aborts the upload, so that no part stays; where even the abort fails, the first failure is the one reported.
 */
export async function putInParts(
  client: S3Client,
  target: {
    readonly Bucket: string
    readonly Key: string
    readonly Metadata?: Record<string, string>
  },
  size: number,
  pieces: AsyncIterable<Uint8Array>,
  encrypted: boolean,
  watch: Watch,
  call: Call,
): Promise<void> {
  setMaxListeners(0, watch.signal)
  const { Bucket, Key } = target
  const options = { abortSignal: watch.signal }
  const { UploadId } = await call(() =>
    client.send(new CreateMultipartUploadCommand(target), options),
  )
  try {
    const parts = await uploadParts(size, pieces, (Body, PartNumber, group) => {
      const command = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body })
      command.middlewareStack.add(sayContentHash(undefined, encrypted), BEFORE_SIGNING)
      const abortSignal = AbortSignal.any([watch.signal, group])
      return call(() => client.send(command, { abortSignal }))
    })
    const finished = { Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }
    await call(() => client.send(new CompleteMultipartUploadCommand(finished), options))
  } catch (error) {
    await client
      .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      .catch(() => undefined)
    throw error
  }
}

interface Part {
  readonly PartNumber: number
  readonly ETag: string | undefined
}

async function uploadParts(
  size: number,
  pieces: AsyncIterable<Uint8Array>,
  send: (
    body: Uint8Array,
    number: number,
    group: AbortSignal,
  ) => Promise<{ ETag?: string | undefined }>,
): Promise<Part[]> {
  const length = Math.max(PART, Math.ceil(size / MOST_PARTS))
  const parts: Part[] = []
  const running = new Set<Promise<void>>()
  const group = new AbortController()
  let failure: { readonly by: unknown } | undefined
  let number = 0
  try {
    for await (const body of inPiecesOf(length, size, pieces)) {
      const PartNumber = ++number
      const part = send(body, PartNumber, group.signal)
        .then(({ ETag }) => void parts.push({ PartNumber, ETag }))
        .catch((error: unknown) => void (failure ??= { by: error }))
        .finally(() => running.delete(part))
      running.add(part)
      if (running.size === AT_ONCE) await Promise.race(running)
      if (failure !== undefined) break
    }
  } catch (error) {
    failure ??= { by: error }
  }
  if (failure !== undefined) group.abort()
  await Promise.all(running)
  if (failure !== undefined) throw failure.by
  return parts.toSorted((a, b) => a.PartNumber - b.PartNumber)
}

/**
 * Spares the SDK a pass over the body: the known SHA-256 in hex, or behind TLS none at all (`UNSIGNED-PAYLOAD`); names are
 * hashes, so the bytes are checked when they are read. Without either the SDK hashes. For a command's `middlewareStack`.
 */
export function sayContentHash(sha256: string | undefined, encrypted: boolean) {
  const said = sha256 ?? (encrypted ? "UNSIGNED-PAYLOAD" : undefined)
  return <A extends { request: unknown }, R>(next: (args: A) => R) =>
    (args: A): R => {
      const { headers } = args.request as { headers: Record<string, string> }
      if (said !== undefined) headers["x-amz-content-sha256"] = said
      return next(args)
    }
}

/** Where that belongs: before the request is signed. */
export const BEFORE_SIGNING = { step: "build", name: "sayContentHash" } as const
