import { describe, expect, it } from "vitest"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import { SegmentCipherPool } from "../../src/host/segment-cipher-pool.ts"
import { describeSegmentCipher } from "./segment-cipher.suite.ts"

describeSegmentCipher("WebCrypto", () => new WebSegmentCipher())
describeSegmentCipher("a pool of one thread", () => new SegmentCipherPool(1))
describeSegmentCipher("a pool of three threads", () => new SegmentCipherPool(3))

const segment = () => ({
  stream: { key: new Uint8Array(32), prefix: new Uint8Array(7) },
  index: 0,
  last: true,
  header: new Uint8Array(),
  plaintext: [new Uint8Array(1000)],
})

describe("SegmentCipherPool", () => {
  it("moves arrays that fill their buffers, and leaves shared memory and larger buffers alone", async () => {
    const pool = new SegmentCipherPool(1)
    const own = new Uint8Array(1000)
    const shared = new Uint8Array(new SharedArrayBuffer(1000))
    const part = new Uint8Array(2000).subarray(1000)
    await pool.seal({ ...segment(), plaintext: [own, shared, part] })
    expect([own.length, shared.length, part.length]).toEqual([0, 1000, 1000])
    await pool.close()
  })

  it("lends memory that came back before it makes new", async () => {
    const pool = new SegmentCipherPool(1)
    const [first, small] = [pool.memory(1 << 20), pool.memory(10)]
    pool.reclaim(first)
    pool.reclaim(first)
    pool.reclaim(small)
    pool.reclaim(new Uint8Array(1 << 20))
    expect(pool.memory(1 << 20).buffer).toBe(first.buffer)
    expect(pool.memory(1 << 20).buffer).not.toBe(first.buffer)
    await pool.close()
  })

  it("fails a call with a buffer that can't be moved, and does those after it", async () => {
    const pool = new SegmentCipherPool(1)
    const gone = new Uint8Array(8)
    structuredClone(gone.buffer, { transfer: [gone.buffer] })
    const unmovable = { ...segment(), plaintext: [gone] }
    await expect(pool.seal(unmovable)).rejects.toThrow(/./)
    expect((await pool.seal(segment())).digest).toHaveLength(32)
    await pool.close()
  })

  it("is busy with two calls a thread", () => {
    expect(new SegmentCipherPool(3).concurrency).toBe(6)
  })

  it("refuses calls when it is closed, and fails those under way", async () => {
    const pool = new SegmentCipherPool(1)
    const underWay = Promise.allSettled(Array.from({ length: 5 }, () => pool.seal(segment())))
    await pool.close()
    expect((await underWay).map(({ status }) => status)).toEqual(Array(5).fill("rejected"))
    await expect(pool.seal(segment())).rejects.toThrow("the cipher pool is closed")
  })
})
