/**
 * What a register act would do, read from the aggregate alone. What is not on the list is refused, by name.
 *
 *     exactly one announcement that follows the newest · exactly one metadata with its hash
 *     any number of: institutions seated or unseated · encrypted messages from the register, with no mosaic
 *
 * Pure: everything that must be asked of chain or store comes in as {@link RegisterView}.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import { equal } from "../base/bytes.ts"
import { AgentRefusedError, MedlakeError } from "../base/errors.ts"
import { REGISTER_METADATA_KEY } from "../lake/register.ts"
import {
  type AccountMetadataInstruction,
  type Aggregate,
  applyMetadataDelta,
  type Instruction,
  type MultisigInstruction,
  type TransferInstruction,
} from "../ledger/index.ts"
import {
  type Announcement,
  announcementHash,
  isAnnouncement,
  parseAnnouncement,
} from "../vault/announcement.ts"
import type { VaultId } from "../vault/context.ts"

/** Bytes of an encrypted message to a grantee (FORMAT §8), and its first byte. */
const GRANT_MESSAGE_LENGTH = 349
const ENCRYPTED = 1

/** Why an act is not cosigned. */
export type RefusedAct =
  | "signer"
  | "instruction"
  | "announcement"
  | "announcement-malformed"
  | "announcement-does-not-follow"
  | "epoch-not-handed-over"
  | "other-vault"
  | "other-commitment"
  | "other-intake"
  | "erasure"
  | "metadata"
  | "seats-quorum"
  | "seats-register"
  | "seats-twice"
  | "transfer"

/** What must be known to understand an act. */
export interface RegisterView {
  readonly id: VaultId
  /** Symbol public keys. */
  readonly phone: Uint8Array
  readonly register: Uint8Array
  readonly seats: Uint8Array
  /** The newest announcement and its hash. */
  readonly newest: { readonly announcement: Announcement; readonly digest: Uint8Array }
  /** Commitment and intake object's name of each epoch that was handed over. */
  readonly epochs: readonly {
    readonly epoch: number
    readonly commit: Uint8Array
    readonly intake: CID
  }[]
}

/** An act that may be cosigned, as far as the aggregate tells. */
export interface UnderstoodAct {
  readonly announcement: Announcement
  /** Addresses that get and lose a vote in the seats. */
  readonly seated: readonly Uint8Array[]
  readonly unseated: readonly Uint8Array[]
  /** How many messages go out. */
  readonly messages: number
}

/**
 * Understands an act completely, or refuses it.
 * @throws {AgentRefusedError} whose `rule` is a {@link RefusedAct}
 */
export function understand(
  act: Pick<Aggregate, "signer" | "instructions">,
  view: RegisterView,
): UnderstoodAct {
  if (!equal(act.signer, view.phone)) throw refused("signer")
  const announcements: TransferInstruction[] = []
  const metadata: AccountMetadataInstruction[] = []
  const changes: MultisigInstruction[] = []
  let messages = 0
  for (const instruction of act.instructions) {
    const kind = kindOf(instruction, view)
    if (kind === "message") messages += 1
    else if (kind === "announcement") announcements.push(instruction as TransferInstruction)
    else if (kind === "metadata") metadata.push(instruction as AccountMetadataInstruction)
    else changes.push(instruction as MultisigInstruction)
  }
  const [announcing, ...moreAnnouncing] = announcements
  if (!announcing || moreAnnouncing.length > 0) throw refused("announcement")
  const announcement = readAnnouncement(announcing, view)
  requireMetadata(metadata, announcementHash(announcing.message), view)
  return { announcement, ...readSeats(changes, view), messages }
}

/** What an act of the refused kind would do, for the one who asked. */
const SENTENCES: Readonly<Record<RefusedAct, string>> = {
  signer: "it is not signed by the phone of this vault",
  instruction: "it holds something that is no register act",
  announcement: "a register act announces exactly once",
  "announcement-malformed": "its announcement is malformed",
  "announcement-does-not-follow": "its announcement does not follow the newest one",
  "epoch-not-handed-over": "its new epoch was not handed over to this agent",
  "other-vault": "it announces another vault",
  "other-commitment": "the epoch it announces is not the one that was handed over",
  "other-intake": "the intake key it announces is not the one that was handed over",
  erasure: "it erases records",
  metadata: "it does not set the register's metadata to the hash of its announcement",
  "seats-quorum": "it changes how many votes the seats need",
  "seats-register": "it takes the register's own vote in the seats away or gives it one more",
  "seats-twice": "it names a seat twice",
  transfer: "it moves mosaics, or sends something that is no encrypted message",
}

