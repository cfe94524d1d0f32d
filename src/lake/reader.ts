/**
 * What somebody can open of a vault: its owner everything, a grantee what the grant's keys lead to. Having the key *is* the consent: there
 * is no check in code on this path.
 *
 * @module
 */

import type { Tree } from "../vault/calendar.ts"
import { deriveEpoch, locateKey } from "../vault/epoch.ts"
import type { GrantBody } from "../vault/grant.ts"
import type { VaultFile } from "../vault/vault-file.ts"
import type { VaultAccounts } from "./patient-vault.ts"

/** Keys of one epoch, as far as they reach. */
export interface ReadableEpoch {
  readonly epoch: number
  /** L_e */
  readonly locate: Uint8Array
  /** C_e; undefined for a holder of `locate` alone. */
  readonly index: Uint8Array | undefined
  /** Root or nodes. */
  readonly list: Tree
  readonly read: Tree
}

/** A vault and the keys that somebody has to it. */
export interface Reader {
  readonly accounts: Pick<VaultAccounts, "id" | "register">
  readonly epochs: ReadonlyMap<number, ReadableEpoch>
}

/** The owner's reader. */
export function readerOfOwner(accounts: VaultAccounts, file: Pick<VaultFile, "epochs">): Reader {
  const epochs = file.epochs.map(({ epoch, secret }): [number, ReadableEpoch] => {
    const { locate, index, listRoot, readRoot } = deriveEpoch(accounts.id, epoch, secret)
    return [epoch, { epoch, locate, index, list: listRoot, read: readRoot }]
  })
  return { accounts, epochs: new Map(epochs) }
}

/** The reader of one or more grants of one vault; what any of them opens, this one opens. */
export function readerOfGrants(
  accounts: Reader["accounts"],
  grants: readonly Pick<GrantBody, "capability" | "epochs">[],
): Reader {
  const epochs = new Map<number, ReadableEpoch>()
  for (const { capability, epochs: granted } of grants) {
    for (const { epoch, key, list, read } of granted) {
      const isLocate = capability === "locate"
      const locate = isLocate ? key : locateKey(accounts.id, epoch, key)
      const held = epochs.get(epoch)
      epochs.set(epoch, {
        epoch,
        locate,
        index: isLocate ? held?.index : key,
        list: [...nodesOf(held?.list), ...list],
        read: [...nodesOf(held?.read), ...read],
      })
    }
  }
  return { accounts, epochs }
}

function nodesOf(tree: Tree | undefined) {
  if (tree instanceof Uint8Array) throw new Error("a grant never holds the root of a tree")
  return tree ?? []
}
