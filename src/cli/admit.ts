/** `medlake admit`: an institution gets a seat, step by step by files, or at once over HTTP. @module */
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import {
  AccessDeniedError,
  IntegrityError,
  InvalidInputError,
  NotFoundError,
} from "../base/errors.ts"
import { admissionApp } from "../gateway/admission-app.ts"
import { serveOn } from "../gateway/serve.ts"
import { readFileIfPresent, writeFileDurably } from "../host/files.ts"
import { HttpAdmission } from "../lake/admission.ts"
import { grantSeat, offerSeat } from "../lake/admit.ts"
import { aggregateHash } from "../ledger/index.ts"
import {
  type Card,
  type ContactBody,
  fingerprintOf,
  isFingerprintOf,
  parseCard,
  parseContactCard,
  parseVaultCard,
  type VaultBody,
} from "../vault/card.ts"
import { handedOver, parseOffer, parseOfferAnswer } from "../vault/offer.ts"
import { parsedInput, readInput } from "./input-file.ts"
import { answerVaultCard, institutionOf, signOffer } from "./institution.ts"
import { Party } from "./party.ts"
import { type OpenedVault, openVault } from "./patient.ts"
import { listening, parsePort } from "./port.ts"
import { untilStopped } from "./stop.ts"

interface Options {
  readonly out?: string
  readonly fingerprint?: string
  readonly factorFile?: string
  readonly category?: string
  readonly listen?: string
}

/** What the other side may have given. */
const WANTED = "a card, an offer or a signature"

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument(
      "[from]",
      "what the other side gave: a card, an offer, a signature; or an institution's address",
    )
    .option("--out <file>", "where the answer for the other side is written")
    .option("--fingerprint <text>", "refuse a card whose root key has another fingerprint")
    .option("--factor-file <file>", "file with the second factor, for the last step")
    .option("--category <category>", "patient: which vault, when several are pinned here")
    .option("--listen <port>", "institution: answer patients who admit it over HTTP, on 127.0.0.1")
    .addHelpText(
      "after",
      `
By files:
  1 institution: medlake --home hospital admit imaging.card --out hospital.card     pins the patient's vault
  2 patient:     medlake --home phone    admit hospital.card --out offer            pins the institution, offers a seat
  3 institution: medlake --home hospital admit offer --out signature                reads the offer whole, cosigns
  4 patient:     medlake --home phone    admit signature                            the agent cosigns, the seat is announced
Over HTTP, all four at once:
    institution: medlake --home hospital admit --listen 4800
    patient:     medlake --home phone    admit http://127.0.0.1:4800 --fingerprint ABCD-…
A reader (a clinician with an account) needs step 1 only: its card is what "medlake grant" takes.`,
    )
    .action(async (from: string | undefined, options: Options, command: Command) => {
      await Party.run(command, ["patient", "institution", "reader"], async (party) => {
        if (options.listen !== undefined) return await listen(party, options.listen)
        if (from === undefined)
          throw new InvalidInputError("say what the other side gave: a file, or its address")
        if (/^https?:\/\//i.test(from)) return await admitOverHttp(party, from, options)
        const bytes = await readInput(from)
        const kind = parsedInput(from, WANTED, bytes, handedOver)
        if (kind === "offer") return await accept(party, bytes, options)
        if (kind === "offer-answer") return await conclude(party, bytes, options)
        const card = parsedInput(from, WANTED, bytes, parseCard)
        requireFingerprint(card.root, options.fingerprint)
        if (card.body.kind === "vault")
          return await answerCard(party, parseVaultCard(bytes), options)
        return await offer(party, { ...card, body: card.body }, options)
      })
    })
}

function requireFingerprint(root: Uint8Array, expected: string | undefined): void {
  if (expected === undefined || isFingerprintOf(expected, root)) return
  throw new AccessDeniedError(
    `the card's root key has the fingerprint ${fingerprintOf(root)}, not the one expected: it is somebody else's`,
  )
}

