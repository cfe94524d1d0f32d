/**
 * Messages put together from primitives, after docs/FORMAT.md and not with the functions under test, and the same in every run: salts are
 * fixed, HPKE by its `ekm`.
 *
 * @module
 */
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core"
import { XWing } from "@hpke/hybridkem-x-wing"
import { argon2id } from "hash-wasm"
import { concat, utf8 } from "../../src/base/bytes.ts"
import { encodeDagCbor } from "../../src/base/dag-cbor.ts"
import { hkdf, kdf } from "../../src/crypto/hkdf.ts"
import { padmeLength } from "../../src/crypto/padme.ts"
import { seal } from "../../src/crypto/seal.ts"
import { hmacSha256 } from "../../src/crypto/sha256.ts"
import { signFor } from "../../src/crypto/sign.ts"
import { encapsulate } from "../../src/crypto/x-wing.ts"
import * as sample from "../../test/unit/vault/samples.ts"

const { vaultId, phone, agent, hospital, linkKeys } = sample
export type Party = typeof phone

/** ctx(e) of the sample vault. */
export const ctx = (epoch: number) => [vaultId.network, vaultId.register, vaultId.vault, epoch]
export const ctx0 = ctx(0)
/** Salt of every box. */
export const salt = sample.secretOf("salt")
/** CK of every envelope. */
export const contentKey = sample.secretOf("content key")
export const NOTHING = new Uint8Array()
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** Zeros up to the Padmé length, or another. */
export function pad(bytes: Uint8Array, length = padmeLength(bytes.length)): Uint8Array {
  return concat(bytes, new Uint8Array(Math.max(0, length - bytes.length)))
}

/** HPKE base mode: info = cbor[`medlake/v1/` + label, …context]. */
export async function hpke(
  to: Uint8Array,
  [label, ...context]: readonly [string, ...unknown[]],
  aad: Uint8Array,
  plaintext: Uint8Array,
) {
  const buffer = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer
  const { enc, ct } = await suite.seal(
    {
      recipientPublicKey: await suite.kem.deserializePublicKey(buffer(to)),
      info: buffer(encodeDagCbor([`medlake/v1/${label}`, ...context])),
      ekm: buffer(concat(sample.secretOf("ekm 1"), sample.secretOf("ekm 2"))),
    },
    buffer(plaintext),
    buffer(aad),
  )
  return { enc: new Uint8Array(enc), ct: new Uint8Array(ct) }
}

/** enc ‖ ct, as vectors hold HPKE messages that travel as two fields. */
export async function hpkeJoined(...sealing: Parameters<typeof hpke>): Promise<Uint8Array> {
  const { enc, ct } = await hpke(...sealing)
  return concat(enc, ct)
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
  const { enc, ct } = await hpke(agent.agreement, [kind], signer.key, plaintext)
  const signature = signFor(kind, null, concat(enc, ct), signer.seed)
  return { v: 1, kind, enc, ct, signer: signer.key, signature }
}

interface WriterOptions {
  readonly writer?: Party
  readonly epoch?: number
  /** The key that is written into the message, where it is not the writer's. */
  readonly named?: Uint8Array
}

/** What a writer sends, of any kind and plaintext. */
export async function writerMessage(
  kind: string,
  intake: Uint8Array,
  plaintext: Uint8Array,
  { writer = hospital, epoch = sample.EPOCH, named }: WriterOptions = {},
) {
  const { enc, ct } = await hpke(intake, [kind, ctx(epoch)], writer.key, plaintext)
  const signature = signFor(kind, ctx(epoch), concat(enc, ct), writer.seed)
  return { v: 1, kind, epoch, writer: named ?? writer.key, enc, ct, signature }
}

/** An account slot for a party. */
export function accountSlot(to: Party, id: Uint8Array, a: Uint8Array) {
  const { enc, sharedSecret } = encapsulate(to.agreement, sample.seeded("slot"))
  const info = encodeDagCbor(["medlake/v1/grant", ctx0, to.key])
  const key = hkdf(concat(sharedSecret, a), id, info, 32)
  return { kind: "account", enc, box: seal(key, "slot", ctx0, salt, contentKey) }
}

/** A link slot; without `h` that of a link without keeper. */
export function linkSlot(id: Uint8Array, h: Uint8Array = linkKeys.h) {
  const info = encodeDagCbor(["medlake/v1/link", ctx0])
  const key = hkdf(concat(linkKeys.key, h), id, info, 32)
  return { kind: "link", keeper: h.length > 0, box: seal(key, "slot", ctx0, salt, contentKey) }
}

/** A passphrase slot of little cost. */
export async function passphraseSlot(passphrase: string) {
  const own = sample.secretOf("passphrase salt").slice(0, 16)
  const key = await argon2id({
    password: utf8(passphrase.normalize("NFC")),
    salt: own,
    memorySize: 64,
    iterations: 2,
    parallelism: 2,
    hashLength: 32,
    outputType: "binary",
  })
  const box = seal(key, "slot", ctx0, salt, contentKey)
  return { kind: "passphrase", salt: own, memoryKiB: 64, passes: 2, lanes: 2, box }
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

/** A whole envelope over any two values. */
export function sealedEnvelope(kind: string, header: unknown, body: unknown): Uint8Array {
  return encodeDagCbor(envelopeOf(kind, encodeDagCbor(header), encodeDagCbor(body)))
}

/** Of a body's bytes the whole envelope. */
export function aroundBody(kind: string, header: unknown) {
  return (bytes: Uint8Array) => encodeDagCbor(envelopeOf(kind, encodeDagCbor(header), bytes))
}
