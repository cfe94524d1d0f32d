/**
 * Routes about chain, blocks and statements (symbol.md §9.4, §6).
 *
 * @module
 */
import { hexOf } from "../account.ts"
import { statementHash } from "../block.ts"
import type { Chain } from "../chain.ts"
import { type MerkleStep, merklePath } from "../hash.ts"
import { parsePartId } from "../parts.ts"
import type { Receipt } from "../plugins/context.ts"
import { type StoredBlock, storedBlock } from "../rows.ts"
import {
  addressOfText,
  elementsOf,
  hashOf,
  invalid,
  malformed,
  missing,
  numberOf,
  page,
  pageOf,
  pagingOf,
  type RestRequest,
  uintOf,
} from "./request.ts"
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

/** Blocks by harvester and time; this chain has one harvester, who is its own beneficiary. */
export function blocks({ chain, query }: RestRequest) {
  const paging = pagingOf(query, ["id", "height"])
  const { offset, descending, pageSize, pageNumber } = paging
  const { harvester, harvesterKey } = chain.genesis
  const signer = query.get("signerPublicKey")
  const beneficiary = query.get("beneficiaryAddress")
  const isOurs =
    (signer === null || hashOf(signer, "signerPublicKey").equals(harvesterKey)) &&
    (beneficiary === null || addressOfText(beneficiary, "beneficiaryAddress") === harvester)
  const after = offset === undefined ? undefined : heightOfOffset(offset, query.get("orderBy"))
  const from = Math.max(
    firstAt(chain, numberOf(query, "fromTimestamp") ?? 0),
    after === undefined || descending ? 0 : after + 1,
  )
  const toTimestamp = numberOf(query, "toTimestamp")
  const to = Math.min(
    toTimestamp === undefined ? chain.height : firstAt(chain, toTimestamp + 1) - 1,
    after !== undefined && descending ? after - 1 : chain.height,
  )
  const select = `SELECT * FROM block WHERE height >= ? AND height <= ?
    ORDER BY height ${descending ? "DESC" : "ASC"} LIMIT ? OFFSET ?`
  const skipped = (pageNumber - 1) * pageSize
  const rows = isOurs ? chain.store.rows(select, from, to, pageSize, skipped) : []
  return page(
    rows.map((row) => blockShape(storedBlock(row))),
    paging,
  )
}

function heightOfOffset(offset: string, orderBy: string | null): number {
  if (orderBy === "height") return uintOf(offset, "offset")
  const at = parsePartId(offset)
  if (!at) throw malformed("offset")
  return at.height
}

/** Height of the first block at or after a network time; one above the newest when there is none. */
function firstAt({ store, height }: Chain, timestamp: number): number {
  let [low, high] = [1, height + 1]
  while (low < high) {
    const middle = (low + high) >> 1
    const { block } = store.block(middle) ?? {}
    if (block && block.timestamp >= BigInt(timestamp)) high = middle
    else low = middle + 1
  }
  return low
}

export function transactionMerkle(request: RestRequest) {
  const { chain, parameters } = request
  const { block } = requireBlock(request)
  const hash = hashOf(parameters[1] ?? "", "hash")
  const leaves = chain.store
    .transactionsOf(block.height, chain.genesis.seed)
    .map(({ transaction }) => transaction.merkleComponentHash)
  return pathTo(leaves, hash, block.height)
}

export function statementMerkle(request: RestRequest) {
  const { statements, block } = requireBlock(request)
  const hash = hashOf(request.parameters[1] ?? "", "hash")
  return pathTo(statements.map(statementHash), hash, block.height)
}

/** Statements by height, receipt type and the addresses in their receipts. */
export function transactionStatements({ chain, query }: RestRequest) {
  const paging = pagingOf(query)
  const height = numberOf(query, "height")
  const from = height ?? numberOf(query, "fromHeight") ?? 1
  const to = height ?? numberOf(query, "toHeight") ?? chain.height
  const isWanted = receiptFilter(query)
  const rows = chain.store.rows(
    "SELECT * FROM block WHERE height >= ? AND height <= ? AND statements <> '[]' ORDER BY height",
    from,
    to,
  )
  const found = rows.flatMap((row) => {
    const { block, statements } = storedBlock(row)
    return statements
      .map((statement, index) => ({ statement, index }))
      .filter(({ statement }) => statement.receipts.some(isWanted))
      .map(({ statement, index }) => statementShape(statement, block, index))
  })
  return pageOf(found, paging)
}

/** Whether a receipt is what the query asks for; nothing here has an artifact. */
function receiptFilter(query: URLSearchParams): (receipt: Receipt) => boolean {
  const types = new Set(
    elementsOf(query.getAll("receiptType"), "receiptType", (text) => uintOf(text, "receiptType")),
  )
  const address = (name: string) => {
    const text = query.get(name)
    return text === null ? undefined : addressOfText(text, name)
  }
  const wanted = {
    target: address("targetAddress"),
    sender: address("senderAddress"),
    recipient: address("recipientAddress"),
  }
  const fits = (asked: string | undefined, found: string | undefined) =>
    asked === undefined || asked === found
  return ({ type, target, recipient }) => {
    const isTransfer = recipient !== undefined
    return (
      !query.has("artifactId") &&
      (types.size === 0 || types.has(type)) &&
      fits(wanted.target, isTransfer ? undefined : target) &&
      fits(wanted.sender, isTransfer ? target : undefined) &&
      fits(wanted.recipient, recipient)
    )
  }
}

function pathTo(leaves: readonly Buffer[], hash: Buffer, height: number) {
  const index = leaves.findIndex((leaf) => leaf.equals(hash))
  if (index < 0) throw invalid(`hash '${hexOf(hash)}' not included in block height '${height}'`)
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
