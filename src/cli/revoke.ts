/** `medlake revoke`: grants, seats and links end. @module */
import type { Command } from "commander"
import { base64url, equal, fromBase64url, hex } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { XYM } from "../lake/fund.ts"
import { type RevokeRequest, revoke } from "../lake/grant.ts"
import { endLink } from "../lake/link.ts"
import type { PatientVault } from "../lake/patient-vault.ts"
import { parseContactCard } from "../vault/card.ts"
import { parsedInput, readInput } from "./input-file.ts"
import { linkNotes } from "./kept-links.ts"
import { linkServer } from "./link.ts"
import { formatCount } from "./output.ts"
import { Party, parseHex } from "./party.ts"
import { openVault } from "./patient.ts"

interface Options {
  readonly grant?: string[]
  readonly reader?: string[]
  readonly seat?: string[]
  readonly link?: string[]
  readonly category?: string
  readonly factorFile?: string
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .option("--grant <id...>", "grants by id")
    .option("--reader <card...>", "every grant of these readers")
    .option("--seat <card...>", "the seats of these institutions")
    .option("--link <id...>", "links by id")
    .option("--category <category>", "which vault, when several are pinned here")
    .option("--factor-file <file>", "file with the second factor")
    .addHelpText("after", "\nExample:\n  medlake --home phone revoke --reader clinician.card")
    .action(async (options: Options, command: Command) => {
      await Party.run(command, ["patient"], async (party) => {
        const named = [options.grant, options.reader, options.seat, options.link].flatMap(
          (one) => one ?? [],
        )
        if (named.length === 0) {
          throw new InvalidInputError("say what: --grant, --reader, --seat or --link")
        }
        for (const id of options.link ?? []) await revokeLink(party, id, options)
        if (named.length > (options.link ?? []).length) await revokeGrants(party, options)
      })
    })
}

async function revokeLink(party: Party, id: string, { category }: Options): Promise<void> {
  const notes = linkNotes(party.home)
  const note = /^[\w-]{43}$/.test(id) ? await notes.get(id) : undefined
  if (!note) throw new NotFoundError(`this home has made no link ${id} (medlake status)`)
  const opened = await openVault(party, category)
  const { vault, stores, tools } = opened
  const { envelope, offline, server } = note
  const ending = { id: fromBase64url(id), envelope, offline }
  const registry = linkServer(party, opened, server)
  await endLink(stores.control, vault, tools.phone, tools.agent, registry, ending)
  await notes.delete(id)
  party.output.result({ link: base64url(ending.id), ended: true }, () => {
    party.output.line(`Link ${id} is over: nobody can open it any more.`)
  })
}

async function revokeGrants(party: Party, options: Options): Promise<void> {
  const { vault, tools } = await openVault(party, options.category, options.factorFile)
  const request = await requestOf(vault, options)
  const { act, regranted } = await revoke(party.context(), tools, vault, request)
  const epoch = vault.state.newest.announcement.epoch + 1
  const result = {
    revoked: { grants: request.grants, seats: request.seats },
    regranted,
    epoch,
    transaction: act.hash,
    height: act.height,
    fee: act.fee,
    bytes: act.size,
  }
  party.output.result(result, () => {
    const { output } = party
    output.line(
      `Revoked ${formatCount(request.grants.length, "grant")} and ${formatCount(request.seats.length, "seat")}: epoch ${epoch} begins, with new keys for ${formatCount(regranted, "remaining grant")}.`,
    )
    output.line(
      `  one aggregate of ${act.size} bytes at height ${act.height}, fee at most ${Number(act.fee) / Number(XYM)} XYM`,
    )
  })
}

async function requestOf(vault: PatientVault, options: Options): Promise<RevokeRequest> {
  const grants = (options.grant ?? []).map((id) => parseHex(id, "a grant's id"))
  for (const path of options.reader ?? []) {
    const key = await keyOfCard(path)
    const held = vault.file.grants.filter(({ card }) => equal(parseContactCard(card).body.key, key))
    if (held.length === 0) throw new NotFoundError(`the holder of ${path} has no grant`)
    grants.push(...held.map(({ id }) => id))
  }
  const seats: Uint8Array[] = []
  for (const path of options.seat ?? []) {
    const key = await keyOfCard(path)
    if (!vault.members.cards.some((card) => equal(parseContactCard(card).body.key, key))) {
      throw new NotFoundError(`the holder of ${path} has no seat`)
    }
    seats.push(key)
  }
  const distinct = new Map(grants.map((id) => [hex(id), id]))
  return { grants: [...distinct.values()], seats }
}

async function keyOfCard(path: string): Promise<Uint8Array> {
  return parsedInput(path, "a card", await readInput(path), parseContactCard).body.key
}
