/**
 * Envelopes with every kind of slot, and what a link opens: vectors of docs/FORMAT.md §7.
 *
 * @module
 */
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf } from "../layer.ts"
import type { LayerRules } from "../mutants.ts"
import {
  accountSlot,
  aroundBody,
  ctx,
  envelopeOf,
  headerOf,
  linkSlot,
  NOTHING,
  passphraseSlot,
  sealedEnvelope,
} from "../sealed.ts"

const { vaultId, otherVault, hospital, linkId, linkKeys } = sample
const { a } = sample.grantMessage
const PASSPHRASE = "Zwölf Boxkämpfer"
const BODY: LayerRules = { anyLength: ["card", "cards"], sealed: true, padded: true }
const OUTER: LayerRules = { anyLength: ["header", "body"] }

const linkEnvelopeId = sha256(linkId).slice(0, 16)
const linkHeader = headerOf(linkEnvelopeId, [linkSlot(linkEnvelopeId)])
const linkBody = { ...sample.linkBody, kind: "link" }

/** Of a header's bytes the whole envelope. */
const aroundHeader = (bytes: Uint8Array) =>
  encodeDagCbor(envelopeOf("envelope", bytes, encodeDagCbor(linkBody)))

/** Headers, slots and MAC, on the body of a link. */
async function envelopeCases(): Promise<Case[]> {
  const read = "envelope"
  const id = linkEnvelopeId
  const passphrase = await passphraseSlot(PASSPHRASE)
  const account = accountSlot(hospital, id, a)
  const header = headerOf(id, [account, linkSlot(id), linkSlot(id, NOTHING), passphrase])
  const outer = envelopeOf("envelope", encodeDagCbor(header), encodeDagCbor(linkBody))
  const right = encodeDagCbor(outer)
  const opened = (name: string, opener: object): Case => ({
    name,
    read,
    with: { opener },
    bytes: right,
    reads: linkBody,
  })
  const having = (slots: unknown[]) => sealedEnvelope("envelope", headerOf(id, slots), linkBody)
  const costing = (fields: object) => having([{ ...passphrase, ...fields }])
  const byPassphrase = { opener: { passphrase: PASSPHRASE } }
  const swapped = { ...outer, header: encodeDagCbor(headerOf(id, [account, linkSlot(id)])) }
  const link = linkSlot(id)
  const refused = refusalsOf(read)
  return [
    ...(await casesOf([
      { name: "envelope", read, value: outer, reads: linkBody, rules: OUTER },
      {
        name: "header",
        read,
        value: header,
        reads: linkBody,
        wrap: aroundHeader,
      },
    ])),
    opened("opened by the account", { account: hospital.seed, a }),
    opened("opened by the link key alone", { link: linkKeys.key }),
    opened("opened by the passphrase", { passphrase: PASSPHRASE }),
    refused("another link key", right, "AccessDeniedError", {
      opener: { ...linkOpener, link: linkKeys.h },
    }),
    refused("another half", right, "AccessDeniedError", {
      opener: { ...linkOpener, h: linkKeys.key },
    }),
    refused("the account without its half", right, "AccessDeniedError", {
      opener: { account: hospital.seed },
    }),
    refused("another vault", right, "IntegrityError", { vault: otherVault }),
    refused(
      "of an epoch",
      sealedEnvelope("envelope", { ...headerOf(id, [link]), ctx: ctx(1) }, linkBody),
    ),
    refused("a slot taken away", encodeDagCbor(swapped), "IntegrityError"),
    refused(
      "the MAC of the other kind",
      encodeDagCbor({
        ...envelopeOf("vault-file", outer.header, encodeDagCbor(linkBody)),
        kind: "envelope",
      }),
      "IntegrityError",
    ),
    refused(
      "a changed MAC",
      encodeDagCbor({ ...outer, mac: flipped(outer.mac, 0) }),
      "IntegrityError",
    ),
    refused(
      "a changed body",
      encodeDagCbor({ ...outer, body: flipped(outer.body, -1) }),
      "IntegrityError",
    ),
    refused(
      "the body under another key",
      encodeDagCbor({ ...outer, body: flipped(outer.body, 0) }),
      "AccessDeniedError",
    ),
    refused("no slot", having([])),
    refused("65 slots", having(Array(65).fill(link))),
    refused("9 passphrases", having([...Array(9).fill(passphrase), link])),
    refused(
      "256 MiB and a KiB",
      costing({ memoryKiB: 262_145 }),
      "InvalidInputError",
      byPassphrase,
    ),
    refused("11 passes", costing({ passes: 11 }), "InvalidInputError", byPassphrase),
    refused("no pass", costing({ passes: 0 }), "InvalidInputError", byPassphrase),
    refused("5 lanes", costing({ lanes: 5 }), "InvalidInputError", byPassphrase),
    refused(
      "less memory than its lanes need",
      costing({ memoryKiB: 15 }),
      "InvalidInputError",
      byPassphrase,
    ),
  ]
}

const linkOpener = { link: linkKeys.key, h: linkKeys.h }

async function linkEnvelopeCases(): Promise<Case[]> {
  const read = "link envelope"
  const right = sealedEnvelope("envelope", linkHeader, linkBody)
  const refused = refusalsOf(read)
  const saying = (fields: object) =>
    sealedEnvelope("envelope", linkHeader, { ...linkBody, ...fields })
  const label = "x".repeat(81)
  return [
    ...(await casesOf([
      {
        name: "body",
        read,
        value: linkBody,
        reads: { ...sample.linkBody, vault: vaultId },
        wrap: aroundBody("envelope", linkHeader),
        rules: BODY,
      },
    ])),
    refused("without the keeper's half", right, "AccessDeniedError", { h: null }),
    refused("another link", right, "AccessDeniedError", { key: linkKeys.h }),
    refused("no record", saying({ records: [] })),
    refused("a label of 81", saying({ label })),
    refused(
      "the body of a grant",
      sealedEnvelope("envelope", linkHeader, { ...linkBody, kind: "grant" }),
    ),
  ]
}

/** envelope, link-envelope. */
export async function envelopeFiles(): Promise<VectorFile[]> {
  return [
    {
      file: "envelope",
      section: "7",
      with: { vault: vaultId, opener: linkOpener },
      cases: await envelopeCases(),
    },
    {
      file: "link-envelope",
      section: "7",
      with: { key: linkKeys.key, h: linkKeys.h },
      cases: await linkEnvelopeCases(),
    },
  ]
}
