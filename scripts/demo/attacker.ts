/**
 * Somebody who wants in: an account's own keys, everything they ever opened, and the raw chain and raw lake.
 *
 *     every message × own message key ─▶ grant halves ┐
 *     every control object × own X-Wing key (× halves) ┴─▶ loot: keys of epochs ─▶ every record × every key ─▶ an image, or nothing
 *
 * Formats are public; none of the API's good manners are used: no expiry is honoured, no standing asked, no key thrown away.
 *
 * @module
 */
import { equal, hex } from "../../src/base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../../src/base/dag-cbor.ts"
import { MedlakeError } from "../../src/base/errors.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import type { Identity } from "../../src/lake/ports.ts"
import { decodeMessage } from "../../src/ledger/index.ts"
import { BlobReader } from "../../src/record/blob-reader.ts"
import { type Manifest, openManifest } from "../../src/record/manifest.ts"
import {
  openIndex,
  openLocate,
  openRecordKey,
  parseRecordMessage,
  RECORD_MESSAGE_LENGTH,
} from "../../src/record/record-message.ts"
import { encodeNode, parseNode, slotKey } from "../../src/vault/calendar.ts"
import { contextOf, type VaultId } from "../../src/vault/context.ts"
import { openEnvelope, parseEnvelope } from "../../src/vault/envelope.ts"
import { locateKey } from "../../src/vault/epoch.ts"
import { type GrantedEpoch, openGrant, parseGrantMessage } from "../../src/vault/grant.ts"
import {
  everyObject,
  everyTransfer,
  nameOf,
  type RawTransfer,
  rawObject,
  rawRange,
} from "./raw-world.ts"

/** Where the raw world is. */
export interface Target {
  readonly node: string
  /** Lake and control store behind HTTP. */
  readonly lake: string
  readonly control: string
  readonly vault: VaultId
}

/** What was opened so far. */
export interface Loot {
  readonly epochs: readonly GrantedEpoch[]
  readonly objectsOpened: number
  readonly objectsTried: number
  readonly messagesOpened: number
  readonly messagesTried: number
}

/** What came of one record. */
export interface Attempt {
  readonly record: string
  readonly opened: boolean
  /** SHA-256 of its first instance, opened to the last byte; hex. */
  readonly instance?: string
  readonly keysTried: number
}

/** Tries own keys on every message and every control object. */
export async function collectLoot(
  { node, control, vault }: Target,
  own: Identity,
  kept: readonly GrantedEpoch[] = [],
): Promise<Loot> {
  const transfers = await everyTransfer(node)
  const objects = await everyObject(control)
  const halves: { readonly id: Uint8Array; readonly a: Uint8Array }[] = []
  for (const { message, signer } of transfers) {
    const plaintext = decodeMessage(await own.messageKey(signer), message)
    if (plaintext) halves.push(parseGrantMessage(plaintext))
  }
  const epochs: GrantedEpoch[] = [...kept]
  let objectsOpened = 0
  for (const object of objects.values()) {
    let opened = await opens(object, own)
    for (const half of halves) {
      const body = await attempt(() => openGrant(object, vault, half, own))
      if (!body) continue
      opened = true
      epochs.push(...body.epochs)
    }
    if (opened) objectsOpened += 1
  }
  return {
    epochs,
    objectsOpened,
    objectsTried: objects.size,
    messagesOpened: halves.length,
    messagesTried: transfers.length,
  }
}

/** Tries every key on every record of the register. */
export async function attackRecords(
  target: Target,
  epochs: readonly GrantedEpoch[],
): Promise<Attempt[]> {
  const transfers = await everyTransfer(target.node)
  const attempts: Attempt[] = []
  for (const one of transfers) {
    const isRecord =
      equal(one.recipient, target.vault.register) && one.message.length === RECORD_MESSAGE_LENGTH
    if (isRecord) attempts.push(await attackRecord(target, one, epochs))
  }
  return attempts
}

/** Reads a link's shared record keys and opens them, no keeper asked any more. */
export async function openFirstInstance(target: Target, manifest: Manifest): Promise<string> {
  const part = manifest.parts.find(({ role }) => role === "instance")
  const blob = part && manifest.blobs[part.blob]
  if (!part || !blob) throw new Error("the manifest holds no instance")
  const range = (start: number, end: number) =>
    rawRange(target.lake, blob.cid.toString(), start, end)
  const reader = new BlobReader(blob, range, new WebSegmentCipher())
  for await (const piece of reader.readPart(part)) void piece
  return hex(part.sha256)
}

async function attackRecord(
  target: Target,
  transfer: RawTransfer,
  epochs: readonly GrantedEpoch[],
): Promise<Attempt> {
  const record = nameOf(transfer)
  const { vault, control } = target
  const message = parseRecordMessage(transfer.message)
  for (const { epoch, key, read } of message ? epochs : []) {
    const manifest = await attempt(async () => {
      if (!message) return undefined
      const { manifest: cid } = openLocate(vault, message, locateKey(vault, epoch, key))
      const indexed = openIndex(vault, message, key)
      const slot = slotKey(read, indexed.slot, "read", contextOf(vault, epoch))
      const recordKey = openRecordKey(vault, message, indexed, slot)
      return openManifest(vault, recordKey, await rawObject(control, cid.toString()))
    })
    if (!manifest) continue
    const instance = await openFirstInstance(target, manifest)
    return { record, opened: true, instance, keysTried: epochs.length }
  }
  return { record, opened: false, keysTried: epochs.length }
}

async function opens(object: Uint8Array, own: Identity): Promise<boolean> {
  for (const kind of ["envelope", "vault-file"] as const) {
    const opener = { kind: "account" as const, holder: own }
    if ((await attempt(() => openEnvelope(parseEnvelope(object, kind), opener))) !== undefined)
      return true
  }
  return false
}

/** What a try brings; undefined when it is shut. Only our own typed refusals count as shut. */
async function attempt<T>(work: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MedlakeError) return undefined
    throw error
  }
}

/** Keys of epochs as bytes, to be kept in the attacker's home. */
export function encodeEpochs(epochs: readonly GrantedEpoch[]): Uint8Array {
  return encodeDagCbor(
    epochs.map(({ epoch, key, list, read }) => ({
      epoch,
      key,
      list: list.map(encodeNode),
      read: read.map(encodeNode),
    })),
  )
}

/** What {@link encodeEpochs} wrote. */
export function decodeEpochs(bytes: Uint8Array): GrantedEpoch[] {
  const epochs = decodeDagCbor(bytes) as {
    epoch: number
    key: Uint8Array
    list: Uint8Array[]
    read: Uint8Array[]
  }[]
  return epochs.map(({ epoch, key, list, read }) => ({
    epoch,
    key,
    list: list.map(parseNode),
    read: read.map(parseNode),
  }))
}
