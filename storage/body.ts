/**
 * Reading a value that comes over a wire: exactly the bytes asked for, whatever the server makes of the range.
 *
 * @module
 */
import { IntegrityError, MedlakeError } from "../src/base/errors.ts"
import type { ByteRange } from "./blob-store.ts"
import { cutRange } from "./key.ts"
import { wait } from "./wait.ts"
import type { Watch } from "./watch.ts"

/**
 * A value that ended before the length the store had promised. The bytes fail a check, hence an {@link IntegrityError};
 * but a cut connection looks the same as a cut value, so the same call may succeed later.
 */
export class CutShortError extends IntegrityError {
  override readonly retryable = true
}

/** Where the bytes asked for lie in the body of an answer; all in bytes. */
export interface Placement {
  /** Length of the whole body. */
  readonly body: number
  /** What to pass over first, where a server ignored the range. */
  readonly skip: number
  readonly length: number
}

/**
 * Places a range in the body of an answer from its headers (RFC 9110 §14.4). A server may ignore the range and send all.
 * @throws {IntegrityError} another range than the one asked for, or no length
 */
export function placeBody(
  key: string,
  range: ByteRange | undefined,
  headers: { readonly range?: string | null | undefined; readonly length: number | undefined },
): Placement {
  if (range !== undefined && headers.range) {
    const given = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.range)
    const [start, last, size] = (given ?? []).slice(1).map(Number)
    const end = last === undefined ? undefined : last + 1
    if (start !== range.start || size === undefined || end !== Math.min(range.end, size)) {
      throw new IntegrityError(
        `the store answered "${headers.range}" for bytes ${range.start} to ${range.end} of ${key}`,
      )
    }
    const length = end - start
    if (headers.length !== undefined && headers.length !== length) {
      throw new CutShortError(
        `the store promises ${headers.length} bytes of ${key} where its range has ${length}`,
      )
    }
    return { body: length, skip: 0, length }
  }
  if (headers.length === undefined || !Number.isSafeInteger(headers.length)) {
    throw new IntegrityError(`the store does not say how long ${key} is`)
  }
  const { start, end } = cutRange(range, headers.length)
  return { body: headers.length, skip: start, length: end - start }
}

/**
 * Yields the bytes placed in a body.
 * @throws {CutShortError} fewer bytes than promised, however the connection ended
 * @throws {IntegrityError} more bytes than promised
 * @throws {StorageUnavailableError} the store fell silent
 */
export async function* readBody(
  key: string,
  body: AsyncIterable<Uint8Array>,
  { body: promised, skip, length }: Placement,
  watch: Watch,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0
  for await (const piece of watched(key, body, watch, () => [seen, promised])) {
    const at = seen
    seen += piece.length
    if (seen > promised) {
      throw new IntegrityError(`the store gave more than the ${promised} bytes of ${key}`)
    }
    const wanted = piece.subarray(Math.max(0, skip - at), Math.max(0, skip + length - at))
    if (wanted.length > 0) yield wanted
  }
  if (seen < promised) throw cutShort(key, seen, promised)
}

/** The pieces of a body, each within the watch's patience; any other failure of the connection means a value cut short. */
async function* watched(
  key: string,
  body: AsyncIterable<Uint8Array>,
  watch: Watch,
  progress: () => [seen: number, promised: number],
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]()
  for (;;) {
    watch.signal.throwIfAborted()
    watch.arm()
    const step = await wait(iterator.next(), watch.signal).catch((cause: unknown) => {
      watch.signal.throwIfAborted()
      if (cause instanceof MedlakeError) throw cause
      throw cutShort(key, ...progress(), cause)
    })
    watch.disarm()
    if (step.done === true) return
    yield step.value
  }
}

function cutShort(key: string, seen: number, promised: number, cause?: unknown): CutShortError {
  return new CutShortError(`${key} ended after ${seen} of ${promised} bytes`, { cause })
}
