/** `medlake status`: what this home holds and whom it reaches. @module */
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { MedlakeError, StorageUnavailableError } from "../base/errors.ts"
import { formatAddress } from "../crypto/address.ts"
import { DurableTables } from "../db/durable.ts"
import type { DecisionCount } from "../db/durable-tries.ts"
import { readFileIfPresent } from "../host/files.ts"
import { OutboxFiles } from "../host/outbox-files.ts"
import { checkVaultCard } from "../lake/admit.ts"
import { HttpAgent } from "../lake/http-agent.ts"
import { parseContactCard, parseVaultCard } from "../vault/card.ts"
import { linkNotes } from "./kept-links.ts"
import { formatCount, formatTime } from "./output.ts"
import { Party } from "./party.ts"
import { openVault } from "./patient.ts"

/** One thing that was asked, and what it answered. */
interface Check {
  readonly what: string
  readonly state: string
  readonly ok: boolean
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .addHelpText("after", "\nExample:\n  medlake --home phone status")
    .action(async (_options: object, command: Command) => {
      await Party.run(command, ["patient", "agent", "institution", "reader"], async (party) => {
        const checks = [await node(party)]
        for (const { card } of await party.home.pinned("vault-")) {
          const { category, agent, control } = parseVaultCard(card).body
          checks.push(await agentOf(category, agent.url))
          for (const store of control) checks.push(await storeAt(store))
        }
        const { role } = party.config
        const vaults = checks[0]?.ok === true ? await vaultLines(party) : []
        const pending = role === "institution" ? await uploads(party) : []
        const decisions = role === "agent" ? await decisionsOf(party) : []
        party.output.result(
          { home: party.home.folder, role, checks, vaults, pending, decisions },
          () => {
            const { output } = party
            output.line(`${party.home.folder}: home of ${party.config.name ?? role}`)
            for (const { what, state } of checks) output.line(`  ${what}: ${state}`)
            for (const line of [...vaults, ...pending]) output.line(`  ${line}`)
            for (const { what, rule, outcome, times } of decisions) {
              output.line(
                `  decided ${formatCount(times, "time")} on ${what} by rule "${rule}": ${outcome}`,
              )
            }
          },
        )
      })
    })
}

async function tried(what: string, ask: () => Promise<string>): Promise<Check> {
  try {
    return { what, state: await ask(), ok: true }
  } catch (error) {
    if (!(error instanceof MedlakeError)) throw error
    return { what, state: `${error.message} [${error.code}]`, ok: false }
  }
}

async function node(party: Party): Promise<Check> {
  return await tried(`node ${party.config.node ?? "(none)"}`, async () => {
    const { ledger } = party.context()
    const { name } = await ledger.network()
    const { height, finalizedHeight } = await ledger.chain()
    return `${name}, height ${height}, final up to ${finalizedHeight}`
  })
}

async function agentOf(category: string, url: string): Promise<Check> {
  return await tried(`agent of "${category}" ${url}`, async () => {
    await new HttpAgent(url).pairingKey()
    return "answers"
  })
}

async function storeAt(url: string): Promise<Check> {
  return await tried(`control store ${url}`, async () => {
    const answers = await fetch(new URL("/health", url), {
      signal: AbortSignal.timeout(5000),
    }).then(
      ({ ok }) => ok,
      () => false,
    )
    if (!answers) throw new StorageUnavailableError("does not answer")
    return "answers"
  })
}

async function vaultLines(party: Party): Promise<string[]> {
  if (party.config.role !== "patient") {
    const cards = (await party.home.pinned("vault-")).map(({ card }) => parseVaultCard(card))
    return await Promise.all(
      cards.map(async (card) => {
        const { id } = await checkVaultCard(party.context(), card)
        return `vault "${card.body.category}": register ${formatAddress(id.register)}`
      }),
    )
  }
  const lines: string[] = []
  for (const { card } of await party.home.pinned("vault-")) {
    const { category } = parseVaultCard(card).body
    const { vault } = await openVault(party, category)
    const { epoch, revision } = vault.state.newest.announcement
    lines.push(
      `vault "${category}": register ${formatAddress(vault.id.register)}, epoch ${epoch}, revision ${revision}, ${formatCount(vault.members.cards.length, "seat")}`,
    )
    for (const { id, card: grantee, capability, until } of vault.file.grants) {
      const { name } = parseContactCard(grantee).body
      lines.push(`grant ${hex(id)}: ${capability} to ${name}, ${untilText(until)}`)
    }
  }
  const notes = linkNotes(party.home)
  for (const id of await notes.ids()) {
    const note = await notes.get(id)
    if (note) {
      lines.push(
        `link ${id}: "${note.label}", ${formatCount(note.records.length, "record")}, ${untilText(note.until)}`,
      )
    }
  }
  return lines
}

/** What the agent decided; it may be running meanwhile. */
async function decisionsOf({ home }: Party): Promise<DecisionCount[]> {
  if (!(await readFileIfPresent(home.path("durable.db")))) return []
  const tables = await DurableTables.open(home.path("durable.db"))
  try {
    return await tables.decisions.counts()
  } finally {
    await tables.close()
  }
}

function untilText(until: number): string {
  return until === 0 ? "without an end" : `until ${formatTime(until)} UTC`
}

async function uploads(party: Party): Promise<string[]> {
  const root = (await party.keyring()).get("root")
  const { random, clock } = party.context()
  const outbox = new OutboxFiles(party.home.path("outbox"), root, random, clock)
  return (await outbox.uploads()).map(
    ({ study, stored, anchor }) =>
      `upload under way: study ${study}, ${anchor ? "signed" : stored ? "stored" : "sealed"}; "medlake upload" without files finishes it`,
  )
}
