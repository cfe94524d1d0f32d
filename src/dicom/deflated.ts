/**
 * Deflated data sets (PS3.5 §A.5): raw DEFLATE (RFC 1951) behind group 2.
 *
 * @module
 */
import { concat } from "../base/bytes.ts"
import { refuse } from "./refusal.ts"

/** Bytes; a small file may claim to hold more than any memory. */
const INFLATED_LIMIT = 512 << 20

/**
 * What a data set inflates to. Where the stream breaks off or has padding behind it, what came before: the parser finds what lacks.
 * @throws a refusal `malformed` or `truncated` when nothing can be inflated, `too-large` beyond the limit
 */
export async function inflate(deflated: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(deflated)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"))
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of stream as unknown as AsyncIterable<Uint8Array>) {
      length += piece.length
      if (length > INFLATED_LIMIT) break
      pieces.push(piece)
    }
  } catch (error) {
    // Node gives zlib's code, in some versions without a message; browsers give a sentence.
    const isCut =
      (error as { readonly code?: unknown }).code === "Z_BUF_ERROR" ||
      /truncated/i.test(String(error))
    if (length === 0) throw refuse(isCut ? "truncated" : "malformed", error)
  }
  if (length > INFLATED_LIMIT) throw refuse("too-large")
  return concat(...pieces)
}
