/**
 * `admit`: an institution gets a seat in a vault.
 *
 *     vault card ─▶ institution: contactCard ─▶ patient: offerSeat ─▶ institution: acceptSeat ─▶ patient: grantSeat ─▶ confirmed
 *
 * The newcomer opts in with its own signature over the very aggregate that announces it; the seats' only other cosignatory is the
 * register, whose vote phone and agent give. Nobody signs what it has not read whole.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import {
  AlreadyExistsError,
  DeadlineError,
  ForeignNetworkError,
  IntegrityError,
  InvalidInputError,
} from "../base/errors.ts"
import { addressOf } from "../crypto/address.ts"
import { type Aggregate, aggregateHash, type Instruction, parseAggregate } from "../ledger/index.ts"
import { parseAnnouncement } from "../vault/announcement.ts"
import {
  type Card,
  type ContactBody,
  parseContactCard,
  parseVaultCard,
  signCard,
  type VaultBody,
} from "../vault/card.ts"
import {
  encodeOffer,
  encodeOfferAnswer,
  type OfferAnswer,
  parseOffer,
  parseOfferAnswer,
} from "../vault/offer.ts"
import type { Signer } from "../vault/signature.ts"
import { ensureFunds, XYM } from "./fund.ts"
import { accountsOf, type PatientVault, type VaultAccounts } from "./patient-vault.ts"
import type { AgentPort, Identity, LakeContext, RegisterAct, Stores } from "./ports.ts"
import { type Enacted, enact, prepareAnnouncement, signAct } from "./register-act.ts"

/** What an institution's account is given on a devnet: fees of some hundred uploads. */
const INSTITUTION_FUNDS = 100n * XYM

/** Contact data that goes into a card. */
export interface ContactDetails {
  readonly name: string
  readonly urls: readonly string[]
}

/**
 * Institution, step 1: its card for one vault, under a key that it uses nowhere else.
 * @throws {ForeignNetworkError} when the vault is on another network
 * @throws {IntegrityError} when the card's signers are not the register's cosignatories on chain
 */
export async function contactCard(
  context: LakeContext,
  vaultCard: Card<VaultBody>,
  identity: Identity,
  root: Signer,
  details: ContactDetails,
): Promise<Card<ContactBody>> {
  const accounts = await checkVaultCard(context, vaultCard)
  const body: ContactBody = {
    kind: "contact",
    network: accounts.id.network,
    key: identity.key,
    agreement: identity.agreement,
    name: details.name,
    urls: [...details.urls],
    register: accounts.id.register,
    issued: context.clock.now(),
  }
  return parseContactCard((await signCard(body, identity, root)).bytes)
}

/**
 * Checks a vault card against the chain: its phone and words are cosignatories of its register, and vault and seats hang together.
 * @throws {ForeignNetworkError} when it is of another network
 * @throws {IntegrityError} when it does not fit the chain
 */
export async function checkVaultCard(
  { ledger }: Pick<LakeContext, "ledger">,
  card: Card<VaultBody>,
): Promise<VaultAccounts> {
  const network = await ledger.network()
  if (!equal(network.generationHash, card.body.network)) {
    throw new ForeignNetworkError("this card is for a vault on another network than this node's")
  }
  const accounts = accountsOf(card.body, network.identifier)
  const addressOfKey = (key: Uint8Array) => addressOf(key, network.identifier)
  const owners = [card.body.key, card.root, card.body.agent.key].map(addressOfKey)
  await requireCosignatories(ledger, accounts.id.register, owners)
  await requireCosignatories(ledger, accounts.id.vault, [
    addressOfKey(card.body.key),
    addressOfKey(card.body.agent.key),
    addressOfKey(card.body.seats),
  ])
  await requireCosignatories(ledger, addressOfKey(card.body.seats), [accounts.id.register])
  return accounts
}

async function requireCosignatories(
  ledger: LakeContext["ledger"],
  account: Uint8Array,
  expected: readonly Uint8Array[],
): Promise<void> {
  const multisig = await ledger.multisig(account)
  const missing = expected.some(
    (address) => !multisig?.cosignatories.some((found) => equal(found, address)),
  )
  if (missing) {
    throw new IntegrityError(
      "the card does not fit the chain: one who signed it has no vote there; ask the patient for a new card",
    )
  }
}

/** A seat that was offered and waits for the newcomer's signature. */
export interface OfferedSeat {
  /** The offer's file. */
  readonly offer: Uint8Array
  /** The newcomer's card. */
  readonly card: Card<ContactBody>
}

/**
 * Patient, step 2: offers a seat to the holder of a card.
 * @throws {InvalidInputError} when the card is for another vault
 * @throws {AlreadyExistsError} when it has a seat
 */
