/**
 * Values, their names and their sources for tests of stores. Names come from `ipfs-unixfs-importer`, so that they check ours.
 *
 * @module
 */
import { importBytes } from "ipfs-unixfs-importer"
import { fixedSize } from "ipfs-unixfs-importer/chunker"
import { balanced } from "ipfs-unixfs-importer/layout"
import type { BlobSource } from "../../storage/blob-store.ts"

/** Length of a leaf. */
export const LEAF = 1 << 20

/** Bytes that differ by position and by `seed`: a shifted or swapped piece is seen. */
export function patterned(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed * 2_654_435_761 + 1
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** The blocks that `unixfs-v1-2025` makes of some bytes, leaves first, and the name of the root. */
export async function blocksOf(
  bytes: Uint8Array,
): Promise<{ key: string; blocks: Map<string, Uint8Array> }> {
  const blocks = new Map<string, Uint8Array>()
  const keep = {
    put: async (cid: { toString(): string }, block: Uint8Array) => {
      blocks.set(cid.toString(), block.slice())
      return cid
    },
  }
  const { cid } = await importBytes(bytes, keep as unknown as Parameters<typeof importBytes>[1], {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: LEAF }),
    layout: balanced({ maxChildrenPerNode: 1024 }),
  })
  return { key: cid.toString(), blocks }
}

/** The name of some bytes. */
export async function nameOf(bytes: Uint8Array): Promise<string> {
  return (await blocksOf(bytes)).key
}

/** A source over bytes in memory, in pieces of `length`; counts how often it was opened. */
export function sourceOf(
  bytes: Uint8Array,
  length = LEAF,
): BlobSource & { readonly opened: number } {
  let opened = 0
  return {
    size: bytes.length,
    get opened() {
      return opened
    },
    async *open() {
      opened++
      for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length)
    },
  }
}

/** A source that announces `size`, yields the given bytes, and then does something else than ending. */
export function sourceThen(bytes: Uint8Array, size: number, then: () => Promise<void>): BlobSource {
  return {
    size,
    async *open() {
      for (let at = 0; at < bytes.length; at += LEAF) yield bytes.slice(at, at + LEAF)
      await then()
    },
  }
}

/** A promise that never settles. */
export const never = (): Promise<void> => new Promise(() => undefined)

/** The error that a promise rejects with; fails when it does not. */
export async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  throw new Error("expected a rejection")
}
