import { Hash256 } from "symbol-sdk"
import { deserializePatriciaTreeNodes, provePatriciaMerkle } from "symbol-sdk/symbol"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { IntegrityError } from "../../src/base/errors.ts"
import { lookUp } from "../../src/ledger/patricia.ts"
import type { Party } from "./parties.ts"
import { base32, Stage, XYM } from "./stage.ts"
import {
  accountLeaf,
  hexBytes,
  type Leaf,
  metadataLeaf,
  mosaicLeaf,
  multisigLeaf,
  rootOf,
  valueHash,
} from "./state-tree.ts"
import {
  definitionOf,
  hashOf,
  merkleRoot,
  metadataOf,
  mosaicIdOf,
  multisigOf,
  type Part,
  sha3,
  supplyOf,
  transferOf,
  u16,
  u32,
  u64,
} from "./wire.ts"

type Json = Readonly<Record<string, unknown>>
interface BlockJson {
  readonly meta: { readonly stateHashSubCacheMerkleRoots: string[]; readonly hash: string }
  readonly block: Json & { readonly stateHash: string }
}
/** Results of the SDK's `provePatriciaMerkle`. */
const [PRESENT, ABSENT, PATH_MISMATCH] = [0x0001, 0x0002, 0x8005]
/** Places among the nine roots. */
const ROOT = { account: 0, mosaic: 2, multisig: 3, metadata: 8 } as const

let stage: Stage
/** Everybody of the story; the first is a multisig account in the end. */
let people: Party[]
beforeAll(() => {
  stage = new Stage()
  people = tell(stage)
})
afterAll(() => stage.close())

/** Changes of every kind: mosaics of several accounts, three levels of multisig, metadata written, changed and removed. */
function tell(on: Stage): Party[] {
  const [alice, bob, carol, dave] = on.rich(4) as [Party, Party, Party, Party]
  for (const [i, owner] of [alice, bob, alice, carol].entries()) {
    const id = mosaicIdOf(owner, i)
    const parts = [definitionOf(id, i, { flags: i, divisibility: i }), supplyOf(id, 1000n)]
    const gift = transferOf(dave.address, [{ id, amount: BigInt(i + 1) }])
    const all = [...parts, gift].map((part): Part => ({ signer: owner, ...part }))
    on.confirm(on.aggregate([owner], all))
  }
  for (const n of [1n, 2n, 3n, 4n, 5n]) {
    const write = metadataOf(bob, n, Buffer.alloc(Number(n) * 7, Number(n)))
    on.confirm(on.aggregate([alice, bob], [{ signer: alice, ...write }]))
  }
  const remove = metadataOf(bob, 3n, Buffer.alloc(21, 3), -21)
  on.confirm(on.aggregate([alice, bob], [{ signer: alice, ...remove }]))
  const [top, middle] = on.rich(2) as [Party, Party]
  const below = { signer: middle, ...multisigOf(1, 1, [bob, carol]) }
  on.confirm(on.aggregate([middle, bob, carol], [below]))
  const above = { signer: top, ...multisigOf(2, 2, [middle, dave]) }
  on.confirm(on.aggregate([top, bob, dave], [above]))
  // The last cosignatory of another account goes again: its entry must be gone.
  const [fleeting] = on.rich(1) as [Party]
  on.confirm(on.aggregate([fleeting, dave], [{ signer: fleeting, ...multisigOf(1, 1, [dave]) }]))
  on.confirm(on.aggregate([dave], [{ signer: fleeting, ...multisigOf(-1, -1, [], [dave]) }]))
  return [top, middle, alice, bob, carol, dave, fleeting]
}

function block(height = stage.chain.height): BlockJson {
  return stage.get(`/blocks/${height}`) as BlockJson
}

function listed(path: string, name: string): Json[] {
  const { data } = stage.get(`${path}?pageSize=100`) as { data: Json[] }
  return data.map((one) => one[name] as Json)
}

/** Every entry of the state, as REST tells it. */
function leaves(): Record<keyof typeof ROOT, Leaf[]> {
  const { currency } = stage.chain.genesis
  const multisigs = people.flatMap(({ address }) => {
    const { status, body } = stage.request("GET", `/account/${base32(address)}/multisig`)
    return status === 200 ? [(body as { multisig: Json }).multisig] : []
  })
  return {
    account: listed("/accounts", "account").map((one) => accountLeaf(one, currency)),
    mosaic: listed("/mosaics", "mosaic").map(mosaicLeaf),
    multisig: multisigs.map(multisigLeaf),
    metadata: listed("/metadata", "metadataEntry").map(metadataLeaf),
  }
}

