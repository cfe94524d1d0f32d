/**
 * What the phone tells agent and institution: vectors of docs/FORMAT.md §10 and §11.
 *
 * @module
 */
import { utf8 } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { signBytes } from "../../../src/crypto/ed25519.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { hpkeJoined, NOTHING, phoneMessage } from "../sealed.ts"

const { phone, agent, stranger, words } = sample
const told = (kind: string) => async (bytes: Uint8Array) =>
  encodeDagCbor(await phoneMessage(kind, bytes))
const AGENT = { agent: agent.seed }

async function handOverCases(): Promise<Case[]> {
  const { pairing, epochHandOver } = sample
  const epoch = encodeDagCbor(epochHandOver)
  const read = "hand-over"
  const atPairing = { phone: null }
  const message = await phoneMessage(read, epoch)
  const right = encodeDagCbor(message)
  const paired = encodeDagCbor(await phoneMessage(read, encodeDagCbor(pairing)))
  const pairedBy = async (signer: typeof phone) =>
    encodeDagCbor(await phoneMessage(read, encodeDagCbor(pairing), signer))
  const replaced = { ...pairing, phone: stranger.key }
  const layers: Layer[] = [
    {
      name: "message",
      read,
      value: message,
      reads: epochHandOver,
      rules: { anyLength: ["ct"] },
    },
    {
      name: "epoch",
      read,
      value: epochHandOver,
      reads: epochHandOver,
      wrap: told(read),
      rules: { sealed: true },
    },
    {
      name: "pairing",
      read,
      with: atPairing,
      value: pairing,
      reads: pairing,
      wrap: told(read),
      rules: { sealed: true },
    },
  ]
  const refused = refusalsOf(read)
  return [
    ...(await casesOf(layers)),
    { name: "pairing again, by the known phone", read, bytes: paired, reads: pairing },
    refused("another agent", right, "AccessDeniedError", { agent: stranger.seed }),
    refused("another phone is known", right, "IntegrityError", { phone: stranger.key }),
    refused("a new epoch, no phone known", right, "IntegrityError", atPairing),
    refused(
      "pairing by another than it names",
      await pairedBy(stranger),
      "IntegrityError",
      atPairing,
    ),
    refused(
      "a new phone that pairs itself",
      encodeDagCbor(await phoneMessage(read, encodeDagCbor(replaced), stranger)),
      "IntegrityError",
    ),
    refused(
      "a changed ciphertext",
      encodeDagCbor({ ...message, ct: flipped(message.ct, 0) }),
      "IntegrityError",
    ),
    refused("another signer", encodeDagCbor({ ...message, signer: words.key }), "IntegrityError"),
    refused("the message of a link", await told("keep-link")(epoch)),
    refused(
      "an empty category",
      await told(read)(encodeDagCbor({ ...pairing, category: "" })),
      "InvalidInputError",
      atPairing,
    ),
  ]
}

async function keepingCases(): Promise<Case[]> {
  const { keptLink, linkId } = sample
  const drop = { link: linkId }
  const kept = await told("keep-link")(encodeDagCbor(keptLink))
  const dropped = await told("drop-link")(encodeDagCbor(drop))
  const relabelled = {
    ...(await phoneMessage("keep-link", encodeDagCbor(drop))),
    kind: "drop-link",
  }
  const reads = (link: object) => ({ link, signer: phone.key })
  const rules = { anyLength: ["jwe"], sealed: true }
  const keep = { name: "keep", read: "keep-link", value: keptLink, reads: reads(keptLink) }
  const layers: Layer[] = [
    { ...keep, wrap: told("keep-link"), rules },
    {
      name: "drop",
      read: "drop-link",
      value: drop,
      reads: reads(drop),
      wrap: told("drop-link"),
      rules,
    },
  ]
  return [
    ...(await casesOf(layers)),
    refusalsOf("keep-link")("another keeper", kept, "AccessDeniedError", { agent: stranger.seed }),
    refusalsOf("keep-link")("a drop", dropped),
    refusalsOf("drop-link")("a keep", kept),
    refusalsOf("drop-link")("a keep called a drop", encodeDagCbor(relabelled), "IntegrityError"),
  ]
}

async function offerCases(): Promise<Case[]> {
  const offer = { card: utf8("card"), aggregate: utf8("aggregate") }
  const hash = sample.secretOf("aggregate")
  const answer = { hash, key: stranger.key, signature: signBytes(stranger.seed, hash) }
  const layers: Layer[] = [
    {
      name: "offer",
      read: "offer",
      value: { v: 1, kind: "offer", ...offer },
      reads: offer,
      rules: { anyLength: ["card", "aggregate"] },
    },
    {
      name: "answer",
      read: "offer answer",
      value: { v: 1, kind: "offer-answer", ...answer },
      reads: answer,
    },
  ]
  return await casesOf(layers)
}

async function factorCases(): Promise<Case[]> {
  const read = "second factor"
  const act = sample.secretOf("aggregate")
  const sealed = (label: string, text: Uint8Array) =>
    hpkeJoined(agent.agreement, [label, act], NOTHING, text)
  const right = await sealed("factor", utf8("4711"))
  const refused = refusalsOf(read)
  return [
    { name: "factor", read, bytes: right, reads: "4711" },
    refused("for another act", right, "AccessDeniedError", { act: sample.linkId }),
    refused("another agent", right, "AccessDeniedError", { agent: stranger.seed }),
    refused("a changed ciphertext", flipped(right, -1), "AccessDeniedError"),
    refused("another label", await sealed("keeper-request", utf8("4711")), "AccessDeniedError"),
    refused("no text", await sealed("factor", Uint8Array.of(0xff))),
  ]
}

/** hand-over, offer, second-factor, link-keeping. */
export async function phoneFiles(): Promise<VectorFile[]> {
  return [
    {
      file: "hand-over",
      section: "10",
      with: { ...AGENT, phone: phone.key },
      cases: await handOverCases(),
    },
    { file: "offer", section: "10", with: {}, cases: await offerCases() },
    {
      file: "second-factor",
      section: "10",
      with: { ...AGENT, act: sample.secretOf("aggregate") },
      cases: await factorCases(),
    },
    { file: "link-keeping", section: "11", with: AGENT, cases: await keepingCases() },
  ]
}
