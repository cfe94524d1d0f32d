/**
 * How each case of a vector is read: bytes and what the reader is given in, the value out, or a MedlakeError. These are the real readers
 * of `src`; nothing here decides anything.
 *
 * @module
 */
import { collect, concat, fromUtf8, once } from "../../src/base/bytes.ts"
import { publicKeyOf } from "../../src/crypto/ed25519.ts"
import { kdf } from "../../src/crypto/hkdf.ts"
import { hpkeOpen } from "../../src/crypto/hpke.ts"
import { boxKey, open } from "../../src/crypto/seal.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import { sha256, sha256Stream } from "../../src/crypto/sha256.ts"
import { decapsulate, xWingKeyPair } from "../../src/crypto/x-wing.ts"
import { BlobReader } from "../../src/record/blob-reader.ts"
import {
  type BlobSecrets,
  dekCommitment,
  nameBlob,
  sealBlob,
} from "../../src/record/blob-writer.ts"
import { openList, openPins, parseCatalogue } from "../../src/record/catalogue.ts"
import { openDeposit, openDraft, verifyDeposit } from "../../src/record/deposit.ts"
import { type ManifestBlob, openManifest } from "../../src/record/manifest.ts"
import { openQuery, openQueryAnswer, verifyQuery } from "../../src/record/query.ts"
import {
  openIndex,
  openLocate,
  openRecordKey,
  parseRecordMessage,
} from "../../src/record/record-message.ts"
import { instanceTags } from "../../src/record/tags.ts"
import {
  type AccountRole,
  accountSeed,
  agreementSeed,
  checkWords,
  institutionSeed,
} from "../../src/vault/accounts.ts"
import { parseAnnouncement } from "../../src/vault/announcement.ts"
import { coverNodes, encodeNode, parseNode, rangeOf, slotKey } from "../../src/vault/calendar.ts"
import { parseCard, parseContactCard, parseVaultCard } from "../../src/vault/card.ts"
import type { Context, VaultId } from "../../src/vault/context.ts"
import { openEnvelope, parseEnvelope } from "../../src/vault/envelope.ts"
import type { SlotOpener } from "../../src/vault/envelope-slot.ts"
import { deriveEpoch } from "../../src/vault/epoch.ts"
import { openGrant, parseGrantMessage } from "../../src/vault/grant.ts"
import { openHandOver } from "../../src/vault/hand-over.ts"
import { parseIntake } from "../../src/vault/intake.ts"
import { parseLink } from "../../src/vault/link.ts"
import { openLinkEnvelope } from "../../src/vault/link-body.ts"
import { openLinkFile } from "../../src/vault/link-file.ts"
import {
  openKeeperAnswer,
  openKeeperRequest,
  passcodeProof,
  proofHash,
} from "../../src/vault/link-keeper.ts"
import { openDropLink, openKeepLink } from "../../src/vault/link-keeping.ts"
import { openMembers } from "../../src/vault/members.ts"
import { parseOffer, parseOfferAnswer } from "../../src/vault/offer.ts"
import { openFactor } from "../../src/vault/second-factor.ts"
import { requireSignature } from "../../src/vault/signature.ts"
import { slotOf } from "../../src/vault/slot.ts"
import { verifyStoreCall } from "../../src/vault/store-authorization.ts"
import { openVaultFile } from "../../src/vault/vault-file.ts"
import { PRIMITIVE_READERS, type PrimitiveGiven } from "./primitive-readers.ts"

/** What cases give to readers; each reader needs some of it. */
export interface Given extends PrimitiveGiven {
  readonly vault: VaultId
  readonly epoch: number
  readonly ctx: Context
  readonly key: Uint8Array
  readonly label: string
  readonly salt: Uint8Array
  readonly purpose: string
  readonly body: Uint8Array
  readonly secret: Uint8Array
  readonly index: Uint8Array
  readonly locate: Uint8Array
  readonly recordKey: Uint8Array
  readonly readSlotKey: Uint8Array
  readonly listSlotKey: Uint8Array
  readonly root: Uint8Array
  readonly nodes: readonly Uint8Array[]
  readonly slot: number
  readonly range: string
  readonly time: number
  readonly blob: ManifestBlob
  readonly offset: number
  readonly count: number
  readonly id: Uint8Array
  readonly dek: Uint8Array
  readonly prefix: Uint8Array
  readonly kind: BlobSecrets["kind"]
  readonly length: number
  /** Seeds of Symbol keys; the X-Wing keys follow from them. */
  readonly account: Uint8Array
  readonly agent: Uint8Array
  readonly viewer: Uint8Array
  readonly phone: Uint8Array
  readonly a: Uint8Array
  readonly h: Uint8Array
  readonly link: Uint8Array
  readonly act: Uint8Array
  readonly passphrase: string
  readonly passcode: string
  readonly opener: Partial<Given>
  readonly answered: Uint8Array
  readonly words: string
  readonly mainnet: boolean
  readonly vaultIndex: number
  readonly role: AccountRole
  readonly generation: number
  readonly network: Uint8Array
  readonly register: Uint8Array
  readonly dedup: Uint8Array
  readonly uid: string
  readonly digest: Uint8Array
  readonly method: "PUT" | "DELETE"
  readonly folder: "blobs" | "objects"
  readonly cid: string
  readonly size: number
  readonly generationHash: Uint8Array
  readonly networkByte: number
  readonly now: number
}

