/**
 * Every map that `src/vault` reads, each as a layer: a right value, and how any bytes in its place become a whole message.
 *
 * Messages are put together from primitives here, not with the functions under test. HPKE is made deterministic by its `ekm`.
 *
 * @module
 */
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core"
import { XWing } from "@hpke/hybridkem-x-wing"
import { base64url, concat, utf8 } from "../../src/base/bytes.ts"
import { encodeDagCbor } from "../../src/base/dag-cbor.ts"
import { addressOf } from "../../src/crypto/address.ts"
import { hkdf, kdf } from "../../src/crypto/hkdf.ts"
import { padmeLength } from "../../src/crypto/padme.ts"
import { seal } from "../../src/crypto/seal.ts"
import { hmacSha256, sha256 } from "../../src/crypto/sha256.ts"
import { signFor } from "../../src/crypto/sign.ts"
import { encapsulate } from "../../src/crypto/x-wing.ts"
import { encodeNode } from "../../src/vault/calendar.ts"
import * as sample from "../../test/unit/vault/samples.ts"
import type { LayerRules } from "./mutants.ts"

/** One map of one format. */
export interface Layer {
  readonly name: string
  /** In `test/unit/vault/readers.ts`. */
  readonly reader: string
  readonly value: unknown
  readonly rules: LayerRules
  /** What the reader makes of the right value. */
  readonly reads: unknown
  readonly wrap: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array
}

const { vaultId, epochKeys, phone, words, agent, hospital, linkId, linkKeys } = sample
const ctx = (epoch: number) => [vaultId.network, vaultId.register, vaultId.vault, epoch]
const ctx0 = ctx(0)
const salt = sample.secretOf("salt")
const contentKey = sample.secretOf("content key")
const EXACT: LayerRules = { anyLength: [] }
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** Zeros up to the Padmé length. */
export function pad(bytes: Uint8Array, length = padmeLength(bytes.length)): Uint8Array {
  return concat(bytes, new Uint8Array(Math.max(0, length - bytes.length)))
}

/** HPKE base mode, the same bytes each time. */
export async function hpke(
  agreement: Uint8Array,
  info: unknown,
  aad: Uint8Array,
  plaintext: Uint8Array,
) {
  const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer
  const { enc, ct } = await suite.seal(
    {
      recipientPublicKey: await suite.kem.deserializePublicKey(buffer(agreement)),
      info: buffer(encodeDagCbor(info)),
      ekm: buffer(concat(sample.secretOf("ekm 1"), sample.secretOf("ekm 2"))),
    },
    buffer(plaintext),
    buffer(aad),
  )
  return { enc: new Uint8Array(enc), ct: new Uint8Array(ct) }
}

/** A card over any body. */
export function cardOf(body: Uint8Array, key = hospital, root = sample.stranger) {
  return {
    v: 1,
    body,
    signature: signFor("card", null, body, key.seed),
    root: root.key,
    rootSignature: signFor("card-root", null, body, root.seed),
  }
}

/** What the phone sends, of any kind and plaintext. */
export async function phoneMessage(kind: string, plaintext: Uint8Array, signer = phone) {
  const info = [`medlake/v1/${kind}`]
  const { enc, ct } = await hpke(agent.agreement, info, signer.key, plaintext)
  const signature = signFor(kind, null, concat(enc, ct), signer.seed)
  return { v: 1, kind, enc, ct, signer: signer.key, signature }
}

/** An account slot for a party. */
export function accountSlot(to: typeof phone, id: Uint8Array, a: Uint8Array) {
  const { enc, sharedSecret } = encapsulate(to.agreement, sample.seeded("slot"))
  const info = encodeDagCbor(["medlake/v1/grant", ctx0, to.key])
  const key = hkdf(concat(sharedSecret, a), id, info, 32)
  return { kind: "account", enc, box: seal(key, "slot", ctx0, salt, contentKey) }
}

