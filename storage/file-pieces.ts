/**
 * Bytes to and from an open file, a mebibyte at a time, the next one under way while the last is being written or read.
 *
 * @module
 */

import type * as nodeFiles from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import type { ByteRange } from "./blob-store.ts"
import { CutShortError } from "./body.ts"
import { inPiecesOf } from "./source.ts"

const PIECE = 1 << 20

/** Creates a file that nobody else has, readable by its owner. */
export function createTemporary(
  disk: Pick<typeof nodeFiles, "open">,
  path: string,
): Promise<FileHandle> {
  return disk.open(path, "wx", 0o600)
}

/**
 * Writes all pieces from the beginning. `wrap` types the failures of the file; those of the source pass unchanged.
 * The disk works on one piece while the source makes the next; `reclaim` gets what is written.
 */
export async function writePieces(
  file: FileHandle,
  total: number,
  source: AsyncIterable<Uint8Array>,
  wrap: (cause: unknown) => Error,
  reclaim: (piece: Uint8Array) => void = () => undefined,
): Promise<void> {
  let at = 0
  let failure: Error | undefined
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const piece of inPiecesOf(PIECE, total, source)) {
      await writing
      if (failure !== undefined) throw failure
      writing = writeAll(file, piece, at).then(
        () => reclaim(piece),
        (cause: unknown) => {
          failure = wrap(cause)
        },
      )
      at += piece.length
    }
  } finally {
    await writing
  }
  if (failure !== undefined) throw failure
}

async function writeAll(file: FileHandle, piece: Uint8Array, at: number): Promise<void> {
  let done = 0
  while (done < piece.length) {
    const { bytesWritten } = await file.write(piece, done, piece.length - done, at + done)
    done += bytesWritten
  }
}

/**
 * Yields bytes `start` to `end` of a file, each piece in its own memory.
 * @throws {CutShortError} the file is shorter than it was when it was opened
 */
export async function* readPieces(
  file: FileHandle,
  key: string,
  { start, end }: ByteRange,
  wrap: (cause: unknown) => Error,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const read = async (at: number) => {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at))
    let done = 0
    while (done < piece.length) {
      const { bytesRead } = await file.read(piece, done, piece.length - done, at + done)
      if (bytesRead === 0)
        throw new CutShortError(`${key} ended after ${at + done} of ${end} bytes`)
      done += bytesRead
    }
    return piece
  }
  let next: Promise<Uint8Array> | undefined
  try {
    for (let at = start; at < end; at += PIECE) {
      signal?.throwIfAborted()
      next ??= read(at)
      const piece = await next.catch((cause: unknown) => {
        throw wrap(cause)
      })
      next = at + PIECE < end ? read(at + PIECE) : undefined
      next?.catch(() => undefined)
      yield piece
    }
  } finally {
    await next?.catch(() => undefined)
  }
}
