/**
 * Parties and valid values of every format of `src/vault`, the same in every run.
 *
 * @module
 */
import { CID } from "multiformats/cid"
import * as Digest from "multiformats/hashes/digest"
import { concat, utf8 } from "../../../src/base/bytes.ts"
import type { RandomBytes } from "../../../src/base/random.ts"
import { addressOf } from "../../../src/crypto/address.ts"
import { publicKeyOf, signBytes } from "../../../src/crypto/ed25519.ts"
import { hpkeOpen } from "../../../src/crypto/hpke.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { decapsulate, xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import { agreementSeed } from "../../../src/vault/accounts.ts"
import type { Announcement } from "../../../src/vault/announcement.ts"
import { coverNodes, rangeOf } from "../../../src/vault/calendar.ts"
import type { ContactBody, VaultBody } from "../../../src/vault/card.ts"
import type { VaultId } from "../../../src/vault/context.ts"
import { deriveEpoch } from "../../../src/vault/epoch.ts"
import type { GrantBody, GrantMessage } from "../../../src/vault/grant.ts"
import type { EpochHandOver, Pairing } from "../../../src/vault/hand-over.ts"
import type { LinkPayload } from "../../../src/vault/link.ts"
import type { LinkBody } from "../../../src/vault/link-body.ts"
import type { KeptLink } from "../../../src/vault/link-keeping.ts"
import type { Members } from "../../../src/vault/members.ts"
import type { VaultFile } from "../../../src/vault/vault-file.ts"

export const NETWORK_BYTE = 0x98

/** 32 bytes that a label names. */
export const secretOf = (label: string): Uint8Array => sha256(utf8(label))

/** A stream of bytes that a label names. */
export function seeded(label: string): RandomBytes {
  let count = 0
  return (length) => {
    const pieces: Uint8Array[] = []
    for (let have = 0; have < length; have += 32) pieces.push(secretOf(`${label} ${count++}`))
    return concat(...pieces).slice(0, length)
  }
}

/** A party with both its keys, as a keyring unlocks it. */
export function partyOf(label: string) {
  const seed = secretOf(label)
  const key = publicKeyOf(seed)
  const agreement = xWingKeyPair(agreementSeed(seed))
  return {
    seed,
    key,
    address: addressOf(key, NETWORK_BYTE),
    agreement: agreement.publicKey,
    sign: async (bytes: Uint8Array) => signBytes(seed, bytes),
    decapsulate: async (enc: Uint8Array) => decapsulate(agreement.secretKey, enc),
    openHpke: async (
      { enc, ct }: { enc: Uint8Array; ct: Uint8Array },
      info: Uint8Array,
      aad: Uint8Array,
    ) => hpkeOpen(agreement.secretKey, enc, info, aad, ct),
  }
}

export const phone = partyOf("phone")
export const words = partyOf("words")
export const agent = partyOf("agent")
export const hospital = partyOf("hospital")
export const stranger = partyOf("stranger")
export const viewer = partyOf("viewer")
export const register = partyOf("register")
export const vaultAccount = partyOf("vault")
export const seats = partyOf("seats")

export const network = secretOf("network")
export const vaultId: VaultId = { network, register: register.address, vault: vaultAccount.address }
export const otherVault: VaultId = { ...vaultId, vault: stranger.address }

/** CID of a raw leaf that holds the label. */
export const cidOf = (label: string): CID =>
  CID.createV1(0x55, Digest.create(0x12, secretOf(label)))

export const EPOCH = 2
export const epochSecret = secretOf("epoch secret")
export const epochKeys = deriveEpoch(vaultId, EPOCH, epochSecret)
const july = rangeOf("2026-07")
const ISSUED = Date.UTC(2026, 6, 3)
const UNTIL = Date.UTC(2027, 0, 1)
const lake = ["https://lake.example/blobs"]
const control = ["https://control.example", "https://mirror.example"]
export const linkId = secretOf("link id")
export const linkKeys = { key: secretOf("link key"), h: secretOf("keeper half") }

export const announcement: Announcement = {
  epoch: EPOCH,
  revision: 0,
  previous: secretOf("previous announcement"),
  vault: vaultId.vault,
  commit: epochKeys.commit,
  intake: cidOf("intake"),
  vaultFile: cidOf("vault file"),
  members: cidOf("members"),
  erased: [{ hash: secretOf("aggregate"), index: 3 }],
}

