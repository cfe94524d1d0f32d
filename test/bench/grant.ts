/**
 * What granting and revoking put on the chain in a vault of 10, 1 000 and 100 000 records: transactions and bytes, beside those of the
 * vault of 10; and how many records phone and agent read meanwhile. Everything is real but the records' blobs, which are missing.
 *
 * @module
 */
import { equal } from "../../src/base/bytes.ts"
import { grant, revoke } from "../../src/lake/grant.ts"
import type { Enacted } from "../../src/lake/register-act.ts"
import { slotOf } from "../../src/vault/slot.ts"
import {
  admitHospital,
  createVault,
  type Hospital,
  newMember,
  type Patient,
  startWorld,
  type World,
} from "../support/world.ts"
import type { Figure } from "./figure.ts"
import { addRecords, FIRST, LAST } from "./vault-records.ts"

export const name = "grant"

const BASELINE = 10
const SIZES = [1000, 100_000] as const

/** What an act came to. */
interface Cost {
  /** The aggregates that the chain took, and the transactions in them. */
  readonly transactions: number
  /** Of the aggregate, cosignatures counted. */
  readonly bytes: number
}

/** What both acts came to in a vault. */
interface Costs {
  readonly grant: Cost
  readonly revoke: Cost
  /** Records' transfers and objects that anybody read meanwhile. */
  readonly read: number
}

/** One vault that grows: what an act costs must not grow with it. */
export async function run(): Promise<Figure[]> {
  const world = await startWorld()
  try {
    return await measureAll(await openVault(world))
  } finally {
    await world.close()
  }
}

async function measureAll(opened: Opened): Promise<Figure[]> {
  const few = await measure(opened, BASELINE)
  const figures: Figure[] = [readFigure(BASELINE, few.read)]
  for (const count of SIZES) {
    const many = await measure(opened, count)
    for (const act of ["grant", "revoke"] as const) {
      for (const unit of ["transactions", "bytes"] as const) {
        figures.push(figureOf(`${act}: ${unit}, ${count} records`, unit, many[act], few[act]))
      }
    }
    figures.push(readFigure(count, many.read))
  }
  return figures
}

function figureOf(title: string, unit: keyof Cost, many: Cost, few: Cost): Figure {
  const ratio = many[unit] / few[unit]
  const goal = `= 1 × those of ${BASELINE} records`
  return { name: title, value: many[unit], unit, baseline: few[unit], ratio, goal, ok: ratio === 1 }
}

function readFigure(count: number, read: number): Figure {
  const title = `grant and revoke: reads of ${count} records`
  const own = { baseline: null, ratio: null, goal: "0 reads", ok: read === 0 }
  return { name: title, value: read, unit: "reads", ...own }
}

/** A vault with one grantee that stays, and one that comes and goes. */
interface Opened {
  readonly world: World
  readonly patient: Patient
  readonly hospital: Hospital
  readonly leaves: Uint8Array
  /** Objects of the records there are. */
  readonly names: Set<string>
  /** How many records, or objects of them, were read. */
  readonly reads: () => number
  records: number
}

async function openVault(world: World): Promise<Opened> {
  const patient = await createVault(world)
  const hospital = await admitHospital(world, patient)
  const stays = await newMember(world, patient, "Dr. A")
  const leaves = await newMember(world, patient, "Dr. B")
  await giveAll(world, patient, stays.card.bytes)
  const names = new Set<string>()
  const reads = countReads(world, patient, names)
  return { world, patient, hospital, leaves: leaves.card.bytes, names, reads, records: 0 }
}

/** Grants and revokes once the vault holds so many records. */
async function measure(opened: Opened, count: number): Promise<Costs> {
  const { world, patient, hospital, leaves, names, reads } = opened
  const added = await addRecords(world, patient, hospital, { from: opened.records, to: count })
  for (const one of added) names.add(one)
  opened.records = count
  const before = reads()
  const given = await costOf(world, () => giveAll(world, patient, leaves))
  const ended = await costOf(world, async () => {
    const vault = await patient.open()
    const grants = vault.file.grants.filter(({ card }) => equal(card, leaves))
    const wanted = { grants: grants.map(({ id }) => id), seats: [] }
    return await revoke(world.context, patient.tools, vault, wanted)
  })
  const read = reads() - before
  await requireCounted(world, patient, names, reads)
  return { grant: given, revoke: ended, read }
}

async function giveAll(world: World, patient: Patient, card: Uint8Array) {
  const range = { from: slotOf(FIRST).slot, to: slotOf(LAST).slot }
  const wanted = { card, capability: "read" as const, range, until: 0, purpose: "treatment" }
  return await grant(world.context, patient.tools, await patient.open(), wanted)
}

async function costOf(world: World, work: () => Promise<{ act: Enacted }>): Promise<Cost> {
  const before = await onChain(world)
  const { act } = await work()
  const aggregates = (await onChain(world)) - before
  const aggregate = await world.ledger.aggregate(act.hash)
  if (!aggregate) throw new Error("the act is not on the chain")
  return { transactions: aggregates + aggregate.instructions.length, bytes: act.size }
}

/** Transactions on the chain, those in aggregates not counted. */
async function onChain({ devnet }: World): Promise<number> {
  const { body } = await devnet.node.request("GET", "/node/storage")
  return (body as { numTransactions: number }).numTransactions
}

/**
 * Counts from now on what phone and agent read of records: transfers of the vault by the ledger that both use, objects in the store behind
 * the server.
 * @returns how many there were
 */
function countReads(world: World, patient: Patient, names: ReadonlySet<string>): () => number {
  const { ledger, stores } = world
  let count = 0
  const transfers = ledger.transfers.bind(ledger)
  ledger.transfers = async function* (query) {
    for await (const one of transfers(query)) {
      if (equal(one.signer, patient.accounts.vault)) count++
      yield one
    }
  }
  const get = stores.control.get.bind(stores.control)
  stores.control.get = (key, ...rest) => {
    if (names.has(key)) count++
    return get(key, ...rest)
  }
  return () => count
}

/** Reads one record, so that a counter which sees nothing is found out. */
async function requireCounted(
  { ledger, stores }: World,
  { accounts }: Patient,
  names: ReadonlySet<string>,
  reads: () => number,
): Promise<void> {
  const before = reads()
  for await (const _ of stores.control.get([...names][0] as string)) break
  const query = { recipient: accounts.id.register, signer: accounts.vault }
  for await (const _ of ledger.transfers(query)) break
  if (reads() !== before + 2) throw new Error("reads of records are not counted")
}
