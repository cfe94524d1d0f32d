/**
 * Hints that something happened, so that nobody has to poll.
 *
 * A hint is never the truth: frames get lost with each reconnection and lack fields. Whoever gets one reads by REST, and
 * reads everything again after `connected`. Source: symbol.md §10.
 *
 * @module
 */
import { base32, fromHex } from "../base/bytes.ts"
import type { Clock } from "../base/clock.ts"
import { LedgerUnavailableError } from "../base/errors.ts"
import type { NodeFrame, SymbolNode } from "./node.ts"

/** What to look at; hashes are 32 bytes. */
export type Hint =
  /** Subscribed, first or again: what came before is unknown. */
  | { readonly kind: "connected" }
  | { readonly kind: "confirmed" | "unconfirmed"; readonly hash: Uint8Array }
  | { readonly kind: "failed"; readonly hash: Uint8Array; readonly code: string }
  | { readonly kind: "block" | "finalized"; readonly height: number }

const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 10_000

/**
 * Follows `addresses` (24 bytes each; "all" for the unfiltered channels), blocks and finality until the signal aborts,
 * connecting again whenever the socket is lost. `onHint` must not throw.
 *
 * Cosignatories are not addressed by the chain: watch the multisig account itself.
 */
export async function watch(
  node: SymbolNode,
  clock: Clock,
  addresses: readonly Uint8Array[] | "all",
  onHint: (hint: Hint) => void,
  signal: AbortSignal,
): Promise<void> {
  const channels = channelsOf(addresses)
  const onFrame = (frame: NodeFrame) => {
    const hint = hintOf(frame)
    if (hint) onHint(hint)
  }
  let wait = FIRST_WAIT_MS
  while (!signal.aborted) {
    try {
      await followOnce(node, channels, onFrame, signal, () => {
        wait = FIRST_WAIT_MS
        onHint({ kind: "connected" })
      })
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof LedgerUnavailableError)) throw error
    }
    if (signal.aborted) return
    await clock.sleep(wait, signal).catch(() => undefined) // an abort ends the loop
    wait = Math.min(MAX_WAIT_MS, wait * 2)
  }
}

/** One connection, from subscription to loss or abort. */
async function followOnce(
  node: SymbolNode,
  channels: readonly string[],
  onFrame: (frame: NodeFrame) => void,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  const lost = new AbortController()
  const ended = AbortSignal.any([signal, lost.signal])
  const socket = await node.listen(channels, onFrame, { signal, onClose: () => lost.abort() })
  onConnected()
  if (!ended.aborted) {
    await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }))
  }
  socket.close()
}

function channelsOf(addresses: readonly Uint8Array[] | "all"): string[] {
  const perAddress = ["confirmedAdded", "unconfirmedAdded", "status"]
  const suffixes = addresses === "all" ? [""] : addresses.map((address) => `/${base32(address)}`)
  return [
    "block",
    "finalizedBlock",
    ...suffixes.flatMap((suffix) => perAddress.map((channel) => channel + suffix)),
  ]
}

/** The hint in a frame; undefined when the frame says nothing that can be followed up. */
function hintOf({ topic, data }: NodeFrame): Hint | undefined {
  const frame = (data ?? {}) as { [name: string]: unknown; meta?: unknown; block?: unknown }
  const meta = (frame.meta ?? {}) as { hash?: unknown }
  const block = (frame.block ?? {}) as { height?: unknown }
  const channel = topic.split("/")[0] as string
  switch (channel) {
    case "confirmedAdded":
      return withHash("confirmed", meta.hash)
    case "unconfirmedAdded":
      return withHash("unconfirmed", meta.hash)
    case "status": {
      const hash = hashOf(frame["hash"])
      const code = frame["code"]
      return hash && typeof code === "string" ? { kind: "failed", hash, code } : undefined
    }
    case "block":
      return withHeight("block", block.height)
    case "finalizedBlock":
      return withHeight("finalized", frame["height"])
    default:
      return undefined
  }
}

function withHash(kind: "confirmed" | "unconfirmed", text: unknown): Hint | undefined {
  const hash = hashOf(text)
  return hash && { kind, hash }
}

function withHeight(kind: "block" | "finalized", text: unknown): Hint | undefined {
  return typeof text === "string" && /^\d{1,15}$/.test(text)
    ? { kind, height: Number(text) }
    : undefined
}

function hashOf(text: unknown): Uint8Array | undefined {
  return typeof text === "string" && /^[\dA-Fa-f]{64}$/.test(text) ? fromHex(text) : undefined
}
