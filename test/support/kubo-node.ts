/**
 * What a Kubo daemon keeps: blocks by CID, and recursive pins.
 *
 * @module
 */
import { createHash } from "node:crypto"
import * as dagPb from "@ipld/dag-pb"
import { UnixFS } from "ipfs-unixfs"
import { CID } from "multiformats/cid"
import { create } from "multiformats/hashes/digest"

const RAW = 0x55
const SHA2_256 = 0x12
/** Kubo before 0.40 refuses larger blocks. */
const LARGEST_BLOCK = 1 << 20

/** A refusal, as Kubo words it. */
export class KuboError extends Error {}

/** A block that only the network could have. */
export class MissingBlock extends Error {}

/** One repository. */
export class KuboNode {
  readonly blocks = new Map<string, Uint8Array>()
  readonly pins = new Set<string>()

  /** Bytes of all blocks. */
  get size(): number {
    return [...this.blocks.values()].reduce((sum, block) => sum + block.length, 0)
  }

  putBlock(block: Uint8Array, codec: string): string {
    const code = { raw: RAW, "dag-pb": dagPb.code, protobuf: dagPb.code }[codec]
    if (code === undefined) throw new KuboError(`unknown multicodec code "${codec}"`)
    if (block.length > LARGEST_BLOCK) {
      throw new KuboError(
        "produced block is over 1MiB: big blocks can't be exchanged with other peers. consider using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override",
      )
    }
    const digest = create(SHA2_256, createHash("sha256").update(block).digest())
    const cid = CID.createV1(code, digest).toString()
    this.blocks.set(cid, block)
    return cid
  }

  block(cid: string): Uint8Array {
    const block = this.blocks.get(parse(cid).toString())
    if (block === undefined) throw new MissingBlock(cid)
    return block
  }

  /** The bytes of a UnixFS file. */
  file(cid: string): Uint8Array {
    const block = this.block(cid)
    if (parse(cid).code === RAW) return block
    return Buffer.concat(dagPb.decode(block).Links.map(({ Hash }) => this.file(Hash.toString())))
  }

  pin(cid: string): void {
    this.file(cid)
    this.pins.add(cid)
  }

  unpin(cid: string): void {
    parse(cid)
    if (!this.pins.delete(cid)) throw new KuboError("not pinned or pinned indirectly")
  }

  listPins(cid: string): { Cid: string; Type: string }[] {
    if (cid === "") return [...this.pins].map((Cid) => ({ Cid, Type: "recursive" }))
    if (!this.pins.has(parse(cid).toString())) throw new KuboError(`path '${cid}' is not pinned`)
    return [{ Cid: cid, Type: "recursive" }]
  }

  /** Pins an empty folder, as another program on the same daemon might. */
  pinFolder(): string {
    const folder = dagPb.prepare({ Data: new UnixFS({ type: "directory" }).marshal(), Links: [] })
    const cid = this.putBlock(dagPb.encode(folder), "dag-pb")
    this.pins.add(cid)
    return cid
  }
}

function parse(cid: string): CID {
  try {
    return CID.parse(cid)
  } catch {
    throw new KuboError(`invalid path "${cid}": path does not have enough components`)
  }
}
