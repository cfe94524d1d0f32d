/**
 * What keys open on raw chain and raw lake when none of our good manners are used: every key is tried as everything, every node as if
 * it stood anywhere, list nodes as read nodes, keys of one epoch on messages of another.
 *
 * @module
 */
import { openFirstInstance, type Target } from "../../scripts/demo/attacker.ts"
import { everyTransfer, nameOf, rawObject } from "../../scripts/demo/raw-world.ts"
import { equal } from "../../src/base/bytes.ts"
import { MedlakeError } from "../../src/base/errors.ts"
import { openList, openPins, parseCatalogue } from "../../src/record/catalogue.ts"
import { openManifest } from "../../src/record/manifest.ts"
import {
  openIndex,
  openLocate,
  openRecordKey,
  parseRecordMessage,
  type RecordMessage,
} from "../../src/record/record-message.ts"
import { slotKey, slotOf, type TreeNode } from "../../src/vault/calendar.ts"
import { contextOf } from "../../src/vault/context.ts"
import { locateKey } from "../../src/vault/epoch.ts"
import type { GrantedEpoch } from "../../src/vault/grant.ts"
import type { Patient, World } from "./world.ts"

/** How far into one record somebody came. */
export interface Reached {
  readonly record: string
  /** CIDs of manifest and catalogue, sizes of the blobs. */
  readonly locate: boolean
  /** Slot, and what may be listed. */
  readonly list: boolean
  /** SHA-256 of the first instance, opened to its last byte. */
  readonly read: string | undefined
}

const SLOT_BITS = 29

/** The raw world of a vault. */
export function targetOf({ devnet, places }: World, { accounts }: Patient): Target {
  return { node: devnet.url, ...places, vault: accounts.id }
}

/**
 * Tries keys of epochs on every record.
 * @param times of the data (ms since 1970) that the attacker guesses, where the slot can't be read
 */
export async function attackWith(
  target: Target,
  loot: readonly GrantedEpoch[],
  times: readonly number[],
): Promise<Reached[]> {
  const reached: Reached[] = []
  for (const transfer of await everyTransfer(target.node)) {
    const message = equal(transfer.recipient, target.vault.register)
      ? parsed(transfer.message)
      : undefined
    if (message)
      reached.push({ record: nameOf(transfer), ...(await reach(target, message, loot, times)) })
  }
  return reached
}

async function reach(
  target: Target,
  message: RecordMessage,
  loot: readonly GrantedEpoch[],
  times: readonly number[],
) {
  const { vault, control } = target
  const keys = loot.map(({ key }) => key)
  const epochs = [...new Set([message.epoch, ...loot.map(({ epoch }) => epoch)])]
  const locates = keys.flatMap((key) => [
    key,
    ...epochs.map((epoch) => locateKey(vault, epoch, key)),
  ])
  const located = first(locates, (key) => ({ key, ...openLocate(vault, message, key) }))
  const indexed = first(keys, (key) => openIndex(vault, message, key))
  const catalogue =
    located && parseCatalogue(await rawObject(control, located.catalogue.toString()), message.epoch)
  const pins = catalogue && first(locates, (key) => openPins(vault, catalogue, key))
  const slots = indexed ? [indexed.slot] : times.map((time) => slotOf(time).slot)
  const slotKeys = loot.flatMap((one) =>
    slots.flatMap((slot) => forgedKeys(target, one, epochs, slot)),
  )
  const listed = catalogue && first(slotKeys, (key) => openList(vault, catalogue, key))
  const recordKey = indexed && first(slotKeys, (key) => openRecordKey(vault, message, indexed, key))
  const candidates = [...(recordKey ? [recordKey] : []), ...keys, ...slotKeys]
  const sealed = located && (await rawObject(control, located.manifest.toString()))
  const manifest = sealed && first(candidates, (key) => openManifest(vault, key, sealed))
  return {
    locate: pins !== undefined,
    list: listed !== undefined,
    read: manifest && (await openFirstInstance(target, manifest)),
  }
}

/** Slot keys that the nodes would give if each stood at any depth above the slot, in either tree and any epoch. */
function forgedKeys(
  { vault }: Target,
  { key, list, read }: GrantedEpoch,
  epochs: readonly number[],
  slot: number,
): Uint8Array[] {
  const nodes: TreeNode[] = [...list, ...read].flatMap((node) =>
    Array.from({ length: SLOT_BITS + 1 }, (_, depth) => ({
      depth,
      prefix: Math.floor(slot / 2 ** (SLOT_BITS - depth)) * 2 ** (SLOT_BITS - depth),
      key: node.key,
    })),
  )
  const purposes = ["list", "read"] as const
  return epochs.flatMap((epoch) =>
    purposes.flatMap((purpose) =>
      [...nodes.map((node) => [node]), key].map((tree) =>
        slotKey(tree, slot, purpose, contextOf(vault, epoch)),
      ),
    ),
  )
}

/** What the first key that fits opens. Only a typed refusal means that it does not fit. */
function first<T>(keys: readonly Uint8Array[], open: (key: Uint8Array) => T): T | undefined {
  for (const key of keys) {
    try {
      return open(key)
    } catch (error) {
      if (!(error instanceof MedlakeError)) throw error
    }
  }
  return undefined
}

function parsed(message: Uint8Array): RecordMessage | undefined {
  try {
    return parseRecordMessage(message)
  } catch (error) {
    if (error instanceof MedlakeError) return undefined
    throw error
  }
}
