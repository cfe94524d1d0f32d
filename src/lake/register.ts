/**
 * What a register has announced, read from the chain and proven to be the newest.
 *
 *     transfers register → register ──followAnnouncements──▶ newest ── = ── metadata "medlake" (state proof)
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import { IntegrityError, NotFoundError } from "../base/errors.ts"
import { formatAddress } from "../crypto/address.ts"
import { type ChainTransfer, metadataKeyOf, type SymbolLedger } from "../ledger/index.ts"
import {
  type Announced,
  type AnnouncementHistory,
  type AnnouncementTransfer,
  followAnnouncements,
} from "../vault/announcement-history.ts"

/** Key of the register's account metadata that holds the hash of the newest announcement. */
export const REGISTER_METADATA_KEY = metadataKeyOf("medlake")

/** A chain transfer with its place, as the history orders it. */
export type RegisterTransfer = AnnouncementTransfer & Omit<ChainTransfer, "height" | "index">

/** What a register has announced; there is a newest. */
export interface RegisterState extends AnnouncementHistory<RegisterTransfer> {
  readonly newest: Announced<RegisterTransfer>
}

/** The account of a register: both come from a card or from the chain. */
export interface RegisterAccount {
  /** 24 bytes. */
  readonly address: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

/**
 * Reads all announcements of a register and proves by its metadata that none is missing at the end.
 * @throws {NotFoundError} when it never announced anything
 * @throws {IntegrityError} when the node withholds or invents an announcement
 */
export async function readRegister(
  ledger: SymbolLedger,
  register: RegisterAccount,
  signal?: AbortSignal,
): Promise<RegisterState> {
  const transfers: RegisterTransfer[] = []
  const query = { recipient: register.address, ...(signal && { signal }) }
  for await (const transfer of ledger.transfers(query)) {
    if (!equal(transfer.signer, register.key)) continue
    transfers.push(positioned(transfer, transfers.length))
  }
  const history = followAnnouncements(transfers)
  if (!history.newest) {
    throw new NotFoundError(
      `the register ${formatAddress(register.address)} has announced nothing: it is no medlake register, or not created yet`,
    )
  }
  await requireNewest(ledger, register, history.newest.digest)
  return { ...history, newest: history.newest }
}

/**
 * A chain transfer with its place in the chain.
 * @param place its place among all that were read: the ledger yields them in the order of the chain
 */
export function positioned(transfer: ChainTransfer, place: number): RegisterTransfer {
  const { aggregateHash: hash, index, height } = transfer
  return { ...transfer, hash, height: BigInt(height), transaction: place, index: index ?? 0 }
}

/** @throws {IntegrityError} when the register's proven metadata names another announcement */
async function requireNewest(
  ledger: SymbolLedger,
  register: RegisterAccount,
  digest: Uint8Array,
): Promise<void> {
  const { address } = register
  const key = { source: address, target: address, key: REGISTER_METADATA_KEY }
  const { value } = await ledger.proveMetadata(key)
  if (!value || !equal(value, digest)) {
    throw new IntegrityError(
      "the node's announcements do not end where the register's metadata says: it withholds the newest; ask another node",
    )
  }
}
