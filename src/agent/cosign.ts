/**
 * Register acts: the agent cosigns what it understands completely, with the patient's second factor or after the rule's delay.
 *
 *     aggregate ──verify──▶ understand ──▶ members object agrees ──▶ factor | delay ──▶ cosignature
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { AgentRefusedError, DeadlineError, TooManyRequestsError } from "../base/errors.ts"
import { cidOfBytes } from "../cid/cid.ts"
import { addressOf } from "../crypto/address.ts"
import { sha256 } from "../crypto/sha256.ts"
import { xWingKeyPair } from "../crypto/x-wing.ts"
import { getObject } from "../lake/control-object.ts"
import type { RegisterAct } from "../lake/ports.ts"
import type { RegisterState } from "../lake/register.ts"
import {
  type Aggregate,
  aggregateHash,
  draftAggregate,
  type Network,
  verifyAggregate,
} from "../ledger/index.ts"
import type { Announcement } from "../vault/announcement.ts"
import { parseContactCard } from "../vault/card.ts"
import { deriveEpoch } from "../vault/epoch.ts"
import { encodeIntake } from "../vault/intake.ts"
import { type Members, openMembers } from "../vault/members.ts"
import type { AgentVault, AgentVaults } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"
import { requireFactor } from "./second-factor.ts"
import type { Turns } from "./turns.ts"
import { type RegisterView, type UnderstoodAct, understand } from "./understand.ts"
import { heldEpoch, isForVault, readAnnouncements, readSeats } from "./vault-state.ts"

type Context = Pick<AgentContext, "ledger" | "clock" | "tables" | "rules">

/**
 * Cosigns a register act.
 * @returns the signature over the aggregate's hash, 64 bytes
 * @throws {IntegrityError} when a signature in it does not hold
 * @throws {DeadlineError} when its deadline has passed
 * @throws {AgentRefusedError} when it does anything that is not understood; `rule` names what
 * @throws {AccessDeniedError} when the second factor is wrong
 * @throws {TooManyRequestsError} while the factor is locked, or the delay has not passed
 */
export async function cosign(
  context: Context,
  vaults: AgentVaults,
  turns: Turns,
  { aggregate: bytes, factor }: RegisterAct,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const network = await context.ledger.network()
  const aggregate = verifyAggregate(network, bytes)
  const vault = vaultOf(vaults, aggregate)
  return await turns.take(vault.secrets.register, async () => {
    if (aggregate.deadlineMs <= (await context.ledger.time(signal))) {
      throw new DeadlineError("the act's deadline has passed: draw it up anew")
    }
    const state = await readAnnouncements(context, vault, signal)
    const act = understand(aggregate, viewOf(vault, state))
    await requireMembers(context, vault, state, act, signal)
    const hash = aggregateHash(network, bytes)
    const rule = factor ? "second-factor" : "delay"
    if (factor) await requireFactor(context, vault, hash, factor)
    else await requireDelay(context, network, vault, aggregate)
    const at = context.clock.now()
    await context.tables.decisions.add({
      at,
      what: "cosign",
      rule,
      outcome: "cosign",
      dryRun: false,
    })
    return await vault.identity.sign(hash)
  })
}

/** The vault whose phone signed. */
function vaultOf(vaults: AgentVaults, { signer, instructions }: Aggregate): AgentVault {
  const vault = vaults
    .all()
    .find(
      ({ secrets }) =>
        equal(secrets.phone, signer) &&
        instructions.some((instruction) => equal(instruction.signer, secrets.register)),
    )
  if (vault) return vault
  throw new AgentRefusedError(
    "the agent does not cosign this act: it is of no vault of this agent, or not signed by its phone",
    "signer",
  )
}

function viewOf({ id, secrets }: AgentVault, { newest }: RegisterState): RegisterView {
  const epochs = secrets.epochs.map(({ epoch, secret, intake }) => ({
    epoch,
    commit: deriveEpoch(id, epoch, secret).commit,
    intake: cidOfBytes(encodeIntake({ epoch, key: xWingKeyPair(intake).publicKey })),
  }))
  return {
    id,
    phone: secrets.phone,
    register: secrets.register,
    seats: secrets.seats,
    newest,
    epochs,
  }
}

/**
 * The members object that the act announces must say the same as its seat changes.
 * @throws {AgentRefusedError} "members" when it names other patient keys, lacks the card of a new seat, keeps that of a lost one, or adds
 *   one without a seat
 */
async function requireMembers(
  context: Context,
  vault: AgentVault,
  { newest }: RegisterState,
  { announcement, seated, unseated }: UnderstoodAct,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { words, phone, agent, cards } = await membersOf(vault, announcement, signal)
  const { secrets, identity } = vault
  const isSameOwner =
    equal(words, secrets.words) && equal(phone, secrets.phone) && equal(agent, identity.key)
  const parsed = cards.map(parseContactCard)
  const { identifier } = await context.ledger.network()
  const withCard = parsed.map(({ body }) => addressOf(body.key, identifier))
  const seatsNow = await readSeats(context, vault, signal)
  const fits =
    parsed.every((card) => isForVault(card, vault)) &&
    seated.every((address) => has(withCard, address) && !has(seatsNow, address)) &&
    unseated.every((address) => !has(withCard, address) && has(seatsNow, address))
  if (isSameOwner && fits) {
    const seatless = cards.filter(
      (_, i) => !has([...seatsNow, ...seated], withCard[i] as Uint8Array),
    )
    // A seat that others took away must not keep the patient from acting: its card may stay, no new one may come.
    const known =
      seatless.length > 0 ? (await membersOf(vault, newest.announcement, signal)).cards : []
    if (seatless.every((card) => has(known, card))) return
  }
  throw new AgentRefusedError(
    "the agent does not cosign this act: the members it announces are not those that it seats",
    "members",
  )
}

async function membersOf(
  vault: AgentVault,
  announcement: Announcement,
  signal: AbortSignal | undefined,
): Promise<Members> {
  const { epoch } = heldEpoch(vault, announcement.epoch)
  const object = await getObject(vault.stores.control, announcement.members, signal)
  return openMembers(vault.id, epoch, object)
}

async function requireDelay(
  { rules, tables, clock }: Context,
  network: Network,
  { secrets }: AgentVault,
  aggregate: Aggregate,
): Promise<void> {
  const { registerActs } = await rules()
  if (!registerActs) {
    throw new AgentRefusedError(
      "the agent does not cosign without the second factor: its rules name no delay",
      "second-factor",
    )
  }
  const now = clock.now()
  const since = await tables.acts.firstSeen(secrets.register, contentOf(network, aggregate), now)
  const waitMs = since + registerActs.delayMinutes * 60_000 - now
  if (waitMs <= 0) return
  const seconds = Math.ceil(waitMs / 1000)
  throw new TooManyRequestsError(
    `the agent cosigns this act in ${Math.ceil(seconds / 60)} minutes, or at once with the second factor`,
    seconds,
  )
}

/** What an act does, whatever its deadline and fee: the same act signed anew has the same content. */
function contentOf(network: Network, { instructions, signer }: Aggregate): Uint8Array {
  const bare = { instructions, signer, deadlineMs: 0, feeMultiplier: 0, cosignatures: 0 }
  return sha256(draftAggregate(network, bare))
}

function has(list: readonly Uint8Array[], address: Uint8Array): boolean {
  return list.some((one) => equal(one, address))
}