export const contactBody: ContactBody = {
  kind: "contact",
  network,
  key: hospital.key,
  agreement: hospital.agreement,
  name: "Städtisches Klinikum",
  urls: ["https://hospital.example"],
  register: vaultId.register,
  issued: ISSUED,
}

export const vaultBody: VaultBody = {
  kind: "vault",
  network,
  key: phone.key,
  register: register.key,
  vault: vaultAccount.key,
  seats: seats.key,
  category: "imaging",
  agent: { url: "https://agent.example", key: agent.key, agreement: agent.agreement },
  lake,
  control,
  nodes: ["http://node.example:3000"],
  issued: ISSUED,
}

export const members: Members = {
  words: words.key,
  phone: phone.key,
  agent: agent.key,
  cards: [utf8("card one"), utf8("card two")],
}

export const grantBody: GrantBody = {
  capability: "read",
  purpose: "TREAT",
  until: UNTIL,
  lake,
  control,
  epochs: [
    {
      epoch: EPOCH,
      key: epochKeys.index,
      list: coverNodes(epochKeys.listRoot, july),
      read: coverNodes(epochKeys.readRoot, july),
    },
  ],
}

export const grantMessage: GrantMessage = {
  id: secretOf("grant id").slice(0, 16),
  a: secretOf("chain half"),
  vault: vaultId.vault,
  envelope: cidOf("envelope"),
  until: UNTIL,
  stores: control,
}

export const vaultFile: VaultFile = {
  category: "imaging",
  epochs: [
    { epoch: 1, secret: secretOf("epoch 1"), intake: secretOf("intake 1") },
    { epoch: EPOCH, secret: epochSecret, intake: secretOf("intake 2") },
  ],
  dedup: secretOf("dedup"),
  registerSeed: register.seed,
  owners: [words, phone].map(({ key, agreement }) => ({ key, agreement })),
  lake,
  control,
  agent: vaultBody.agent,
  cards: [utf8("card one")],
  grants: [
    {
      id: grantMessage.id,
      envelope: grantMessage.envelope,
      card: utf8("card one"),
      capability: "read",
      from: july.from,
      to: july.to,
      until: UNTIL,
      purpose: "TREAT",
    },
  ],
}

export const pairing: Pairing = {
  kind: "pairing",
  seed: agent.seed,
  network,
  register: register.key,
  vault: vaultAccount.key,
  seats: seats.key,
  category: "imaging",
  epoch: EPOCH,
  secret: epochSecret,
  intake: secretOf("intake 2"),
  dedup: secretOf("dedup"),
  lake,
  control,
  nodes: vaultBody.nodes,
  approval: {
    salt: secretOf("approval salt").slice(0, 16),
    memoryKiB: 65_536,
    passes: 3,
    lanes: 1,
    hash: secretOf("approval hash"),
  },
  phone: phone.key,
  words: words.key,
}

export const epochHandOver: EpochHandOver = {
  kind: "epoch",
  network,
  register: register.key,
  epoch: EPOCH + 1,
  secret: secretOf("epoch 3"),
  intake: secretOf("intake 3"),
}

export const linkPayload: LinkPayload = {
  url: "https://links.example/links/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  key: linkKeys.key,
  until: UNTIL,
  flag: "P",
  label: "CT, July 2026",
  keeper: sha256(agent.agreement),
}

export const linkBody: LinkBody = {
  label: "CT, July 2026",
  until: UNTIL,
  lake,
  control,
  records: [
    {
      hash: secretOf("aggregate"),
      index: 1,
      epoch: EPOCH,
      manifest: cidOf("manifest"),
      key: secretOf("record key"),
    },
  ],
}

export const keptLink: KeptLink = {
  link: linkId,
  proofHash: secretOf("proof hash"),
  h: linkKeys.h,
  until: UNTIL,
  envelope: cidOf("envelope"),
  jwe: "eyJhbGciOiJkaXIifQ.....",
}

export const storeCall = {
  method: "PUT",
  folder: "objects",
  cid: cidOf("object").toString(),
  size: 1234,
} as const
export const storeNetwork = { generationHash: network, networkByte: NETWORK_BYTE }
export const STORE_TIME = Date.UTC(2026, 6, 3, 12)
