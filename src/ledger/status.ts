/**
 * Where a transaction and the chain stand, as one node sees them.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import type { Rest } from "./rest.ts"

/** State of a transaction; `code` is the node's (`Success`, `Failure_…`), `height` of a confirmed one. */
export type TransactionState =
  | { readonly group: "confirmed"; readonly height: number }
  | { readonly group: "unconfirmed" }
  | { readonly group: "failed"; readonly code: string }
  | { readonly group: "unknown" }

/** Heights of the newest block and of the newest final one. */
export interface ChainHeights {
  readonly height: number
  readonly finalizedHeight: number
}

/** Asks for the state of the transaction `hash`; "unknown" when the node has no word of it. */
export async function readState(
  rest: Rest,
  hash: Uint8Array,
  signal?: AbortSignal,
): Promise<TransactionState> {
  const answer = await rest.find(`/transactionStatus/${hex(hash).toUpperCase()}`, signal)
  if (!answer) return { group: "unknown" }
  const group = answer.at("group").text()
  switch (group) {
    case "confirmed":
      return { group, height: answer.at("height").count() }
    case "unconfirmed":
      return { group }
    case "failed":
      return { group, code: answer.at("code").text() }
    default:
      throw new IntegrityError(`the node names an unknown transaction group "${group}"`)
  }
}

/** Asks how far the chain is. */
export async function readChain(rest: Rest, signal?: AbortSignal): Promise<ChainHeights> {
  const chain = await rest.get("/chain/info", signal)
  return {
    height: chain.at("height").count(),
    finalizedHeight: chain.at("latestFinalizedBlock").at("height").count(),
  }
}

/** Asks for the node's clock: network time, ms since the network's epoch adjustment. */
export async function readTime(rest: Rest, signal?: AbortSignal): Promise<number> {
  const time = await rest.get("/node/time", signal)
  return time.at("communicationTimestamps").at("sendTimestamp").count()
}
