/**
 * Hand-over: the phone pairs the agent with a vault, and gives it each new epoch before it is announced.
 *
 * Before a vault is on chain its phone may pair again (a `create` that failed is begun anew); afterwards nothing replaces what was paired.
 * An epoch is taken when it is the next one, or the newest one that the agent lost. Old epochs are forgotten when the newest is final.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import {
  AccessDeniedError,
  AlreadyExistsError,
  ForeignNetworkError,
  IntegrityError,
  NotFoundError,
  StaleEpochError,
} from "../base/errors.ts"
import { deriveEpoch } from "../vault/epoch.ts"
import {
  type EpochHandOver,
  type HandOver,
  openHandOver,
  type Pairing,
} from "../vault/hand-over.ts"
import type { AgentVault, AgentVaults } from "./agent-vault.ts"
import type { AgentContext } from "./ports.ts"
import { encodeVaultSecrets, type HeldEpoch, type VaultSecrets } from "./secrets.ts"
import type { Turns } from "./turns.ts"
import { readAnnouncements } from "./vault-state.ts"

type Context = Pick<AgentContext, "ledger">

/**
 * Takes a hand-over.
 * @throws {AccessDeniedError} when it is sealed to none of this agent's keys
 * @throws {IntegrityError} when its signature does not hold or is not the phone's
 * @throws {ForeignNetworkError} when it is of another network
 * @throws {AlreadyExistsError} when the vault is on chain and paired already
 * @throws {StaleEpochError} when its epoch is neither the next nor the newest
 */
export async function takeHandOver(
  context: Context,
  vaults: AgentVaults,
  turns: Turns,
  message: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const content = await openAny(vaults, message)
  const { generationHash } = await context.ledger.network()
  if (!equal(content.network, generationHash)) {
    throw new ForeignNetworkError("the hand-over is for another network than this agent's node")
  }
  await turns.take(content.register, async () => {
    if (content.kind === "pairing") await pair(context, vaults, content, signal)
    else await takeEpoch(context, vaults, content, signal)
  })
}

/** Tries the pairing key, then the key of each vault with the phone that it knows. */
async function openAny(vaults: AgentVaults, message: Uint8Array): Promise<HandOver> {
  const opened = await unlessSealedToAnother(() => openHandOver(message, vaults.pairing))
  if (opened) {
    if (opened.kind === "pairing") return opened
    throw new AccessDeniedError("an epoch is sealed to the agent's own key, not its pairing key")
  }
  for (const { identity, secrets } of vaults.all()) {
    const found = await unlessSealedToAnother(() => openHandOver(message, identity, secrets.phone))
    if (found?.kind === "epoch" && equal(found.register, secrets.register)) return found
    if (found) throw new IntegrityError("the hand-over is for another vault than it is sealed to")
  }
  throw new AccessDeniedError("the hand-over is sealed to another agent")
}

async function unlessSealedToAnother<T>(open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open()
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined
    throw error
  }
}

async function pair(
  context: Context,
  vaults: AgentVaults,
  pairing: Pairing,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { kind: _kind, epoch, secret, intake, nodes: _nodes, ...rest } = pairing
  const secrets: VaultSecrets = { ...rest, epochs: [{ epoch, secret, intake }] }
  const known = vaults.find(pairing.register)
  if (known && equal(encodeVaultSecrets(known.secrets), encodeVaultSecrets(secrets))) return
  if (known && !equal(known.secrets.phone, pairing.phone)) throw alreadyPaired()
  if (known && (await newestAnnouncement(context, known, signal))) throw alreadyPaired()
  await vaults.save(secrets)
}

async function takeEpoch(
  context: Context,
  vaults: AgentVaults,
  { register, epoch, secret, intake }: EpochHandOver,
  signal: AbortSignal | undefined,
): Promise<void> {
  const vault = vaults.find(register) as AgentVault
  const newest = await newestAnnouncement(context, vault, signal)
  if (!newest) throw new NotFoundError("the vault is not on chain yet: pair the agent again")
  const isNext = epoch === newest.epoch + 1
  const isLost = epoch === newest.epoch
  if (!isNext && !isLost) {
    throw new StaleEpochError(`epoch ${epoch} was handed over, the newest is ${newest.epoch}`)
  }
  if (isLost && !equal(deriveEpoch(vault.id, epoch, secret).commit, newest.commit)) {
    throw new IntegrityError("the epoch that was handed over is not the one that was announced")
  }
  const others = vault.secrets.epochs.filter((held) => held.epoch !== epoch)
  await vaults.save({ ...vault.secrets, epochs: inOrder([...others, { epoch, secret, intake }]) })
}

async function newestAnnouncement(
  context: Context,
  vault: AgentVault,
  signal: AbortSignal | undefined,
) {
  try {
    return (await readAnnouncements(context, vault, signal)).newest.announcement
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** Forgets the epochs before the newest, once its announcement cannot be undone any more. */
export async function forgetOldEpochs(
  context: Context,
  vaults: AgentVaults,
  turns: Turns,
  register: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  await turns.take(register, async () => {
    const vault = vaults.find(register)
    if (!vault || vault.secrets.epochs.length < 2) return
    const { newest } = await readAnnouncements(context, vault, signal)
    const { finalizedHeight } = await context.ledger.chain(signal)
    if (newest.transfer.height > BigInt(finalizedHeight)) return
    const { epochs } = vault.secrets
    const kept = epochs.filter(({ epoch }) => epoch >= newest.announcement.epoch)
    if (kept.length < epochs.length) await vaults.save({ ...vault.secrets, epochs: kept })
  })
}

function inOrder(epochs: readonly HeldEpoch[]): HeldEpoch[] {
  return epochs.toSorted((a, b) => a.epoch - b.epoch)
}

function alreadyPaired(): AlreadyExistsError {
  return new AlreadyExistsError("this agent is paired with this vault already")
}