describe("the state hash of a block", () => {
  it("is what REST's own entries hash to", () => {
    const all = leaves()
    const counts = Object.values(all).map(({ length }) => length)
    expect(counts).toEqual([10, 5, 5, 4])
    const zero: Buffer = Buffer.alloc(32)
    const roots: Buffer[] = Array.from({ length: 9 }, () => zero)
    for (const [name, place] of Object.entries(ROOT)) {
      roots[place] = rootOf(all[name as keyof typeof ROOT])
    }
    const { meta, block: header } = block()
    expect(meta.stateHashSubCacheMerkleRoots).toEqual(
      roots.map((root) => root.toString("hex").toUpperCase()),
    )
    expect(header.stateHash).toBe(
      sha3(...roots)
        .toString("hex")
        .toUpperCase(),
    )
  })

  it("is the one before again when the blocks between are undone", () => {
    const twin = new Stage()
    try {
      tell(twin)
      const before = twin.block().block.stateHash
      const height = twin.chain.height
      const [alice] = twin.rich(1) as [Party]
      expect(twin.block().block.stateHash).not.toBe(before)
      twin.chain.undo(twin.chain.height - height, true)
      expect(twin.block().block.stateHash).toBe(before)
      twin.mine()
      twin.fund(alice.address, XYM)
      expect(twin.block().block.stateHash).not.toBe(before)
    } finally {
      twin.close()
    }
  })
})

