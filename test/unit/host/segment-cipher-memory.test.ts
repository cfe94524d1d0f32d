import { afterAll, describe, expect, it } from "vitest"
import { IntegrityError } from "../../../src/base/errors.ts"
import { HEADER_LENGTH, SEGMENT_LENGTH, type StreamKey } from "../../../src/crypto/stream.ts"
import { SegmentCipherPool } from "../../../src/host/segment-cipher-pool.ts"

const pool = new SegmentCipherPool(1)
const stream: StreamKey = {
  key: new Uint8Array(32).fill(7),
  prefix: new Uint8Array(7).fill(8),
}
const header = new Uint8Array(HEADER_LENGTH).fill(9)
const LENGTH = SEGMENT_LENGTH - HEADER_LENGTH - 16

afterAll(async () => {
  await pool.close()
})

function filled(value: number, length = LENGTH): Uint8Array {
  return pool.memory(length).fill(value)
}

async function sealed(value: number, length = LENGTH) {
  return await pool.seal({
    stream,
    index: 0,
    last: true,
    header,
    plaintext: [filled(value, length)],
  })
}

describe("SegmentCipherPool's memory", () => {
  it("is used again once it was given back, and not before", async () => {
    const held = await sealed(1)
    const before = held.leaf.slice()
    const others = [await sealed(2), await sealed(3)]
    expect(Buffer.compare(held.leaf, before)).toBe(0)
    const buffers = [held, ...others].map(({ leaf }) => leaf.buffer)
    expect(new Set(buffers).size).toBe(3)
    pool.reclaim(held.leaf)
    const taken = Array.from({ length: 4 }, () => pool.memory(LENGTH).buffer)
    expect(taken).toContain(held.leaf.buffer)
    expect(new Set(taken).size).toBe(4)
  })

  it("takes an array back once, and none that is not its own", async () => {
    const { leaf } = await sealed(4)
    const foreign = new Uint8Array(SEGMENT_LENGTH)
    for (const array of [leaf, leaf, foreign]) pool.reclaim(array)
    const taken = Array.from({ length: 12 }, () => pool.memory(LENGTH).buffer)
    expect(taken.filter((buffer) => buffer === leaf.buffer)).toHaveLength(1)
    expect(taken).not.toContain(foreign.buffer)
  })

  it("seals a short segment in long memory to the bytes it has alone", async () => {
    const long = await sealed(5, LENGTH / 2)
    const alone = await pool.seal({
      stream,
      index: 0,
      last: true,
      header,
      plaintext: [new Uint8Array(LENGTH / 2).fill(5)],
    })
    expect(long.leaf).toHaveLength(HEADER_LENGTH + LENGTH / 2 + 16)
    expect(Buffer.compare(long.leaf, alone.leaf)).toBe(0)
    expect(Buffer.compare(long.digest, alone.digest)).toBe(0)
  })

  it("opens what it sealed, and yields nothing of a segment whose tag is wrong", async () => {
    const { leaf, digest } = await sealed(6)
    const opening = { stream, index: 0, last: true, headerLength: HEADER_LENGTH, digest }
    const opened = await pool.open({ ...opening, leaf: leaf.slice() })
    expect(Buffer.compare(opened, new Uint8Array(LENGTH).fill(6))).toBe(0)
    await expect(pool.open({ ...opening, index: 1, leaf: leaf.slice() })).rejects.toThrow(
      IntegrityError,
    )
    const spare = Array.from({ length: 8 }, () => pool.memory(LENGTH))
    expect(spare.filter((memory) => memory.every((byte) => byte === 6))).toEqual([])
  })
})
