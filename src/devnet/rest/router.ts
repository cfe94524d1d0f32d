/**
 * The REST API as one function: the same for a socket and for callers in this process.
 *
 * @module
 */
import type { Chain } from "../chain.ts"
import * as chainRoutes from "./chain-routes.ts"
import { faucet, fund } from "./faucet.ts"
import * as networkRoutes from "./network-routes.ts"
import { type RestAnswer, RestError, type RestRequest } from "./request.ts"
import * as stateRoutes from "./state-routes.ts"
import * as transactionRoutes from "./transaction-routes.ts"

type Handler = (request: RestRequest) => unknown

/** Every route: method, path with `*` for a parameter, handler. */
export const ROUTES: readonly (readonly [string, string, Handler])[] = [
  ["GET", "/node/info", networkRoutes.nodeInfo],
  ["GET", "/node/health", networkRoutes.nodeHealth],
  ["GET", "/node/server", networkRoutes.nodeServer],
  ["GET", "/node/time", networkRoutes.nodeTime],
  ["GET", "/node/storage", networkRoutes.nodeStorage],
  ["GET", "/node/peers", () => []],
  ["GET", "/node/unlockedaccount", () => ({ unlockedAccount: [] })],
  ["GET", "/network", networkRoutes.network],
  ["GET", "/network/properties", networkRoutes.networkProperties],
  ["GET", "/network/fees/transaction", networkRoutes.transactionFees],
  ["GET", "/network/fees/rental", networkRoutes.rentalFees],
  ["GET", "/chain/info", chainRoutes.chainInfo],
  ["GET", "/blocks", chainRoutes.blocks],
  ["GET", "/blocks/*", chainRoutes.blockAt],
  ["GET", "/blocks/*/transactions/*/merkle", chainRoutes.transactionMerkle],
  ["GET", "/blocks/*/statements/*/merkle", chainRoutes.statementMerkle],
  ["GET", "/statements/transaction", chainRoutes.transactionStatements],
  ["PUT", "/transactions", transactionRoutes.announce],
  ["GET", "/transactions/*", transactionRoutes.search],
  ["POST", "/transactions/*", transactionRoutes.transactionsById],
  ["GET", "/transactions/*/*", transactionRoutes.transactionById],
  ["GET", "/transactionStatus/*", transactionRoutes.status],
  ["POST", "/transactionStatus", transactionRoutes.statuses],
  ["GET", "/accounts", stateRoutes.accounts],
  ["POST", "/accounts", stateRoutes.accountsById],
  ["GET", "/accounts/*", stateRoutes.account],
  ["GET", "/accounts/*/merkle", stateRoutes.accountMerkle],
  ["GET", "/account/*/multisig", stateRoutes.multisig],
  ["GET", "/account/*/multisig/graph", stateRoutes.multisigGraph],
  ["GET", "/account/*/multisig/merkle", stateRoutes.multisigMerkle],
  ["GET", "/mosaics", stateRoutes.mosaics],
  ["POST", "/mosaics", stateRoutes.mosaicsById],
  ["GET", "/mosaics/*", stateRoutes.mosaic],
  ["GET", "/mosaics/*/merkle", stateRoutes.mosaicMerkle],
  ["GET", "/metadata", stateRoutes.metadata],
  ["POST", "/metadata", stateRoutes.metadataByHashes],
  ["GET", "/metadata/*", stateRoutes.metadataByHash],
  ["GET", "/metadata/*/merkle", stateRoutes.metadataMerkle],
  ["POST", "/namespaces/mosaic/names", stateRoutes.mosaicNames],
  ["POST", "/namespaces/account/names", stateRoutes.accountNames],
  ["GET", "/devnet/faucet", faucet],
  ["POST", "/devnet/faucet", fund],
]

/** Routes by method and count of segments, so that few patterns are tried. */
const BY_SHAPE = new Map<
  string,
  { readonly segments: readonly string[]; readonly handler: Handler }[]
>()
for (const [method, path, handler] of ROUTES) {
  const segments = path.split("/").slice(1)
  const shape = `${method} ${segments.length}`
  BY_SHAPE.set(shape, [...(BY_SHAPE.get(shape) ?? []), { segments, handler }])
}

/** Answers one request; `target` is the path with its query. */
export function answer(chain: Chain, method: string, target: string, body: unknown): RestAnswer {
  const [path = "", query = ""] = target.split("?", 2)
  const asked = path.split("/").slice(1).map(decodeSegment)
  try {
    const route = match(method, asked)
    if (!route) throw new RestError(404, "ResourceNotFound", `${path} does not exist`)
    const request = { chain, parameters: route.parameters, query: new URLSearchParams(query), body }
    return { status: method === "PUT" ? 202 : 200, body: route.handler(request) }
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    return { status: error.status, body: { code: error.code, message: error.message } }
  }
}

function match(method: string, asked: readonly string[]) {
  const isPath = (segments: readonly string[]) =>
    segments.every((segment, i) => segment === "*" || segment === asked[i])
  const fixed = (segments: readonly string[]) => segments.filter((one) => one !== "*").length
  const fitting = (BY_SHAPE.get(`${method} ${asked.length}`) ?? [])
    .filter(({ segments }) => isPath(segments))
    .toSorted((a, b) => fixed(b.segments) - fixed(a.segments))
  const [route] = fitting
  return route && { ...route, parameters: asked.filter((_, i) => route.segments[i] === "*") }
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