type Reader = (bytes: Uint8Array, given: Given) => unknown

const X_WING_ENC = 1120
const cipher = new WebSegmentCipher()

/** Whoever holds a Symbol key seed. */
function holderOf(seed: Uint8Array) {
  const agreement = agreementSeed(seed)
  return {
    key: publicKeyOf(seed),
    decapsulate: async (enc: Uint8Array) => decapsulate(agreement, enc),
    openHpke: async (
      { enc, ct }: { readonly enc: Uint8Array; readonly ct: Uint8Array },
      info: Uint8Array,
      aad: Uint8Array,
    ) => hpkeOpen(agreement, enc, info, aad, ct),
  }
}

/** HPKE messages that travel as two fields are joined in vectors. */
function split(bytes: Uint8Array) {
  return { enc: bytes.slice(0, X_WING_ENC), ct: bytes.slice(X_WING_ENC) }
}

function slotOpener({ account, a, link, h, passphrase }: Partial<Given>): SlotOpener {
  if (account) return { kind: "account", holder: holderOf(account), ...(a && { a }) }
  if (link) return { kind: "link", key: link, ...(h && { h }) }
  return { kind: "passphrase", passphrase: passphrase as string }
}

function readRecordMessage(bytes: Uint8Array, given: Given): unknown {
  const { vault, locate, index, readSlotKey } = given
  const message = parseRecordMessage(bytes)
  if (!message) return null
  const indexed = openIndex(vault, message, index)
  return {
    epoch: message.epoch,
    ...openLocate(vault, message, locate),
    slot: indexed.slot,
    recordKey: openRecordKey(vault, message, indexed, readSlotKey),
  }
}

async function readBlob(bytes: Uint8Array, { blob, offset, count }: Given): Promise<Uint8Array> {
  const fetch = async function* (start: number, end: number) {
    yield bytes.slice(start, end)
  }
  const reader = new BlobReader(blob, fetch, cipher)
  return await collect(reader.read(offset ?? 0, count ?? blob.length))
}

async function sealPattern({ kind, id, dek, salt, prefix, length }: Given): Promise<unknown> {
  const content = Uint8Array.from({ length }, (_, i) => i % 251)
  const leaves: Uint8Array[] = []
  const hash = sha256Stream()
  for await (const one of sealBlob(
    { kind, id, dek, salt, prefix },
    { length, open: () => once(content) },
    cipher,
  )) {
    leaves.push(one.digest)
    hash.update(one.leaf)
  }
  const { cid, size } = nameBlob(length, leaves)
  const commit = dekCommitment(dek)
  return { cid, size, leaves: concat(...leaves), commit, sha256: hash.digest() }
}

function readAccount(given: Given): unknown {
  const seed = accountSeed(given.words, given)
  const agreement = agreementSeed(seed)
  const agreementHash = sha256(xWingKeyPair(agreement).publicKey)
  return { seed, key: publicKeyOf(seed), agreementSeed: agreement, agreementHash }
}

