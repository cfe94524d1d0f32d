/**
 * How each format is read in vectors and fuzzing: bytes in, the value out, or a MedlakeError. The reader's name is in the vector.
 *
 * @module
 */
import { fromUtf8 } from "../../../src/base/bytes.ts"
import { parseAnnouncement } from "../../../src/vault/announcement.ts"
import { parseNode } from "../../../src/vault/calendar.ts"
import { parseCard, parseContactCard, parseVaultCard } from "../../../src/vault/card.ts"
import { openEnvelope, parseEnvelope } from "../../../src/vault/envelope.ts"
import { openGrant, parseGrantMessage } from "../../../src/vault/grant.ts"
import { openHandOver } from "../../../src/vault/hand-over.ts"
import { parseIntake } from "../../../src/vault/intake.ts"
import { parseLink } from "../../../src/vault/link.ts"
import { openLinkEnvelope } from "../../../src/vault/link-body.ts"
import { openLinkFile } from "../../../src/vault/link-file.ts"
import { openKeeperAnswer, openKeeperRequest } from "../../../src/vault/link-keeper.ts"
import { openDropLink, openKeepLink } from "../../../src/vault/link-keeping.ts"
import { openMembers } from "../../../src/vault/members.ts"
import { verifyStoreCall } from "../../../src/vault/store-authorization.ts"
import { openVaultFile } from "../../../src/vault/vault-file.ts"
import * as sample from "./samples.ts"

type Reader = (bytes: Uint8Array) => unknown

/** HPKE messages travel as {enc, ct}; in vectors the two are joined. */
const split = (bytes: Uint8Array) => ({ enc: bytes.slice(0, 1120), ct: bytes.slice(1120) })
const { vaultId, otherVault, epochKeys, grantMessage, linkId, linkKeys, phone, agent } = sample
const verifyAt = (bytes: Uint8Array, now: number, call = {}, network = {}) =>
  verifyStoreCall(
    fromUtf8(bytes),
    { ...sample.storeCall, ...call },
    { ...sample.storeNetwork, ...network },
    now,
  )

/** By name. "… as X" is the same format read by someone or for something else. */
export const READERS: Readonly<Record<string, Reader>> = {
  node: parseNode,
  announcement: parseAnnouncement,
  intake: parseIntake,
  members: (bytes) => openMembers(vaultId, epochKeys, bytes),
  "members as another vault": (bytes) => openMembers(otherVault, epochKeys, bytes),
  "members as an older epoch": (bytes) => openMembers(vaultId, { ...epochKeys, epoch: 1 }, bytes),
  "members as another key": (bytes) =>
    openMembers(vaultId, { ...epochKeys, index: epochKeys.locate }, bytes),
  card: (bytes) => parseCard(bytes).body,
  "card as contact": (bytes) => parseContactCard(bytes).body,
  "card as vault": (bytes) => parseVaultCard(bytes).body,
  grant: (bytes) => openGrant(bytes, vaultId, grantMessage, sample.hospital),
  "grant as another vault": (bytes) => openGrant(bytes, otherVault, grantMessage, sample.hospital),
  "grant as another account": (bytes) => openGrant(bytes, vaultId, grantMessage, sample.stranger),
  "grant as another chain half": (bytes) =>
    openGrant(bytes, vaultId, { ...grantMessage, a: epochKeys.index }, sample.hospital),
  "grant as another grant": (bytes) =>
    openGrant(bytes, vaultId, { ...grantMessage, id: new Uint8Array(16) }, sample.hospital),
  "grant message": parseGrantMessage,
  "vault file": (bytes) => openVaultFile(bytes, vaultId, phone),
  "vault file as words": (bytes) => openVaultFile(bytes, vaultId, sample.words),
  "vault file as agent": (bytes) => openVaultFile(bytes, vaultId, agent),
  "vault file as another vault": (bytes) => openVaultFile(bytes, otherVault, phone),
  "vault file as passphrase": (bytes) =>
    openVaultFile(bytes, vaultId, { passphrase: "Zwölf Boxkämpfer" }),
  envelope: (bytes) =>
    openEnvelope(parseEnvelope(bytes, "envelope"), { kind: "link", ...linkKeys }, vaultId),
  "hand-over": (bytes) => openHandOver(bytes, agent, phone.key),
  "hand-over at pairing": (bytes) => openHandOver(bytes, agent),
  "hand-over as another agent": (bytes) => openHandOver(bytes, sample.stranger, phone.key),
  "hand-over of another phone": (bytes) => openHandOver(bytes, agent, sample.stranger.key),
  "keep-link": async (bytes) => (await openKeepLink(bytes, agent)).link,
  "drop-link": async (bytes) => ({ link: (await openDropLink(bytes, agent)).linkId }),
  link: (bytes) => parseLink(fromUtf8(bytes)),
  "link envelope": async (bytes) => {
    const { vault: _vault, ...body } = await openLinkEnvelope(bytes, linkKeys)
    return body
  },
  "link envelope without keeper": (bytes) => openLinkEnvelope(bytes, { key: linkKeys.key }),
  "link envelope as another link": (bytes) =>
    openLinkEnvelope(bytes, { ...linkKeys, key: linkKeys.h }),
  "link file": (bytes) => openLinkFile(linkKeys.key, fromUtf8(bytes)),
  "link file as another link": (bytes) => openLinkFile(linkKeys.h, fromUtf8(bytes)),
  "keeper request": (bytes) => openKeeperRequest(linkId, agent, split(bytes)),
  "keeper request as another link": (bytes) => openKeeperRequest(linkKeys.key, agent, split(bytes)),
  "keeper answer": async (bytes) => ({
    h: await openKeeperAnswer(linkId, sample.viewer, split(bytes)),
  }),
  "keeper answer as another viewer": (bytes) =>
    openKeeperAnswer(linkId, sample.stranger, split(bytes)),
  "store authorization": (bytes) => verifyAt(bytes, sample.STORE_TIME + 300_000),
  "store authorization too late": (bytes) => verifyAt(bytes, sample.STORE_TIME + 300_001),
  "store authorization too early": (bytes) => verifyAt(bytes, sample.STORE_TIME - 300_001),
  "store authorization of DELETE": (bytes) =>
    verifyAt(bytes, sample.STORE_TIME, { method: "DELETE" }),
  "store authorization of blobs": (bytes) =>
    verifyAt(bytes, sample.STORE_TIME, { folder: "blobs" }),
  "store authorization of another size": (bytes) =>
    verifyAt(bytes, sample.STORE_TIME, { size: 1235 }),
  "store authorization of another object": (bytes) =>
    verifyAt(bytes, sample.STORE_TIME, { cid: sample.cidOf("other").toString() }),
  "store authorization of another network": (bytes) =>
    verifyAt(bytes, sample.STORE_TIME, {}, { generationHash: sample.vaultId.vault }),
}
