/**
 * One act of the register: a new announcement and all that goes with it, in one aggregate.
 *
 *     objects durable ─▶ {seat changes · announcement · metadata · messages} ─▶ phone signs ─▶ newcomers, agent cosign ─▶ final ─▶ old objects deleted
 *
 * A crash before the aggregate leaves objects that nothing names; after it, at worst old objects that a later act deletes.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import type { RandomBytes } from "../base/random.ts"
import { xWingKeyPair } from "../crypto/x-wing.ts"
import {
  draftAggregate,
  type Instruction,
  metadataDelta,
  parseAggregate,
  signingBytes,
  withCosignature,
  withSignature,
} from "../ledger/index.ts"
import { type Announcement, announcementHash, encodeAnnouncement } from "../vault/announcement.ts"
import { encodeIntake } from "../vault/intake.ts"
import { type Members, sealMembers } from "../vault/members.ts"
import { sealVaultFile, type VaultFile } from "../vault/vault-file.ts"
import { putObject } from "./control-object.ts"
import { epochOf, type VaultAccounts } from "./patient-vault.ts"
import type { Identity, LakeContext, Stores } from "./ports.ts"
import { REGISTER_METADATA_KEY, type RegisterState } from "./register.ts"

/** How long the signers of a register act may take, in milliseconds. */
const ACT_LIFETIME_MS = 60 * 60_000

/** What an announcement is made of; everything else follows. */
export interface NextAnnouncement {
  readonly file: VaultFile
  readonly members: Members
}

/** An announcement whose objects are durable. */
export interface PreparedAnnouncement {
  readonly announcement: Announcement
  readonly message: Uint8Array
  readonly instructions: readonly Instruction[]
}

/**
 * Makes the objects of the next announcement durable and drafts its two instructions. The newest epoch of the file is
 * announced: a revision of the epoch before, or a new one.
 */
export async function prepareAnnouncement(
  context: Pick<LakeContext, "random">,
  control: Stores["control"],
  accounts: VaultAccounts,
  state: RegisterState | undefined,
  next: NextAnnouncement,
): Promise<PreparedAnnouncement> {
  const last = state?.newest
  const newestEpoch = next.file.epochs.at(-1)
  if (!newestEpoch) throw new Error("a vault file holds at least one epoch")
  const keys = epochOf(accounts.id, next.file, newestEpoch.epoch)
  const isRevision = last?.announcement.epoch === keys.epoch
  const announcement: Announcement = {
    epoch: keys.epoch,
    revision: isRevision ? last.announcement.revision + 1 : 0,
    previous: last?.digest ?? new Uint8Array(32),
    vault: accounts.id.vault,
    commit: keys.commit,
    ...(await putObjects(context.random, control, accounts, next)),
  }
  const message = encodeAnnouncement(announcement)
  return { announcement, message, instructions: announcing(accounts, message, last?.digest) }
}

async function putObjects(
  random: RandomBytes,
  control: Stores["control"],
  { id }: VaultAccounts,
  { file, members }: NextAnnouncement,
): Promise<{ intake: CID; vaultFile: CID; members: CID }> {
  const { epoch, intake } = file.epochs.at(-1) as VaultFile["epochs"][number]
  const intakeObject = encodeIntake({ epoch, key: xWingKeyPair(intake).publicKey })
  const membersObject = sealMembers(id, epochOf(id, file, epoch), members, random)
  const vaultFile = await sealVaultFile(id, file, random)
  return {
    intake: await putObject(control, intakeObject),
    members: await putObject(control, membersObject),
    vaultFile: await putObject(control, vaultFile),
  }
}

function announcing(
  { id, register }: VaultAccounts,
  message: Uint8Array,
  previous: Uint8Array | undefined,
): Instruction[] {
  return [
    { type: "transfer", signer: register, recipient: id.register, mosaics: [], message },
    {
      type: "account-metadata",
      signer: register,
      target: id.register,
      key: REGISTER_METADATA_KEY,
      ...metadataDelta(previous, announcementHash(message)),
    },
  ]
}

/** One who must cosign: the agent, a newcomer, or a key that is at hand. */
export interface Cosigner {
  /** Symbol public key. */
  readonly key: Uint8Array
  /** Cosigns the aggregate; the signature is over its hash. */
  readonly cosign: (aggregate: Uint8Array) => Promise<Uint8Array>
}

/** An aggregate that the chain has taken. */
export interface Enacted {
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly height: number
  /** Atomic units set aside for the fee. */
  readonly fee: bigint
  /** Size of the aggregate in bytes, cosignatures counted. */
  readonly size: number
}

/** Drafts and signs an aggregate as its payer; cosignatures are still missing. */
export async function signAct(
  { ledger }: Pick<LakeContext, "ledger">,
  payer: Identity,
  instructions: readonly Instruction[],
  cosignatures: number,
): Promise<Uint8Array> {
  const network = await ledger.network()
  const draft = draftAggregate(network, {
    instructions,
    signer: payer.key,
    deadlineMs: await ledger.deadline(ACT_LIFETIME_MS),
    feeMultiplier: await ledger.feeMultiplier(),
    cosignatures,
  })
  return withSignature(draft, await payer.sign(signingBytes(network, draft)))
}

/**
 * Collects cosignatures one after the other, announces and waits until confirmed.
 * @throws {LedgerRefusedError} with the node's Failure code
 * @throws {AgentRefusedError} when the agent does not cosign
 */
export async function enact(
  { ledger }: Pick<LakeContext, "ledger">,
  signed: Uint8Array,
  cosigners: readonly Cosigner[],
  signal?: AbortSignal,
): Promise<Enacted> {
  let aggregate = signed
  for (const { key, cosign } of cosigners) {
    aggregate = withCosignature(aggregate, { publicKey: key, signature: await cosign(signed) })
  }
  return await announceAggregate({ ledger }, aggregate, signal)
}

/** Announces a complete aggregate and waits until it is confirmed. */
export async function announceAggregate(
  { ledger }: Pick<LakeContext, "ledger">,
  aggregate: Uint8Array,
  signal?: AbortSignal,
): Promise<Enacted> {
  const { hash } = await ledger.announce(aggregate, signal)
  const { height } = await ledger.confirm(hash, { aggregate, ...(signal && { signal }) })
  const { maxFee, size } = parseAggregate(await ledger.network(), aggregate)
  return { hash, height, fee: maxFee, size }
}

/**
 * Deletes what an act replaced, once it is final: until then a roll-back could bring the old announcement back. Members and intake objects
 * stay: the standing of older records rests on them.
 */
export async function deleteReplaced(
  { ledger }: Pick<LakeContext, "ledger">,
  control: Stores["control"],
  act: Enacted,
  objects: readonly CID[],
  signal?: AbortSignal,
): Promise<void> {
  await ledger.finalize(act.hash, signal ? { signal } : {})
  for (const name of objects) await control.delete(name.toString(), signal ? { signal } : {})
}
