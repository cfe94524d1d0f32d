/**
 * A block from what was executed: harvester's fees, state roots, signed header, rows to store (symbol.md §5.6, §7.12).
 *
 * @module
 */
import { type Block, receiptsHashOf, type Statement, signBlock } from "./block.ts"
import type { Genesis } from "./genesis.ts"
import { merkleRoot } from "./hash.ts"
import { LIMITS } from "./network.ts"
import { involvedIn, partsOf } from "./parts.ts"
import type { PlacedTransaction, StoredBlock } from "./rows.ts"
import type { Change, State } from "./state.ts"
import { type StateTrees, stateHashOf } from "./state-root.ts"
import type { Transaction } from "./transaction.ts"

/** What was executed on the state of the block before. */
export interface Executed {
  readonly height: number
  /** Network time, ms. */
  readonly timestamp: bigint
  readonly feeMultiplier: number
  readonly included: readonly Transaction[]
  readonly statements: readonly Statement[]
  /** Sum of what the transactions paid. */
  readonly fees: bigint
}

/** A signed block with all that the store keeps of it. */
export interface Assembled {
  readonly stored: StoredBlock
  readonly placed: readonly PlacedTransaction[]
  readonly changes: readonly Change[]
}

/** Transactions of the next block: the oldest, as many as fit; an aggregate counts with its embedded ones. */
export function oldestThatFit(waiting: Iterable<Transaction>): Transaction[] {
  const chosen: Transaction[] = []
  let count = 0
  for (const transaction of waiting) {
    const { body } = transaction
    count += 1 + (body.kind === "aggregate" ? body.transactions.length : 0)
    if (count > LIMITS.maxTransactionsPerBlock && chosen.length > 0) break
    chosen.push(transaction)
  }
  return chosen
}

/** Pays the harvester, brings the trees up to date and signs the header. */
export function assemble(
  genesis: Genesis,
  state: State,
  trees: StateTrees,
  previous: Pick<Block, "hash">,
  executed: Executed,
): Assembled {
  const { height, timestamp, feeMultiplier, included, fees } = executed
  const statements = [...genesis.payHarvester(state, height, fees), ...executed.statements]
  const changes = state.takeChanges()
  trees.update(state, changes)
  const roots = trees.roots()
  const fields = {
    height,
    timestamp,
    feeMultiplier,
    previousBlockHash: previous.hash,
    transactionsHash: merkleRoot(included.map((one) => one.merkleComponentHash)),
    receiptsHash: receiptsHashOf(statements),
    stateHash: stateHashOf(roots),
    beneficiary: Buffer.from(genesis.harvester, "hex"),
  }
  const placed = included.map((transaction, place): PlacedTransaction => {
    const parts = partsOf(transaction, height, place)
    return { transaction, parts, involved: involvedIn(transaction, genesis.sink) }
  })
  const stored: StoredBlock = {
    block: signBlock(fields, genesis.harvesterKey, genesis.harvesterSeed),
    roots,
    statements,
    totalFee: fees,
    transactions: included.length,
    parts: placed.reduce((sum, one) => sum + one.parts.length, 0),
  }
  return { stored, placed, changes }
}