describe("a state proof", () => {
  const paths = {
    account: (key: Uint8Array) => `/accounts/${base32(key)}/merkle`,
    mosaic: (key: Uint8Array) =>
      `/mosaics/${Buffer.from(key.toReversed()).toString("hex").toUpperCase()}/merkle`,
    multisig: (key: Uint8Array) => `/account/${base32(key)}/multisig/merkle`,
    metadata: (key: Uint8Array) =>
      `/metadata/${Buffer.from(key).toString("hex").toUpperCase()}/merkle`,
  } as const

  function rawOf(name: keyof typeof ROOT, key: Uint8Array): Buffer {
    return hexBytes((stage.get(paths[name](key)) as { raw: string }).raw)
  }

  function nodesOf(raw: Uint8Array) {
    return deserializePatriciaTreeNodes(new Uint8Array(raw))
  }

  function addressOfHash(hash: Buffer): Buffer {
    const address = Buffer.concat([Buffer.of(0x98), hash.subarray(0, 20)])
    return Buffer.concat([address, sha3(address).subarray(0, 3)])
  }

  /** What the SDK says of a proof. */
  function judged(key: Uint8Array, value: Uint8Array, raw: Uint8Array): number {
    const { meta, block: header } = block()
    const hash = (bytes: Uint8Array<ArrayBuffer> | string) => new Hash256(bytes)
    return provePatriciaMerkle(
      hash(new Uint8Array(sha3(key))),
      hash(new Uint8Array(value)),
      nodesOf(raw),
      hash(header.stateHash),
      meta.stateHashSubCacheMerkleRoots.map(hash),
    )
  }

  /**
   * The SDK puts a branch's link before the branch's own path, where catapult's tree has the path first, so it misreads
   * every proof that goes through a branch with a path.
   */
  it("of every entry convinces the SDK, and of none that is not there", () => {
    let [seen, straight] = [0, 0]
    for (const [name, entries] of Object.entries(leaves())) {
      for (const leaf of entries) {
        const raw = rawOf(name as keyof typeof ROOT, leaf.key)
        const isStraight = nodesOf(raw).every((node) => "value" in node || node.path.size === 0)
        const verdict = judged(leaf.key, valueHash(leaf), raw)
        expect(verdict).toBe(isStraight ? PRESENT : PATH_MISMATCH)
        straight += isStraight ? 1 : 0
        expect(judged(leaf.key, sha3(Buffer.of(1)), raw)).not.toBe(PRESENT)
        seen += 1
      }
    }
    expect(seen).toBe(24)
    expect(straight).toBeGreaterThan(15)
    let dead = 0
    for (let n = 1; n <= 40; n++) {
      const nowhere = sha3(Buffer.of(n))
      const raw = rawOf("metadata", nowhere)
      // The SDK takes a dead end of a branch for a proof, but no other leaf in the key's place.
      if (nodesOf(raw).some((node) => "value" in node || node.path.size > 0)) continue
      expect(judged(nowhere, sha3(), raw)).toBe(ABSENT)
      dead += 1
    }
    expect(dead).toBeGreaterThan(10)
  })

  it("convinces the client of every value and of every absence", () => {
    const roots = block().meta.stateHashSubCacheMerkleRoots.map(hexBytes)
    const [, , alice] = people as [Party, Party, Party]
    for (const [name, entries] of Object.entries(leaves())) {
      const kind = name as keyof typeof ROOT
      const root = roots[ROOT[kind]] as Buffer
      for (const leaf of entries) {
        const found = lookUp(root, leaf.key, rawOf(kind, leaf.key))
        expect(Buffer.compare(found as Uint8Array, valueHash(leaf))).toBe(0)
      }
    }
    const multisigRoot = roots[ROOT.multisig] as Buffer
    expect(lookUp(multisigRoot, alice.address, rawOf("multisig", alice.address))).toBeUndefined()
    // Catapult goes on behind a branch whose path does not fit the key: that branch has decided already.
    let decided = 0
    for (let n = 1; n <= 200; n++) {
      const nowhere = sha3(Buffer.of(n))
      const raw = rawOf("account", addressOfHash(nowhere))
      const last = nodesOf(raw).at(-1)
      const root = roots[ROOT.account] as Buffer
      expect(lookUp(root, addressOfHash(nowhere), raw)).toBeUndefined()
      if (!last || "value" in last || last.path.size === 0) continue
      const longer = Buffer.concat([raw, rawOf("account", alice.address)])
      expect(lookUp(root, addressOfHash(nowhere), longer)).toBeUndefined()
      decided += 1
    }
    expect(decided).toBeGreaterThan(0)
  })

  it("is refused with any byte of it changed, cut at any place, or longer", () => {
    const roots = block().meta.stateHashSubCacheMerkleRoots.map(hexBytes)
    const outcomes: unknown[] = []
    for (const [name, [leaf]] of Object.entries(leaves())) {
      const kind = name as keyof typeof ROOT
      const { key } = leaf as Leaf
      const root = roots[ROOT[kind]] as Buffer
      const raw = rawOf(kind, key)
      const tryOut = (bytes: Uint8Array) => {
        try {
          outcomes.push(lookUp(root, key, bytes))
        } catch (error) {
          outcomes.push(error)
        }
      }
      for (let at = 0; at < raw.length; at++) {
        for (const bits of [0x80, 0x11]) {
          const altered = Buffer.from(raw)
          altered[at] = (altered[at] as number) ^ bits
          tryOut(altered)
        }
        tryOut(raw.subarray(0, at))
      }
      tryOut(Buffer.concat([raw, Buffer.of(0)]))
      tryOut(Buffer.concat([raw, raw]))
    }
    expect(outcomes.length).toBeGreaterThan(3000)
    expect(outcomes.filter((one) => !(one instanceof IntegrityError))).toEqual([])
  })

  it("of another tree, another key or another block is refused", () => {
    const roots = block().meta.stateHashSubCacheMerkleRoots.map(hexBytes)
    const [account, other] = leaves().account as [Leaf, Leaf]
    const multisig = leaves().multisig[0] as Leaf
    const [accounts, multisigs] = [roots[ROOT.account], roots[ROOT.multisig]] as [Buffer, Buffer]
    expect(() => lookUp(multisigs, account.key, rawOf("account", account.key))).toThrow(
      IntegrityError,
    )
    expect(() => lookUp(accounts, multisig.key, rawOf("multisig", multisig.key))).toThrow(
      IntegrityError,
    )
    const before = hexBytes(block(stage.chain.height - 1).meta.stateHashSubCacheMerkleRoots[0])
    expect(() => lookUp(before, account.key, rawOf("account", account.key))).toThrow(IntegrityError)
    const foreign = () => lookUp(accounts, account.key, rawOf("account", other.key))
    expect(foreign).toThrow(IntegrityError)
  })
})

