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
  return await provenHistory(ledger, register, async () => {
    const transfers: RegisterTransfer[] = []
    // The register's own only: records, of which there may be many, are the vault's transfers.
    const own = { recipient: register.address, signer: register.key }
    for await (const transfer of ledger.transfers({ ...own, ...(signal && { signal }) })) {
      transfers.push(positioned(transfer, transfers.length))
    }
    return followAnnouncements(transfers)
  })
}

/** Announcements may be made while they are read: then they are read again, this often. */
const READINGS = 3

/**
 * Reads a history until its newest announcement is the one that the register's metadata proves.
 * @throws {NotFoundError} when nothing was announced
 * @throws {IntegrityError} when the node withholds or invents an announcement
 */
export async function provenHistory<T extends AnnouncementHistory<RegisterTransfer>>(
  ledger: SymbolLedger,
  { address }: RegisterAccount,
  read: () => Promise<T>,
): Promise<T & RegisterState> {
  for (let reading = 1; ; reading++) {
    const history = await read()
    const { newest } = history
    if (!newest) {
      throw new NotFoundError(
        `the register ${formatAddress(address)} has announced nothing: it is no medlake register, or not created yet`,
      )
    }
    const key = { source: address, target: address, key: REGISTER_METADATA_KEY }
    const { value } = await ledger.proveMetadata(key)
    if (value && equal(value, newest.digest)) return { ...history, newest }
    if (reading === READINGS) {
      throw new IntegrityError(
        "the node's announcements do not end where the register's metadata says: it withholds the newest; ask another node",
      )
    }
  }
}

/**
 * A chain transfer with its place in the chain.
 * @param place its place among all that were read: the ledger yields them in the order of the chain
 */
export function positioned(transfer: ChainTransfer, place: number): RegisterTransfer {
  const { aggregateHash: hash, index, height } = transfer
  return { ...transfer, hash, height: BigInt(height), transaction: place, index: index ?? 0 }
}