/** A link slot, of a link with keeper. */
export function linkSlot(id: Uint8Array) {
  const info = encodeDagCbor(["medlake/v1/link", ctx0])
  const key = hkdf(concat(linkKeys.key, linkKeys.h), id, info, 32)
  return { kind: "link", keeper: true, box: seal(key, "slot", ctx0, salt, contentKey) }
}

/** An envelope over any header and body bytes, with the MAC that belongs to them. */
export function envelopeOf(kind: string, header: Uint8Array, body: Uint8Array) {
  const macKey = kdf(contentKey, "envelope-mac", ctx0)
  return {
    v: 1,
    kind,
    header,
    mac: hmacSha256(macKey, concat(utf8(kind), Uint8Array.of(0), header)),
    body: seal(contentKey, "envelope", ctx0, salt, pad(body)),
  }
}

/** The header's value. */
export function headerOf(id: Uint8Array, slots: readonly unknown[]) {
  return { ctx: ctx0, id, salt, slots }
}

const grantId = sample.grantMessage.id
const linkEnvelopeId = sha256(linkId).slice(0, 16)
const grantHeader = headerOf(grantId, [accountSlot(hospital, grantId, sample.grantMessage.a)])
const linkHeader = headerOf(linkEnvelopeId, [linkSlot(linkEnvelopeId)])
const fileId = sample.secretOf("file id").slice(0, 16)
const fileHeader = headerOf(fileId, [
  accountSlot(words, fileId, new Uint8Array()),
  accountSlot(phone, fileId, new Uint8Array()),
])
const grantBody = {
  ...sample.grantBody,
  kind: "grant",
  epochs: sample.grantBody.epochs.map((one) => ({
    ...one,
    list: one.list.map(encodeNode),
    read: one.read.map(encodeNode),
  })),
}
const linkBody = { ...sample.linkBody, kind: "link" }
const intake = { epoch: sample.EPOCH, key: agent.agreement }
const keeperRequest = { proof: sample.secretOf("proof"), viewer: sample.viewer.agreement }
const { erased, ...announced } = sample.announcement
const membersOuter = (body: Uint8Array) => ({
  v: 1,
  kind: "members",
  epoch: sample.EPOCH,
  salt,
  box: seal(epochKeys.index, "members", ctx(sample.EPOCH), salt, pad(body)),
})
const storeFields = {
  v: 1,
  register: sample.register.key,
  signer: phone.key,
  at: sample.STORE_TIME,
  signature: signFor(
    "store",
    [sample.network, addressOf(sample.register.key, sample.NETWORK_BYTE)],
    encodeDagCbor([...Object.values(sample.storeCall), sample.STORE_TIME]),
    phone.seed,
  ),
}
const asIs = (bytes: Uint8Array) => bytes
const joined = async (to: Uint8Array, label: string, bytes: Uint8Array) => {
  const { enc, ct } = await hpke(to, [`medlake/v1/${label}`, linkId], new Uint8Array(), bytes)
  return concat(enc, ct)
}
const layer = (
  reader: string,
  name: string,
  value: unknown,
  reads: unknown,
  wrap: Layer["wrap"],
  rules = EXACT,
): Layer => ({ reader, name, value, reads, wrap, rules })
const sealedIn = (kind: string, header: unknown) => (bytes: Uint8Array) =>
  encodeDagCbor(envelopeOf(kind, encodeDagCbor(header), bytes))

