/**
 * Keys of one epoch, all from one secret (docs/FORMAT.md §1.2).
 *
 *     S_e ──"index"──▶ C_e ──"locate"──▶ L_e ──"commit"──▶ commitment (announced)
 *      ├───"list"───▶ root of the list tree
 *      └───"read"───▶ root of the read tree
 *
 * @module
 */
import { expectLength } from "../base/bytes.ts"
import type { RandomBytes } from "../base/random.ts"
import { kdf } from "../crypto/hkdf.ts"
import { contextOf, type VaultId } from "./context.ts"

/** All keys of an epoch; 32 bytes each. */
export interface EpochKeys {
  readonly epoch: number
  /** C_e: opens index boxes and the members object. */
  readonly index: Uint8Array
  /** L_e: opens locate and pins boxes. */
  readonly locate: Uint8Array
  readonly listRoot: Uint8Array
  readonly readRoot: Uint8Array
  /** What the announcement says of L_e. */
  readonly commit: Uint8Array
}

/** A fresh S_e. */
export function newEpochSecret(random: RandomBytes): Uint8Array {
  return expectLength("epoch secret", random(32), 32)
}

/** @throws {InvalidInputError} when the secret is not 32 bytes or the epoch no u32 */
export function deriveEpoch(id: VaultId, epoch: number, secret: Uint8Array): EpochKeys {
  expectLength("epoch secret", secret, 32)
  const context = contextOf(id, epoch)
  const index = kdf(secret, "index", context)
  const locate = locateKey(id, epoch, index)
  return {
    epoch,
    index,
    locate,
    listRoot: kdf(secret, "list", context),
    readRoot: kdf(secret, "read", context),
    commit: commitmentOf(id, epoch, locate),
  }
}

/** L_e of a holder of C_e. */
export function locateKey(id: VaultId, epoch: number, index: Uint8Array): Uint8Array {
  return kdf(expectLength("index key", index, 32), "locate", contextOf(id, epoch))
}

/** The announced commitment of L_e, by which a grantee sees that a key belongs to an epoch. */
export function commitmentOf(id: VaultId, epoch: number, locate: Uint8Array): Uint8Array {
  return kdf(expectLength("locate key", locate, 32), "commit", contextOf(id, epoch))
}
