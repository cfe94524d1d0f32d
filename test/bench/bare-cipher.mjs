/**
 * One thread of the bare work that `seal.ts` measures against: AES-256-GCM and SHA-256 over whole buffers, nothing else. Plain JavaScript,
 * as the cipher's own threads are.
 *
 * In:  {kind: "seal" | "open", buffers, tags?, next, count}: `next` is a shared counter from which the threads take their buffers
 * Out: the number of buffers done
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto"
import { parentPort } from "node:worker_threads"

const ALGORITHM = "aes-256-gcm"
const key = new Uint8Array(32).fill(1)
const nonce = new Uint8Array(12).fill(2)

parentPort.on("message", ({ kind, buffers, tags, next, count }) => {
  let done = 0
  for (;;) {
    const index = Atomics.add(next, 0, 1)
    if (index >= count) break
    const which = index % buffers.length
    if (kind === "seal") seal(buffers[which])
    else open(buffers[which], tags[which])
    done++
  }
  parentPort.postMessage(done, [])
})

function seal(buffer) {
  const cipher = createCipheriv(ALGORITHM, key, nonce)
  const sealed = cipher.update(buffer)
  cipher.final()
  cipher.getAuthTag()
  createHash("sha256").update(sealed).digest()
}

function open(buffer, tag) {
  createHash("sha256").update(buffer).digest()
  const decipher = createDecipheriv(ALGORITHM, key, nonce).setAuthTag(tag)
  decipher.update(buffer)
  decipher.final()
}
