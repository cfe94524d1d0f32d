/**
 * Deflated data sets (PS3.5 §A.5): raw DEFLATE (RFC 1951) behind group 2, inflated as a stream.
 *
 * @module
 */
import { concat } from "../base/bytes.ts"
import { refuse } from "./refusal.ts"
import { type DicomSource, piecesOf } from "./source.ts"

/** Bytes; a small file may claim to hold more than anybody waits for. */
const INFLATED_LIMIT = 512 << 20

/** The beginning of what a data set inflates to. */
export interface Inflated {
  readonly bytes: Uint8Array
  /** Bytes of the whole. */
  readonly size: number
}

/**
 * Inflates the data set that begins at `start`; keeps its first `keep` bytes and counts the rest. Where the stream breaks off or has padding
 * behind it, it ends there: the parser finds what lacks.
 * @throws a refusal `malformed` or `truncated` when nothing can be inflated, `too-large` beyond the limit
 */
export async function inflate(source: DicomSource, start: number, keep: number): Promise<Inflated> {
  const inflated = streamOf(piecesOf(source, start)).pipeThrough(
    new DecompressionStream("deflate-raw"),
  )
  const kept: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of inflated as unknown as AsyncIterable<Uint8Array>) {
      if (size < keep) kept.push(piece.slice(0, keep - size))
      size += piece.length
      if (size > INFLATED_LIMIT) break
    }
  } catch (error) {
    // Node gives zlib's code, in some versions without a message; browsers give a sentence.
    const isCut =
      (error as { readonly code?: unknown }).code === "Z_BUF_ERROR" ||
      /truncated/i.test(String(error))
    if (size === 0) throw refuse(isCut ? "truncated" : "malformed", error)
  }
  if (size > INFLATED_LIMIT) throw refuse("too-large")
  return { bytes: concat(...kept), size }
}

function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(Uint8Array.from(value))
    },
  })
}
