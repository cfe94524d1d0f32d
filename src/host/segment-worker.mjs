/**
 * One thread of the segment cipher pool. Plain JavaScript, so that it runs the same from sources, tests and a build.
 *
 * In:  {id, kind: "seal", key, nonce, header, plaintext[], output} or {id, kind: "open", key, nonce, headerLength, leaf, digest, output};
 *      output is memory of a whole leaf
 * Out: {id, leaf, digest, spare[]} or {id, plaintext, spare[]} or {id, failed: "leaf" | "tag"}; spare is memory that the job needs no more;
 *      or {id, error, spare: []} when the job can't be done at all
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto"
import { parentPort } from "node:worker_threads"

const ALGORITHM = "aes-256-gcm"
const TAG_LENGTH = 16
/** OpenSSL writes into new memory each time: pieces of this size stay in the processor's cache until they are hashed and in place. */
const STEP = 1 << 16

parentPort.on("message", (job) => {
  const result = done(job)
  const moved = new Set(result.error ? [] : [job.output.buffer])
  for (const { buffer } of result.spare) if (buffer instanceof ArrayBuffer) moved.add(buffer)
  parentPort.postMessage({ id: job.id, ...result }, [...moved])
})

/** A failure is its caller's alone: the thread goes on. */
function done(job) {
  try {
    return job.kind === "seal" ? seal(job) : open(job)
  } catch (error) {
    return { error, spare: [] }
  }
}

function seal({ key, nonce, header, plaintext, output }) {
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  const hash = createHash("sha256").update(header)
  output.set(header)
  let at = header.length
  for (const piece of plaintext) {
    for (let from = 0; from < piece.length; from += STEP) {
      const sealed = cipher.update(piece.subarray(from, from + STEP))
      hash.update(sealed)
      output.set(sealed, at)
      at += sealed.length
    }
  }
  cipher.final()
  const tag = cipher.getAuthTag()
  output.set(tag, at)
  const digest = hash.update(tag).digest()
  return { leaf: output.subarray(0, at + TAG_LENGTH), digest, spare: plaintext }
}

function open({ key, nonce, headerLength, leaf, digest, output }) {
  if (!createHash("sha256").update(leaf).digest().equals(digest)) {
    return { failed: "leaf", spare: [leaf, output] }
  }
  const end = leaf.length - TAG_LENGTH
  if (end < headerLength) return { failed: "tag", spare: [leaf, output] }
  const decipher = createDecipheriv(ALGORITHM, key, nonce)
  decipher.setAuthTag(leaf.subarray(end))
  let at = 0
  for (let from = headerLength; from < end; from += STEP) {
    const opened = decipher.update(leaf.subarray(from, Math.min(end, from + STEP)))
    output.set(opened, at)
    at += opened.length
  }
  try {
    decipher.final()
  } catch {
    output.fill(0)
    return { failed: "tag", spare: [leaf, output] }
  }
  return { plaintext: output.subarray(0, at), spare: [leaf] }
}
