/**
 * One thread of the segment cipher pool. Plain JavaScript, so that it runs the same from sources, tests and a build.
 *
 * In:  {id, kind: "seal", key, nonce, header, plaintext[]} or {id, kind: "open", key, nonce, headerLength, leaf, digest}
 * Out: {id, leaf, digest} or {id, plaintext} or {id, failed: "leaf" | "tag"}
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto"
import { parentPort } from "node:worker_threads"

const ALGORITHM = "aes-256-gcm"
const TAG_LENGTH = 16

parentPort.on("message", (job) => {
  const result = job.kind === "seal" ? seal(job) : open(job)
  const moved = result.leaf ?? result.plaintext
  parentPort.postMessage({ id: job.id, ...result }, moved ? [moved.buffer] : [])
})

function seal({ key, nonce, header, plaintext }) {
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  let length = header.length + TAG_LENGTH
  for (const piece of plaintext) length += piece.length
  const leaf = Buffer.allocUnsafeSlow(length)
  leaf.set(header)
  let at = header.length
  for (const piece of plaintext) {
    leaf.set(cipher.update(piece), at)
    at += piece.length
  }
  cipher.final()
  leaf.set(cipher.getAuthTag(), at)
  return { leaf: bytesOf(leaf), digest: createHash("sha256").update(leaf).digest() }
}

function open({ key, nonce, headerLength, leaf, digest }) {
  if (!createHash("sha256").update(leaf).digest().equals(digest)) return { failed: "leaf" }
  const end = leaf.length - TAG_LENGTH
  if (end < headerLength) return { failed: "tag" }
  const decipher = createDecipheriv(ALGORITHM, key, nonce)
  decipher.setAuthTag(leaf.subarray(end))
  const opened = decipher.update(leaf.subarray(headerLength, end))
  try {
    decipher.final()
  } catch {
    return { failed: "tag" }
  }
  return { plaintext: own(opened) }
}

/** A plain array over a buffer that is nobody else's. */
function bytesOf(buffer) {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

/** Small results lie in Node's shared pool, which must not be moved to another thread. */
function own(buffer) {
  const whole = buffer.byteOffset === 0 && buffer.buffer.byteLength === buffer.length
  return whole ? bytesOf(buffer) : Uint8Array.from(buffer)
}