export async function offerSeat(
  context: LakeContext,
  control: Stores["control"],
  phone: Identity,
  vault: PatientVault,
  card: Card<ContactBody>,
): Promise<OfferedSeat> {
  const { register } = card.body
  if (
    !equal(card.body.network, vault.id.network) ||
    !register ||
    !equal(register, vault.id.register)
  ) {
    throw new InvalidInputError("this card was made for another vault: ask for one for this vault")
  }
  const newcomer = await newcomerAddress(context, card)
  const seats = await context.ledger.multisig(await seatsAddress(context, vault))
  if (seats?.cosignatories.some((held) => equal(held, newcomer))) {
    throw new AlreadyExistsError("the holder of this card has a seat in this vault already")
  }
  const prepared = await prepareAnnouncement(context, control, vault, vault.state, {
    file: { ...vault.file, cards: [...vault.file.cards, card.bytes] },
    members: { ...vault.members, cards: [...vault.members.cards, card.bytes] },
  })
  const seat: Instruction = {
    type: "multisig",
    signer: vault.seats,
    minApprovalDelta: 0,
    minRemovalDelta: 0,
    additions: [newcomer],
    deletions: [],
  }
  const aggregate = await signAct(context, phone, [seat, ...prepared.instructions], 2)
  return { offer: encodeOffer({ card: vault.card.bytes, aggregate }), card }
}

/**
 * Institution, step 3: reads the offer whole and cosigns it.
 * @param pinned the vault card that this institution pinned in step 1
 * @throws {IntegrityError} when the offer is of another vault, or would do anything but seat this key and announce it
 * @throws {DeadlineError} when the offer's deadline has passed
 */
export async function acceptSeat(
  context: LakeContext,
  offer: Uint8Array,
  identity: Identity,
  pinned: Card<VaultBody>,
): Promise<Uint8Array> {
  const { aggregate, card } = parseOffer(offer)
  const accounts = await checkVaultCard(context, pinned)
  if (!equal(parseVaultCard(card).body.register, pinned.body.register)) {
    throw new IntegrityError("the offer is for another vault than the card that was pinned")
  }
  const parsed = parseAggregate(await context.ledger.network(), aggregate)
  if (parsed.deadlineMs < (await context.ledger.time())) {
    throw new DeadlineError("the offer has expired: ask the patient for a new one")
  }
  requireSeatOnly(parsed, accounts, identity)
  await ensureFunds(context.ledger, identity.address, INSTITUTION_FUNDS)
  const hash = aggregateHash(await context.ledger.network(), aggregate)
  return encodeOfferAnswer({ hash, key: identity.key, signature: await identity.sign(hash) })
}

/** @throws {IntegrityError} unless the aggregate seats exactly this key and announces a revision */
function requireSeatOnly(
  { instructions }: Aggregate,
  { id, register, seats }: VaultAccounts,
  newcomer: Identity,
): void {
  const [seat, announcement, metadata] = instructions
  const seatsMe =
    seat?.type === "multisig" &&
    equal(seat.signer, seats) &&
    seat.minApprovalDelta === 0 &&
    seat.minRemovalDelta === 0 &&
    seat.deletions.length === 0 &&
    seat.additions.length === 1 &&
    equal(seat.additions[0] as Uint8Array, newcomer.address)
  const announces =
    announcement?.type === "transfer" &&
    equal(announcement.signer, register) &&
    equal(announcement.recipient, id.register) &&
    announcement.mosaics.length === 0 &&
    equal(parseAnnouncement(announcement.message).vault, id.vault)
  const marks =
    metadata?.type === "account-metadata" &&
    equal(metadata.signer, register) &&
    equal(metadata.target, id.register)
  if (!seatsMe || !announces || !marks || instructions.length !== 3) {
    throw new IntegrityError(
      "the offer would do more or other than give this institution a seat: not signed",
    )
  }
}

/**
 * Patient, step 4: the agent cosigns, the seat is announced and confirmed.
 * @throws {InvalidInputError} when the answer belongs to another offer
 */
export async function grantSeat(
  context: LakeContext,
  offer: Uint8Array,
  answer: Uint8Array,
  vault: PatientVault,
  agent: AgentPort,
  factor: RegisterAct["factor"],
  signal?: AbortSignal,
): Promise<Enacted> {
  const { aggregate } = parseOffer(offer)
  const given: OfferAnswer = parseOfferAnswer(answer)
  if (!equal(given.hash, aggregateHash(await context.ledger.network(), aggregate))) {
    throw new InvalidInputError("this signature belongs to another offer")
  }
  const cosigners = [
    { key: given.key, cosign: async () => given.signature },
    {
      key: vault.card.body.agent.key,
      cosign: () => agent.cosign({ aggregate, ...(factor && { factor }) }, signal),
    },
  ]
  return await enact(context, aggregate, cosigners, signal)
}

async function newcomerAddress(
  { ledger }: LakeContext,
  card: Card<ContactBody>,
): Promise<Uint8Array> {
  return addressOf(card.body.key, (await ledger.network()).identifier)
}

async function seatsAddress({ ledger }: LakeContext, vault: PatientVault): Promise<Uint8Array> {
  return addressOf(vault.seats, (await ledger.network()).identifier)
}
