/**
 * Routes about chain, blocks and statements (symbol.md §9.4, §6).
 *
 * @module
 */
import { hexOf } from "../account.ts"
import { statementHash } from "../block.ts"
import { type MerkleStep, merklePath } from "../hash.ts"
import { type StoredBlock, storedBlock } from "../rows.ts"
import { hashOf, malformed, missing, page, pagingOf, type RestRequest } from "./request.ts"
import { blockShape, statementShape } from "./shapes.ts"

/** Blocks of a finalization epoch (symbol.md §6.3). */
const VOTING_SET_GROUPING = 1440

/** Where finality stands, as `/chain/info` and the channel `finalizedBlock` tell it. */
export function finalizedShape(height: number, hash: Buffer) {
  return {
    finalizationEpoch: height === 1 ? 1 : Math.floor((height - 2) / VOTING_SET_GROUPING) + 2,
    finalizationPoint: 1,
    height: String(height),
    hash: hexOf(hash),
  }
}

export function chainInfo({ chain }: RestRequest) {
  const final = chain.store.block(chain.finalHeight)
  if (!final) throw new Error("the finalized block is missing")
  return {
    scoreHigh: "0",
    scoreLow: String(chain.height),
    height: String(chain.height),
    latestFinalizedBlock: finalizedShape(chain.finalHeight, final.block.hash),
  }
}

export function blockAt(request: RestRequest) {
  return blockShape(requireBlock(request))
}

export function blocks({ chain, query }: RestRequest) {
  const paging = pagingOf(query)
  const { offset, descending, pageSize, pageNumber } = paging
  const from = offset === undefined ? undefined : Number.parseInt(offset.slice(0, 8), 16)
  const select = `SELECT * FROM block ${from === undefined ? "" : `WHERE height ${descending ? "<" : ">"} ?`}
    ORDER BY height ${descending ? "DESC" : "ASC"} LIMIT ? OFFSET ?`
  const values = from === undefined ? [] : [from]
  const rows = chain.store.rows(select, ...values, pageSize, (pageNumber - 1) * pageSize)
  return page(
    rows.map((row) => blockShape(storedBlock(row))),
    paging,
  )
}

export function transactionMerkle(request: RestRequest) {
  const { chain, parameters } = request
  const { block } = requireBlock(request)
  const hash = hashOf(parameters[1] ?? "", "hash")
  const leaves = chain.store
    .transactionsOf(block.height, chain.genesis.seed)
    .map(({ transaction }) => transaction.merkleComponentHash)
  return pathTo(leaves, hash)
}

export function statementMerkle(request: RestRequest) {
  const { statements } = requireBlock(request)
  const hash = hashOf(request.parameters[1] ?? "", "hash")
  return pathTo(statements.map(statementHash), hash)
}

/** Statements by height and receipt type. */
export function transactionStatements({ chain, query }: RestRequest) {
  const paging = pagingOf(query)
  const height = query.get("height")
  const from = Number(height ?? query.get("fromHeight") ?? 1)
  const to = Number(height ?? query.get("toHeight") ?? chain.height)
  const types = new Set(query.getAll("receiptType").map(Number))
  const rows = chain.store.rows(
    "SELECT * FROM block WHERE height >= ? AND height <= ? AND statements <> '[]' ORDER BY height",
    from,
    to,
  )
  const found = rows.flatMap((row) => {
    const { block, statements } = storedBlock(row)
    return statements
      .map((statement, index) => ({ statement, index }))
      .filter(({ statement }) => isWanted(statement.receipts, types, query))
      .map(({ statement, index }) => statementShape(statement, block, index))
  })
  const ordered = paging.descending ? found.toReversed() : found
  const after = paging.offset
  const rest =
    after === undefined ? ordered : ordered.slice(ordered.findIndex(({ id }) => id === after) + 1)
  const start = (paging.pageNumber - 1) * paging.pageSize
  return page(rest.slice(start, start + paging.pageSize), paging)
}

function isWanted(
  receipts: StoredBlock["statements"][number]["receipts"],
  types: ReadonlySet<number>,
  query: URLSearchParams,
): boolean {
  const target = query.get("targetAddress")
  if (target !== null && !receipts.some((one) => one.target === target)) return false
  return types.size === 0 || receipts.some(({ type }) => types.has(type))
}

function pathTo(leaves: readonly Buffer[], hash: Buffer) {
  const index = leaves.findIndex((leaf) => leaf.equals(hash))
  if (index < 0) throw missing(hexOf(hash))
  const steps = merklePath(leaves, index)
  return { merklePath: steps.map((step: MerkleStep) => ({ ...step, hash: hexOf(step.hash) })) }
}

function requireBlock({ chain, parameters }: RestRequest): StoredBlock {
  const text = parameters[0] ?? ""
  if (!/^\d{1,15}$/.test(text)) throw malformed("height")
  const stored = chain.store.block(Number(text))
  if (!stored) throw missing(text)
  return stored
}
