/**
 * How many transfers a second the devnet confirms, from the announcement by REST to the block, beside the bare rate of
 * verifying their signatures: node:crypto over the same bytes with the same keys, in the same process.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { addressOf } from "../../src/crypto/address.ts"
import { publicKeyOf, signBytes, verifyBytes } from "../../src/crypto/ed25519.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"
import type { Figure } from "./figure.ts"

export const name = "devnet"

const GOAL = 0.3
const TRANSFERS = 6000
const SENDERS = 50
/** Each round is a devnet of its own; the median counts. */
const ROUNDS = 5
const NETWORK_BYTE = 0x98
const MESSAGE = 64
const FEE_MULTIPLIER = 100n
const XYM = 1_000_000n

/** A signed transfer as it is announced, and what its signature covers. */
interface Signed {
  readonly payload: string
  readonly signer: Uint8Array
  readonly signedBytes: Uint8Array
  readonly signature: Uint8Array
}

export async function run(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const kind of ["in memory", "on disk"] as const) {
    const rounds: { confirmed: number; verified: number }[] = []
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(kind === "on disk"))
    const median = (pick: (one: (typeof rounds)[number]) => number) =>
      rounds.map(pick).toSorted((a, b) => a - b)[ROUNDS >> 1] as number
    const ratio = median((one) => one.confirmed / one.verified)
    figures.push({
      name: `devnet: ${TRANSFERS} transfers announced and confirmed, ${kind}`,
      value: median((one) => one.confirmed),
      unit: "transfers/s",
      baseline: median((one) => one.verified),
      ratio,
      goal: `≥ ${GOAL} × verifying their signatures`,
      ok: ratio >= GOAL,
    })
  }
  return figures
}

async function round(onDisk: boolean): Promise<{ confirmed: number; verified: number }> {
  const folder = onDisk ? mkdtempSync(join(tmpdir(), "medlake-bench-")) : undefined
  const devnet = await startDevnet(folder ? { folder } : {})
  try {
    const transfers = await prepare(devnet)
    const verified = rate(() => {
      for (const { signer, signedBytes, signature } of transfers) {
        if (!verifyBytes(signer, signedBytes, signature)) throw new Error("a signature is wrong")
      }
    })
    const begun = performance.now()
    for (const { payload } of transfers) {
      await devnet.node.request("PUT", "/transactions", { payload })
    }
    await allConfirmed(devnet)
    const confirmed = (1000 * TRANSFERS) / (performance.now() - begun)
    return { confirmed, verified }
  } finally {
    await devnet.close()
    if (folder) rmSync(folder, { recursive: true })
  }
}

/** Runs `work` over all transfers; how many a second. */
function rate(work: () => void): number {
  const begun = performance.now()
  work()
  return (1000 * TRANSFERS) / (performance.now() - begun)
}

/** Transfers from funded senders, each with a message, in the order in which they are announced. */
async function prepare(devnet: Devnet): Promise<Signed[]> {
  const info = await devnet.node.request("GET", "/node/info")
  const { networkGenerationHashSeed } = info.body as { networkGenerationHashSeed: string }
  const time = await devnet.node.request("GET", "/node/time")
  const { communicationTimestamps } = time.body as {
    communicationTimestamps: { sendTimestamp: string }
  }
  const deadline = BigInt(communicationTimestamps.sendTimestamp) + 3_600_000n
  const senders = Array.from({ length: SENDERS }, (_, i) => {
    const seed = new Uint8Array(32).fill(i + 1)
    const key = publicKeyOf(seed)
    return { seed, key, address: addressOf(key, NETWORK_BYTE) }
  })
  for (const { address } of senders) await devnet.fund(address, 1000n * XYM)
  const network = Buffer.from(networkGenerationHashSeed, "hex")
  return Array.from({ length: TRANSFERS }, (_, i) => {
    const sender = senders[i % SENDERS] as (typeof senders)[number]
    const recipient = senders[(i + 1) % SENDERS] as (typeof senders)[number]
    const bytes = transferBytes(sender.key, recipient.address, devnet.currencyMosaicId)
    bytes.writeBigUInt64LE(deadline + BigInt(i), 120)
    const signedBytes = Buffer.concat([network, bytes.subarray(108)])
    const signature = signBytes(sender.seed, signedBytes)
    bytes.set(signature, 8)
    return { payload: bytes.toString("hex"), signer: sender.key, signedBytes, signature }
  })
}

/** An unsigned transfer of one unit with a message (symbol.md §5.1, §5.2). */
function transferBytes(signer: Uint8Array, recipient: Uint8Array, mosaicId: bigint): Buffer {
  const bytes = Buffer.alloc(128 + 32 + 16 + MESSAGE)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.set(signer, 72)
  bytes.writeUInt8(1, 108)
  bytes.writeUInt8(NETWORK_BYTE, 109)
  bytes.writeUInt16LE(0x4154, 110)
  bytes.writeBigUInt64LE(BigInt(bytes.length) * FEE_MULTIPLIER, 112)
  bytes.set(recipient, 128)
  bytes.writeUInt16LE(MESSAGE, 152)
  bytes.writeUInt8(1, 154)
  bytes.writeBigUInt64LE(mosaicId, 160)
  bytes.writeBigUInt64LE(1n, 168)
  return bytes
}

/** Waits until the devnet holds all transfers beside those that funded the senders. */
async function allConfirmed(devnet: Devnet): Promise<void> {
  for (;;) {
    const { body } = await devnet.node.request("GET", "/node/storage")
    const { numTransactions } = body as { numTransactions: number }
    if (numTransactions === SENDERS + TRANSFERS) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