describe("the hashes of a block", () => {
  it("cover its transactions, cosigners in their order included", () => {
    const [, , alice, bob] = people as [Party, Party, Party, Party]
    const pay = (from: Party, to: Party) => ({ signer: from, ...transferOf(to.address) })
    const sent = [
      stage.single(alice, transferOf(bob.address)),
      stage.aggregate([alice, bob], [pay(alice, bob), pay(bob, alice)]),
      stage.single(bob, transferOf(alice.address)),
      stage.aggregate([bob], [pay(bob, alice)]),
      stage.aggregate([bob, alice], [pay(alice, bob), pay(bob, alice)]),
    ]
    for (const bytes of sent) stage.announce(bytes)
    const height = stage.mine()
    const leafOf = (bytes: Buffer) => {
      const hash = hashOf(bytes, stage.seed)
      const isAggregate = bytes.readUInt16LE(110) === 0x4141
      const end = isAggregate ? 168 + bytes.readUInt32LE(160) : bytes.length
      const cosigners: Buffer[] = []
      for (let at = end; at < bytes.length; at += 104)
        cosigners.push(bytes.subarray(at + 8, at + 40))
      return cosigners.length === 0 ? hash : sha3(hash, ...cosigners)
    }
    const root = merkleRoot(sent.map(leafOf))
    expect(block(height).block["transactionsHash"]).toBe(root.toString("hex").toUpperCase())
    // Each path leads from its leaf to that root.
    for (const bytes of sent) {
      const leaf = leafOf(bytes)
      const path = `/blocks/${height}/transactions/${leaf.toString("hex").toUpperCase()}/merkle`
      const { merklePath } = stage.get(path) as { merklePath: { hash: string; position: string }[] }
      const folded = merklePath.reduce(
        (at, { hash, position }) =>
          position === "left" ? sha3(hexBytes(hash), at) : sha3(at, hexBytes(hash)),
        leaf,
      )
      expect(folded.equals(root)).toBe(true)
      expect(merklePath.length).toBe(3)
    }
  })

  it("cover its statements: the harvester's fee and each rental fee", () => {
    const [owner] = stage.rich(1) as [Party]
    const ids = [0, 1].map((nonce) => mosaicIdOf(owner, nonce))
    const parts = ids.map((id, nonce) => ({ signer: owner, ...definitionOf(id, nonce) }))
    const plain = stage.single(owner, transferOf(owner.address))
    const defining = stage.aggregate([owner], parts)
    stage.announce(plain)
    stage.announce(defining)
    const height = stage.mine()
    const { harvester, sink, currency } = stage.chain.genesis
    const statement = (primary: number, secondary: number, ...receipt: Uint8Array[]) =>
      sha3(u16(1), u16(0xe143), u32(primary), u32(secondary), ...receipt)
    const [mosaic, from] = [u64(BigInt(`0x${currency}`)), Buffer.from(owner.address)]
    const multiplier = BigInt(block(height).block["feeMultiplier"] as number)
    const fees = multiplier * BigInt(plain.length + defining.length)
    const rental = [u16(1), u16(0x124d), mosaic, u64(50n * XYM), from, hexBytes(sink)]
    const harvest = [u16(1), u16(0x2143), mosaic, u64(fees), hexBytes(harvester)]
    const root = merkleRoot([
      statement(0, 0, ...harvest),
      statement(2, 1, ...rental),
      statement(2, 2, ...rental),
    ])
    expect(block(height).block["receiptsHash"]).toBe(root.toString("hex").toUpperCase())
  })

  it("are signed with the rest of the header by the harvester, and chain each to the last", () => {
    let previous: Buffer = Buffer.alloc(32)
    for (let height = 1; height <= stage.chain.height; height++) {
      const { block: header, meta } = block(height)
      const { bytes } = stage.chain.store.block(height)?.block ?? { bytes: Buffer.alloc(0) }
      const end = height === 1 ? bytes.length : 372
      const signer = hexBytes(header["signerPublicKey"])
      const signed = bytes.subarray(108, end)
      const hash = sha3(hexBytes(header["signature"]), signer, signed)
      expect(meta.hash).toBe(hash.toString("hex").toUpperCase())
      expect(header["previousBlockHash"]).toBe(previous.toString("hex").toUpperCase())
      previous = hash
    }
    expect(stage.chain.height).toBeGreaterThan(20)
  })
})
