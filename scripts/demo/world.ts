/**
 * Everybody in the demo, and the servers that stand between them.
 *
 *     operator   devnet, lake, control store, link server: trusted with nothing
 *     patient    phone (acts, grants, revokes) · agent (always on) · 24 words on paper
 *     others     hospital (writes) · clinician (an account) · visitor (only a link)
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { DemoParty, type Served } from "./processes.ts"

/** See the module. */
export interface World {
  readonly folder: string
  readonly operator: DemoParty
  readonly agent: DemoParty
  readonly phone: DemoParty
  readonly hospital: DemoParty
  readonly clinician: DemoParty
  readonly visitor: DemoParty
  readonly node: string
  readonly agentUrl: string
  readonly server: string
  /** Fingerprint that the agent showed when its home was begun. */
  readonly agentKey: string
  /** Folders in which the operator keeps what it serves. */
  readonly stored: readonly string[]
  /** Kills the agent like a power cut and starts it again. */
  restartAgent(): Promise<void>
  close(): Promise<void>
}

/** Where the operator keeps things. */
export interface Places {
  readonly lake?: string | undefined
  readonly control?: readonly string[] | undefined
}

/** Begins everybody and starts the servers. */
export async function makeWorld({
  lake = "lake",
  control = ["control-a", "control-b"],
}: Places): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "medlake-demo-"))
  const operator = await DemoParty.make(folder, "operator", { homeless: true })
  const agent = await DemoParty.make(folder, "agent")
  const phone = await DemoParty.make(folder, "phone", { factor: "271828" })
  const hospital = await DemoParty.make(folder, "hospital")
  const clinician = await DemoParty.make(folder, "clinician")
  const visitor = await DemoParty.make(folder, "visitor", { homeless: true })
  const running: Served[] = []
  const devnet = await operator.serve(["devnet", "--folder", "chain", "--port", "0"])
  running.push(devnet)
  const begun = await agent.run(["--json", "init", "--as", "agent", "--node", devnet.url])
  if (begun.code !== 0) throw new Error(`the agent's home could not be begun: ${begun.stderr}`)
  const { fingerprint } = JSON.parse(begun.stdout) as { fingerprint: string }
  const port = await freePort()
  const startAgent = () => agent.serve(["agent", "--port", String(port)])
  let agentServer = await startAgent()
  // An attacker on raw stores is given all names: without `--listing` the server would keep them to itself.
  const store = [
    "--lake",
    lake,
    "--control",
    ...control,
    "--links",
    "links",
    "--any-register",
    "--listing",
  ]
  const serve = await operator.serve([
    "serve",
    ...store,
    "--node",
    devnet.url,
    "--keeper",
    agentServer.url,
    "--port",
    "0",
  ])
  running.push(serve)
  const places = [lake, ...control].filter((one) => !one.includes(":"))
  return {
    folder,
    operator,
    agent,
    phone,
    hospital,
    clinician,
    visitor,
    node: devnet.url,
    agentUrl: agentServer.url,
    server: serve.url,
    agentKey: fingerprint,
    stored: [...places, "links", "chain"].map((one) => resolve(folder, one)),
    restartAgent: async () => {
      await agentServer.stop("SIGKILL")
      agentServer = await startAgent()
    },
    close: async () => {
      await agentServer.stop()
      for (const one of running.toReversed()) await one.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A port that is free now: the agent keeps its address over a restart. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