/** All layers of all formats. */
export async function allLayers(): Promise<Layer[]> {
  const contact = encodeDagCbor(sample.contactBody)
  const file = { ...sample.vaultFile, kind: "vault-file" }
  const order = async (kind: string, plain: unknown) => phoneMessage(kind, encodeDagCbor(plain))
  const told = (kind: string) => async (bytes: Uint8Array) =>
    encodeDagCbor(await phoneMessage(kind, bytes))
  const outer: LayerRules = { anyLength: ["ct", "body", "box", "header"] }
  const padded: LayerRules = { anyLength: ["cards", "card"], padded: true }
  const announcementValue = {
    ...announced,
    erased: erased?.map(({ hash, index }) => [hash, index]),
  }
  return [
    layer(
      "announcement",
      "body",
      announcementValue,
      sample.announcement,
      (bytes) => concat(Uint8Array.of(0x4d, 0x41, 0, 1), bytes),
      { anyLength: [], optional: ["erased"] },
    ),
    layer("intake", "object", { v: 1, kind: "intake", ...intake }, intake, asIs),
    layer(
      "members",
      "object",
      membersOuter(encodeDagCbor(sample.members)),
      sample.members,
      asIs,
      outer,
    ),
    layer(
      "members",
      "body",
      sample.members,
      sample.members,
      (bytes) => encodeDagCbor(membersOuter(bytes)),
      padded,
    ),
    layer("card", "card", cardOf(contact), sample.contactBody, asIs, outer),
    layer(
      "card",
      "contact",
      sample.contactBody,
      sample.contactBody,
      (bytes) => encodeDagCbor(cardOf(bytes)),
      { anyLength: [], optional: ["register"] },
    ),
    layer("card", "vault", sample.vaultBody, sample.vaultBody, (bytes) =>
      encodeDagCbor(cardOf(bytes, phone, words)),
    ),
    layer(
      "grant",
      "envelope",
      envelopeOf("envelope", encodeDagCbor(grantHeader), encodeDagCbor(grantBody)),
      sample.grantBody,
      asIs,
      outer,
    ),
    layer("grant", "body", grantBody, sample.grantBody, sealedIn("envelope", grantHeader), padded),
    layer(
      "grant message",
      "message",
      { v: 1, kind: "grant", ...sample.grantMessage },
      sample.grantMessage,
      (bytes) => pad(bytes, 320),
      padded,
    ),
    layer("vault file", "header", fileHeader, sample.vaultFile, (bytes) =>
      encodeDagCbor(envelopeOf("vault-file", bytes, encodeDagCbor(file))),
    ),
    layer("vault file", "body", file, sample.vaultFile, sealedIn("vault-file", fileHeader), padded),
    layer("link envelope", "header", linkHeader, sample.linkBody, (bytes) =>
      encodeDagCbor(envelopeOf("envelope", bytes, encodeDagCbor(linkBody))),
    ),
    layer(
      "link envelope",
      "body",
      linkBody,
      sample.linkBody,
      sealedIn("envelope", linkHeader),
      padded,
    ),
    layer(
      "hand-over",
      "message",
      await order("hand-over", sample.epochHandOver),
      sample.epochHandOver,
      asIs,
      outer,
    ),
    layer("hand-over", "epoch", sample.epochHandOver, sample.epochHandOver, told("hand-over")),
    layer("hand-over at pairing", "pairing", sample.pairing, sample.pairing, told("hand-over")),
    layer("keep-link", "plaintext", sample.keptLink, sample.keptLink, told("keep-link"), {
      anyLength: ["jwe"],
    }),
    layer("drop-link", "plaintext", { link: linkId }, { link: linkId }, told("drop-link")),
    layer("keeper request", "plaintext", { v: 1, ...keeperRequest }, keeperRequest, (bytes) =>
      joined(agent.agreement, "keeper-request", bytes),
    ),
    layer("keeper answer", "plaintext", { v: 1, h: linkKeys.h }, { h: linkKeys.h }, (bytes) =>
      joined(sample.viewer.agreement, "keeper-answer", bytes),
    ),
    layer(
      "store authorization",
      "header",
      storeFields,
      {
        register: sample.register.key,
        registerAddress: sample.register.address,
        signer: phone.key,
        at: sample.STORE_TIME,
      },
      (bytes) => utf8(`Medlake ${base64url(bytes)}`),
    ),
  ]
}