function refused(rule: RefusedAct): AgentRefusedError {
  return new AgentRefusedError(`the agent does not cosign this act: ${SENTENCES[rule]}`, rule)
}

function kindOf(
  instruction: Instruction,
  { id, register, seats }: RegisterView,
): "announcement" | "metadata" | "seats" | "message" {
  if (instruction.type === "multisig" && equal(instruction.signer, seats)) return "seats"
  if (!equal(instruction.signer, register)) throw refused("instruction")
  if (instruction.type === "account-metadata") return "metadata"
  if (instruction.type !== "transfer") throw refused("instruction")
  const { recipient, mosaics, message } = instruction
  if (mosaics.length > 0) throw refused("transfer")
  if (equal(recipient, id.register)) return "announcement"
  if (message.length !== GRANT_MESSAGE_LENGTH || message[0] !== ENCRYPTED) throw refused("transfer")
  return "message"
}

function readAnnouncement({ message }: TransferInstruction, view: RegisterView): Announcement {
  const next = parsed(message)
  const { announcement: last, digest } = view.newest
  const isRevision = next.epoch === last.epoch && next.revision === last.revision + 1
  const isNewEpoch = next.epoch === last.epoch + 1 && next.revision === 0
  if ((!isRevision && !isNewEpoch) || !equal(next.previous, digest)) {
    throw refused("announcement-does-not-follow")
  }
  if (!equal(next.vault, last.vault)) throw refused("other-vault")
  const held = view.epochs.find(({ epoch }) => epoch === next.epoch)
  if (!held) throw refused("epoch-not-handed-over")
  if (!equal(next.commit, held.commit)) throw refused("other-commitment")
  if (!equal(next.intake.bytes, held.intake.bytes)) throw refused("other-intake")
  if (next.erased) throw refused("erasure")
  return next
}

function parsed(message: Uint8Array): Announcement {
  if (!isAnnouncement(message)) throw refused("announcement-malformed")
  try {
    return parseAnnouncement(message)
  } catch (error) {
    if (error instanceof MedlakeError) throw refused("announcement-malformed")
    throw error
  }
}

function requireMetadata(
  entries: readonly AccountMetadataInstruction[],
  digest: Uint8Array,
  { id, newest }: RegisterView,
): void {
  const [entry, ...more] = entries
  if (!entry || more.length > 0) throw refused("metadata")
  const isOurs = equal(entry.target, id.register) && entry.key === REGISTER_METADATA_KEY
  if (!isOurs || !equal(valueAfter(entry, newest.digest), digest)) throw refused("metadata")
}

function valueAfter(entry: AccountMetadataInstruction, before: Uint8Array): Uint8Array {
  try {
    return applyMetadataDelta(before, entry)
  } catch (error) {
    if (error instanceof MedlakeError) throw refused("metadata")
    throw error
  }
}

function readSeats(
  changes: readonly MultisigInstruction[],
  { id }: RegisterView,
): Pick<UnderstoodAct, "seated" | "unseated"> {
  const seated = changes.flatMap(({ additions }) => additions)
  const unseated = changes.flatMap(({ deletions }) => deletions)
  const isQuorumKept = changes.every(
    (one) => one.minApprovalDelta === 0 && one.minRemovalDelta === 0,
  )
  if (!isQuorumKept) throw refused("seats-quorum")
  const named = [...seated, ...unseated]
  if (named.some((address) => equal(address, id.register))) throw refused("seats-register")
  const isTwice = named.some((address, i) =>
    named.slice(0, i).some((other) => equal(other, address)),
  )
  if (isTwice) throw refused("seats-twice")
  return { seated, unseated }
}