/** By the name that cases give. */
export const READERS: Readonly<Record<string, Reader>> = {
  ...PRIMITIVE_READERS,
  kdf: (_, { key, label, ctx }) => kdf(key, label, ctx),
  seal: (bytes, { key, label, ctx, salt }) => open(key, label, ctx, salt, bytes),
  opener: (_, { key, label, ctx, salt }) => boxKey(key, label, ctx, salt),
  signature: (bytes, { purpose, ctx, body, key }) => {
    requireSignature({ purpose, context: ctx, body }, key, bytes)
    return true
  },
  "epoch keys": (_, { vault, epoch, secret }) => deriveEpoch(vault, epoch, secret),
  "instance tags": (_, { dedup, uid, digest }) => instanceTags(dedup, uid, digest),
  words: (_, { words }) => checkWords(words),
  account: (_, given) => readAccount(given),
  institution: (_, { root, network, register }) => institutionSeed(root, network, register),
  slot: (_, { time }) => slotOf(time),
  node: parseNode,
  "slot key": (_, { root, nodes, slot, purpose, ctx }) =>
    slotKey(root ?? nodes.map(parseNode), slot, purpose as "list" | "read", ctx),
  cover: (_, { root, range }) => coverNodes(root, rangeOf(range)).map(encodeNode),
  blob: readBlob,
  "pattern blob": (_, given) => sealPattern(given),
  manifest: (bytes, { vault, recordKey }) => openManifest(vault, recordKey, bytes),
  catalogue: (bytes, { vault, epoch, locate, listSlotKey }) => {
    const catalogue = parseCatalogue(bytes, epoch)
    const pins = openPins(vault, catalogue, locate)
    return { pins, list: openList(vault, catalogue, listSlotKey) }
  },
  "record message": readRecordMessage,
  announcement: parseAnnouncement,
  intake: parseIntake,
  members: (bytes, { vault, epoch, index }) => openMembers(vault, { epoch, index }, bytes),
  envelope: (bytes, { vault, opener }) =>
    openEnvelope(parseEnvelope(bytes, "envelope"), slotOpener(opener), vault),
  grant: (bytes, { vault, account, id, a }) =>
    openGrant(bytes, vault, { id, a }, holderOf(account)),
  "grant message": parseGrantMessage,
  "vault file": (bytes, { vault, account, passphrase }) =>
    openVaultFile(bytes, vault, account ? holderOf(account) : { passphrase }),
  "link envelope": (bytes, { key, h }) => openLinkEnvelope(bytes, { key, ...(h && { h }) }),
  card: (bytes) => {
    const { body, root } = parseCard(bytes)
    return { body, root }
  },
  "contact card": parseContactCard,
  "vault card": parseVaultCard,
  deposit: async (bytes, { vault, epoch, account }) => {
    const message = verifyDeposit({ vault, epoch }, bytes)
    const content = await openDeposit(vault, message, holderOf(account))
    return { writer: message.writer, content }
  },
  query: async (bytes, { vault, epoch, account }) => {
    const message = verifyQuery({ vault, epoch }, bytes)
    const content = await openQuery(vault, message, holderOf(account))
    return { writer: message.writer, content }
  },
  draft: (bytes, { vault, epoch, answered, account }) =>
    openDraft({ vault, epoch }, [answered], split(bytes), holderOf(account)),
  "query answer": (bytes, { vault, epoch, answered, count, account }) =>
    openQueryAnswer({ vault, epoch }, { hash: answered, count }, split(bytes), holderOf(account)),
  "hand-over": (bytes, { agent, phone }) => openHandOver(bytes, holderOf(agent), phone),
  "keep-link": (bytes, { agent }) => openKeepLink(bytes, holderOf(agent)),
  "drop-link": async (bytes, { agent }) => {
    const { linkId: link, signer } = await openDropLink(bytes, holderOf(agent))
    return { link: { link }, signer }
  },
  offer: parseOffer,
  "offer answer": parseOfferAnswer,
  "second factor": (bytes, { act, agent }) => openFactor(act, split(bytes), holderOf(agent)),
  link: (bytes) => parseLink(fromUtf8(bytes)),
  "link file": (bytes, { key }) => openLinkFile(key, fromUtf8(bytes)),
  "passcode proof": async (_, { passcode, link }) => {
    const proof = await passcodeProof(passcode, link)
    return { proof, hash: proofHash(proof) }
  },
  "keeper request": (bytes, { link, account }) =>
    openKeeperRequest(link, holderOf(account), split(bytes)),
  "keeper answer": async (bytes, { link, viewer }) => ({
    h: await openKeeperAnswer(link, holderOf(viewer), split(bytes)),
  }),
  "store authorization": (bytes, { now, method, folder, cid, size, generationHash, networkByte }) =>
    verifyStoreCall(
      fromUtf8(bytes),
      { method, folder, cid, size },
      { generationHash, networkByte },
      now,
    ),
}
