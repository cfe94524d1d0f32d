/**
 * Starts the agent: unlocks its vaults, listens on loopback, tends to what is under way once a minute, ends gracefully.
 *
 * @module
 */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { PatientAgent } from "./agent.ts"
import type { AgentContext, OpenStores } from "./ports.ts"
import type { AgentSecrets } from "./secrets.ts"
import { agentApp, type LogEntry } from "./server.ts"

/** What an agent is started with. */
export interface AgentOptions extends AgentContext {
  readonly secrets: AgentSecrets
  readonly openStores: OpenStores
  /** 0 takes a free one. */
  readonly port: number
  /** Loopback when left out: nothing but its link server and its owner's tunnel should reach an agent. */
  readonly host?: string
  readonly log?: (entry: LogEntry) => void
}

/** An agent that listens. */
export interface RunningAgent {
  /** Such as `http://127.0.0.1:4711`. */
  readonly url: string
  /** Takes no more requests, ends those under way, closes the stores. The tables stay open: their opener closes them. */
  close(): Promise<void>
}

/** Time-outs of a connection and between two rounds of tending, ms. */
const HEADERS_MS = 10_000
const REQUEST_MS = 60_000
const KEEP_ALIVE_MS = 5_000
const TEND_MS = 60_000
/** How long requests under way may take once the agent is told to close, ms. */
const GRACE_MS = 10_000

/**
 * Starts an agent.
 * @throws {LedgerUnavailableError} when no node answers
 * @throws {ForeignNetworkError} when a vault in the keyring lives on another network
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { secrets, openStores, port, host = "127.0.0.1", log } = options
  const agent = await PatientAgent.open(options, secrets, openStores)
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    agentApp(agent, log),
  )
  await listen(server, port, host)
  const ending = new AbortController()
  const tending = tend(agent, options, ending.signal)
  const { address, family, port: taken } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = async () => {
    ending.abort()
    await stop(server)
    await tending
    await agent.close()
  }
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`,
    close: () => (closing ??= close()),
  }
}

/** Tends until the signal aborts. What fails once is tried again in the next round. */
async function tend(
  agent: PatientAgent,
  { clock, log }: Pick<AgentOptions, "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await agent.tend(signal)
    } catch (error) {
      if (signal.aborted) return
      const failure = error instanceof Error ? error.name : typeof error
      log?.({ method: "-", route: "tend", status: 0, ms: 0, failure })
    }
    await clock.sleep(TEND_MS, signal).catch(() => undefined)
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.removeListener("error", reject)
      resolve()
    })
  })
}

/** Ends idle connections at once, the others when their answer is out or the grace is over. */
async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS)
  await closed
  clearTimeout(cut)
}