/** Step 1. */
async function answerCard(party: Party, vault: Card<VaultBody>, { out }: Options): Promise<void> {
  if (party.config.role === "patient") {
    throw new InvalidInputError("this is the card of a vault: it is for institutions and readers")
  }
  const card = await answerVaultCard(party, vault)
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
async function offer(party: Party, card: Card<ContactBody>, options: Options): Promise<void> {
  requirePatient(party)
  const { out } = options
  if (!out) throw new InvalidInputError("say where the offer is written: --out FILE")
  const opened = await openVault(party, options.category, options.factorFile)
  const offered = await makeOffer(party, opened, card)
  await give(out, offered)
  const result = { name: card.body.name, fingerprint: fingerprintOf(card.root), offer: out }
  party.output.result(result, () => {
    party.output.line(
      `Offered a seat to ${card.body.name}; compare its fingerprint: ${result.fingerprint}.`,
    )
    party.output.line(`The offer is in ${out}: it holds for an hour.`)
  })
}

/** Pins the institution and offers it a seat; the offer is kept for the last step. */
async function makeOffer(
  party: Party,
  { vault, stores, tools }: OpenedVault,
  card: Card<ContactBody>,
): Promise<Uint8Array> {
  const context = party.context()
  const { offer: offered } = await offerSeat(context, stores.control, tools.phone, vault, card)
  const hash = aggregateHash(await context.ledger.network(), parseOffer(offered).aggregate)
  await party.home.pin(`contact-${hex(card.body.key).slice(0, 16)}`, card.bytes)
  await writeFileDurably(party.home.path("state", `offer-${hex(hash)}`), offered)
  return offered
}

/** Step 3. */
async function accept(party: Party, offered: Uint8Array, { out }: Options): Promise<void> {
  if (!out) throw new InvalidInputError("say where the signature is written: --out FILE")
  await give(out, await signOffer(party, offered))
  party.output.result({ signature: out }, () => {
    party.output.line(`Signed: ${out} is for the patient, who has the seat announced.`)
  })
}

/** Step 4. */
async function conclude(party: Party, answer: Uint8Array, options: Options): Promise<void> {
  const { hash } = parseOfferAnswer(answer)
  const offered = await readFileIfPresent(party.home.path("state", `offer-${hex(hash)}`))
  if (!offered) throw new NotFoundError("this signature belongs to no offer made from this home")
  const opened = await openVault(party, options.category, options.factorFile)
  await announceSeat(party, opened, Uint8Array.from(offered), answer)
}

async function announceSeat(
  party: Party,
  { vault, tools }: OpenedVault,
  offered: Uint8Array,
  answer: Uint8Array,
): Promise<void> {
  const factor = await tools.factor(parseOffer(offered).aggregate)
  const act = await grantSeat(party.context(), offered, answer, vault, tools.agent, factor)
  const result = { transaction: act.hash, height: act.height, fee: act.fee, bytes: act.size }
  party.output.result(result, () => {
    party.output.line(`The seat is announced and confirmed at height ${act.height}.`)
  })
}

/** All four steps, with an institution that answers at an address. */
async function admitOverHttp(party: Party, url: string, options: Options): Promise<void> {
  requirePatient(party)
  const institution = new HttpAdmission(url)
  const { name, root } = await institution.profile()
  if (options.fingerprint === undefined) {
    throw new InvalidInputError(
      `${url} says that it is "${name}", fingerprint ${fingerprintOf(root)}: compare that with what the institution shows, then give it with --fingerprint`,
    )
  }
  requireFingerprint(root, options.fingerprint)
  const opened = await openVault(party, options.category, options.factorFile)
  const card = parseContactCard(await institution.answerCard(opened.vault.card.bytes))
  if (!isFingerprintOf(options.fingerprint, card.root)) {
    throw new IntegrityError(`${url} gave the card of another root key than the one it shows`)
  }
  const offered = await makeOffer(party, opened, card)
  if (!party.output.json) party.output.line(`Offered a seat to ${card.body.name}.`)
  await announceSeat(party, opened, offered, await institution.acceptOffer(offered))
}

/** Answers patients until it is told to stop. */
async function listen(party: Party, port: string): Promise<void> {
  if (party.config.role !== "institution")
    throw new InvalidInputError("only an institution is admitted: --listen is for its home")
  const institution = await institutionOf(party)
  const { root } = await institution.profile()
  const app = admissionApp(institution, (line) => party.output.note(line))
  const server = await listening(parsePort(port, "--listen"), (free) => serveOn(app, free))
  party.output.result({ url: server.url, fingerprint: fingerprintOf(root) }, () => {
    party.output.line(`Patients admit this institution at ${server.url}. Stop with Ctrl-C.`)
    party.output.line(`They compare its fingerprint: ${fingerprintOf(root)}`)
  })
  await untilStopped()
  await server.close()
}

function requirePatient({ config }: Party): void {
  if (config.role !== "patient") throw new InvalidInputError("only a patient offers a seat")
}

async function give(out: string | undefined, bytes: Uint8Array): Promise<void> {
  if (out) await writeFileDurably(out, bytes)
}
