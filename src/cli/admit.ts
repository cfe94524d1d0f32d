/** `medlake admit`: an institution gets a seat, step by step, by files. @module */
import { readFile, writeFile } from "node:fs/promises"
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { fileError, readFileIfPresent, writeFileDurably } from "../host/files.ts"
import { acceptSeat, checkVaultCard, contactCard, grantSeat, offerSeat } from "../lake/admit.ts"
import { aggregateHash } from "../ledger/index.ts"
import {
  type Card,
  type ContactBody,
  fingerprintOf,
  parseCard,
  parseVaultCard,
  type VaultBody,
} from "../vault/card.ts"
import { parseOffer, parseOfferAnswer } from "../vault/offer.ts"
import { Party, vaultPin } from "./party.ts"
import { openVault } from "./patient.ts"

interface Options {
  readonly out?: string
  readonly fingerprint?: string
  readonly factorFile?: string
}

/** Adds the verb. */
export function addAdmit(program: Command): void {
  program
    .command("admit")
    .argument("<file>", "what the other side gave: a card, an offer, or a signature")
    .description("admit an institution to a vault; looks at the file and does the next step")
    .option("--out <file>", "where the answer for the other side is written")
    .option("--fingerprint <text>", "refuse a card whose root key has another fingerprint")
    .option("--factor-file <file>", "file with the second factor, for the last step")
    .addHelpText(
      "after",
      `
Steps:
  1 institution: medlake --home hospital admit imaging.card --out hospital.card     pins the patient's vault
  2 patient:     medlake --home phone    admit hospital.card --out offer            pins the institution, offers a seat
  3 institution: medlake --home hospital admit offer --out signature                reads the offer whole, cosigns
  4 patient:     medlake --home phone    admit signature                            the agent cosigns, the seat is announced
A reader (a clinician with an account) needs step 1 only: its card is what "medlake grant" takes.`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      await Party.run(command, ["patient", "institution", "reader"], async (party) => {
        const bytes = Uint8Array.from(
          await readFile(file).catch((cause: unknown) => {
            throw fileError(file, cause)
          }),
        )
        if (isKind(bytes, "offer")) return await accept(party, bytes, options)
        if (isKind(bytes, "offer-answer")) return await conclude(party, bytes, options)
        const card = parseCard(bytes)
        requireFingerprint(card, options.fingerprint)
        if (card.body.kind === "vault")
          return await answerCard(party, parseVaultCard(bytes), options)
        return await offer(party, { ...card, body: card.body }, options)
      })
    })
}

function isKind(bytes: Uint8Array, kind: string): boolean {
  const value = decodeDagCbor(bytes)
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === kind
}

function requireFingerprint({ root }: Card, expected: string | undefined): void {
  if (expected === undefined) return
  const found = fingerprintOf(root)
  if (found.replaceAll("-", "") !== expected.toUpperCase().replaceAll(/[\s-]/g, "")) {
    throw new InvalidInputError(
      `the card's root key has the fingerprint ${found}, not the one expected`,
    )
  }
}

/** Step 1. */
async function answerCard(party: Party, vault: Card<VaultBody>, { out }: Options): Promise<void> {
  if (party.config.role === "patient") {
    throw new InvalidInputError("this is the card of a vault: it is for institutions and readers")
  }
  const context = party.context()
  const accounts = await checkVaultCard(context, vault)
  const identity = await party.member(accounts.id.register)
  const details = { name: party.config.name ?? "", urls: [] }
  const card = await contactCard(context, vault, identity, await party.root(), details)
  await party.home.pin(vaultPin(accounts.id.register), vault.bytes)
  await give(out, card.bytes)
  const result = {
    pinned: vault.body.category,
    patient: fingerprintOf(vault.root),
    own: fingerprintOf(card.root),
    card: out,
  }
  party.output.result(result, () => {
    party.output.line(
      `Pinned the vault "${vault.body.category}"; its words' fingerprint is ${result.patient}.`,
    )
    party.output.line(`Our root's fingerprint is ${result.own}: the patient compares it.`)
    if (out) party.output.line(`Our card for this vault is in ${out}: give it to the patient.`)
  })
}

/** Step 2. */
async function offer(
  party: Party,
  card: Card<ContactBody>,
  { out, factorFile }: Options,
): Promise<void> {
  if (party.config.role !== "patient") throw new InvalidInputError("only a patient offers a seat")
  if (!out) throw new InvalidInputError("say where the offer is written: --out FILE")
  const { vault, stores, tools } = await openVault(party, undefined, factorFile)
  const offered = await offerSeat(party.context(), stores.control, tools.phone, vault, card)
  const network = await party.context().ledger.network()
  const hash = hex(aggregateHash(network, parseOffer(offered.offer).aggregate))
  await party.home.pin(`contact-${hex(card.body.key).slice(0, 16)}`, card.bytes)
  await writeFileDurably(party.home.path("state", `offer-${hash}`), offered.offer)
  await give(out, offered.offer)
  const result = { name: card.body.name, fingerprint: fingerprintOf(card.root), offer: out }
  party.output.result(result, () => {
    party.output.line(
      `Offered a seat to ${card.body.name}; compare its fingerprint: ${result.fingerprint}.`,
    )
    party.output.line(`The offer is in ${out}: it holds for an hour.`)
  })
}

/** Step 3. */
async function accept(party: Party, offered: Uint8Array, { out }: Options): Promise<void> {
  if (!out) throw new InvalidInputError("say where the signature is written: --out FILE")
  const context = party.context()
  const vault = parseVaultCard(parseOffer(offered).card)
  const { id } = await checkVaultCard(context, vault)
  const pins = await party.home.pinned(vaultPin(id.register))
  const [pinned] = pins
  if (!pinned) throw new NotFoundError("that vault is not pinned here: admit its card first")
  const identity = await party.member(id.register)
  await give(out, await acceptSeat(context, offered, identity, parseVaultCard(pinned.card)))
  party.output.result({ signature: out }, () => {
    party.output.line(`Signed: ${out} is for the patient, who has the seat announced.`)
  })
}

/** Step 4. */
async function conclude(party: Party, answer: Uint8Array, { factorFile }: Options): Promise<void> {
  const { hash } = parseOfferAnswer(answer)
  const path = party.home.path("state", `offer-${hex(hash)}`)
  const offered = await readFileIfPresent(path)
  if (!offered) throw new NotFoundError("this signature belongs to no offer made from this home")
  const { vault, tools } = await openVault(party, undefined, factorFile)
  const bytes = Uint8Array.from(offered)
  const factor = await tools.factor(parseOffer(bytes).aggregate)
  const act = await grantSeat(party.context(), bytes, answer, vault, tools.agent, factor)
  const result = { transaction: act.hash, height: act.height, fee: act.fee, bytes: act.size }
  party.output.result(result, () => {
    party.output.line(`The seat is announced and confirmed at height ${act.height}.`)
  })
}

async function give(out: string | undefined, bytes: Uint8Array): Promise<void> {
  if (!out) return
  await writeFile(out, bytes).catch((cause: unknown) => {
    throw fileError(out, cause)
  })
}
