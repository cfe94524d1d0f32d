import {
  appendFile,
  mkdtemp,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import { IntegrityError, InvalidInputError } from "../../../src/base/errors.ts"
import { piecesOf } from "../../../src/dicom/source.ts"
import { fileSource } from "../../../src/host/file-source.ts"

const LENGTH = (1 << 20) * 2 + 12_345
let folder: string
let path: string
const bytes = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 7 + (i >> 9)) & 0xff)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "medlake-source-"))
  path = join(folder, "file.dcm")
  await writeFile(path, bytes)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A lent piece is copied before the next one is asked for. */
async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = []
  for await (const piece of pieces) copies.push(piece.slice())
  return concat(...copies)
}

describe("fileSource", () => {
  it("reads any range, and no further than the file", async () => {
    const source = await fileSource(path)
    expect(source.size).toBe(LENGTH)
    for (const [start, end] of [
      [0, 1],
      [1 << 20, (1 << 20) + 5],
      [LENGTH - 3, LENGTH + 10],
    ] as const) {
      const read = await source.read(start, end)
      expect(Buffer.compare(read, bytes.subarray(start, end))).toBe(0)
    }
  })

  it("streams the whole file from any place", async () => {
    for (const start of [0, 1, 1 << 20, LENGTH - 1, LENGTH]) {
      const streamed = await gathered(piecesOf(await fileSource(path), start))
      expect(Buffer.compare(streamed, bytes.subarray(start))).toBe(0)
    }
  })

  it("lends each of two streams memory of its own", async () => {
    const source = await fileSource(path)
    const [one, other] = [piecesOf(source), piecesOf(source, 1 << 20)]
    const first = (await one.next()).value as Uint8Array
    const second = (await other.next()).value as Uint8Array
    expect(Buffer.compare(first, bytes.subarray(0, 1 << 20))).toBe(0)
    expect(Buffer.compare(second, bytes.subarray(1 << 20, 2 << 20))).toBe(0)
    await one.return(undefined)
    await other.return(undefined)
  })

  it.for<[string, (file: string) => Promise<void>]>([
    ["cut", (file) => truncate(file, 400)],
    ["grown", (file) => appendFile(file, "more")],
    [
      "written anew at the same length",
      async (file) => {
        await writeFile(file, bytes.subarray(1, 1001))
        await utimes(file, 1, 1)
      },
    ],
    [
      "replaced by another file of the same length and time",
      async (file) => {
        const { atime, mtime } = await stat(file)
        await writeFile(`${file}.new`, bytes.subarray(1, 1001))
        await utimes(`${file}.new`, atime, mtime)
        await rename(`${file}.new`, file)
      },
    ],
  ])("refuses a file that was %s meanwhile", async ([, change]) => {
    const changed = join(folder, "changed.dcm")
    await writeFile(changed, bytes.subarray(0, 1000))
    const source = await fileSource(changed)
    await change(changed)
    await expect(source.read(0, 1000)).rejects.toThrow(IntegrityError)
    await expect(gathered(piecesOf(source))).rejects.toThrow(IntegrityError)
  })

  it("does not end well when the file changes while it is streamed", async () => {
    const changed = join(folder, "streamed.dcm")
    await writeFile(changed, bytes)
    const pieces = piecesOf(await fileSource(changed))
    let seen = 0
    const read = async () => {
      for await (const piece of pieces) {
        if (seen === 0) await appendFile(changed, "more")
        seen += piece.length
      }
    }
    await expect(read()).rejects.toThrow(IntegrityError)
    expect(seen).toBe(bytes.length)
  })

  it("refuses a path where there is nothing, also when the file went meanwhile", async () => {
    const gone = join(folder, "gone.dcm")
    await expect(fileSource(gone)).rejects.toThrow(InvalidInputError)
    await writeFile(gone, bytes.subarray(0, 10))
    const source = await fileSource(gone)
    await rm(gone)
    await expect(source.read(0, 10)).rejects.toThrow(InvalidInputError)
    await expect(gathered(piecesOf(source))).rejects.toThrow(InvalidInputError)
  })
})
