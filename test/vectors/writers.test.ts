import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/base/bytes.ts"
import type { RandomBytes } from "../../src/base/random.ts"
import { sealCatalogue } from "../../src/record/catalogue.ts"
import { sealDeposit, sealDraft } from "../../src/record/deposit.ts"
import { type Manifest, sealManifest } from "../../src/record/manifest.ts"
import { sealQuery, sealQueryAnswer } from "../../src/record/query.ts"
import { encodeRecordMessage, type RecordMessageContent } from "../../src/record/record-message.ts"
import { encodeAnnouncement } from "../../src/vault/announcement.ts"
import { signCard } from "../../src/vault/card.ts"
import { encodeGrantMessage, sealGrant } from "../../src/vault/grant.ts"
import { openHandOver, sealHandOver } from "../../src/vault/hand-over.ts"
import { encodeIntake } from "../../src/vault/intake.ts"
import { encodeLink } from "../../src/vault/link.ts"
import { sealLinkEnvelope } from "../../src/vault/link-body.ts"
import { openLinkFile, sealLinkFile } from "../../src/vault/link-file.ts"
import {
  openKeeperAnswer,
  openKeeperRequest,
  sealKeeperAnswer,
  sealKeeperRequest,
} from "../../src/vault/link-keeper.ts"
import {
  openDropLink,
  openKeepLink,
  sealDropLink,
  sealKeepLink,
} from "../../src/vault/link-keeping.ts"
import { sealMembers } from "../../src/vault/members.ts"
import { encodeOffer, encodeOfferAnswer, type OfferAnswer } from "../../src/vault/offer.ts"
import { sealFactor } from "../../src/vault/second-factor.ts"
import { authorizeStoreCall } from "../../src/vault/store-authorization.ts"
import { openVaultFile, sealVaultFile } from "../../src/vault/vault-file.ts"
import * as record from "../unit/record/samples.ts"
import * as sample from "../unit/vault/samples.ts"
import { bytesOf, readVectors } from "./written.ts"

const { vaultId, epochKeys, EPOCH, hospital, stranger, phone, words, agent, viewer, secretOf } =
  sample
const { linkId, linkKeys } = sample

/** Gives these bytes in this order; anything else asked for is a failure. */
function scripted(...pieces: readonly Uint8Array[]): RandomBytes {
  const left = [...pieces]
  return (length) => {
    const piece = left.shift()
    if (piece?.length !== length) throw new Error(`${length} random bytes are not in the script`)
    return piece
  }
}

const salt = secretOf("salt")
const contentKey = secretOf("content key")
const ekm = Uint8Array.from([...secretOf("ekm 1"), ...secretOf("ekm 2")])
const encapsulation = sample.seeded("slot")(64)
const joined = ({ enc, ct }: { enc: Uint8Array; ct: Uint8Array }) =>
  Uint8Array.from([...enc, ...ct])

/** The accepted case of a file. */
function vector(file: string, name?: string) {
  const vectors = readVectors(file)
  const found = vectors.cases.find((one) => (name ? one.name === name : !one.error))
  if (!found || found.error) throw new Error(`${file} has no such accepted case`)
  return { bytes: bytesOf(vectors, found), reads: found.reads }
}

const at = { vault: vaultId, epoch: EPOCH }
const byHospital = { writer: hospital, random: scripted(ekm) }
const answered = readVectors("draft").with as { answered: Uint8Array }
const manifest = vector("manifest").reads as Manifest
const draft = vector("draft").reads as Parameters<typeof sealDraft>[3]

type Written = Uint8Array | string | Promise<Uint8Array | string>
/** What each writer makes, given the random bytes of the vector, and the vector. */
const WRITERS: readonly (readonly [file: string, make: () => Written, name?: string])[] = [
  ["announcement", () => encodeAnnouncement(sample.announcement)],
  ["intake", () => encodeIntake({ epoch: EPOCH, key: agent.agreement })],
  ["members", () => sealMembers(vaultId, epochKeys, sample.members, scripted(salt))],
  ["card", async () => (await signCard(sample.contactBody, hospital, stranger)).bytes],
  ["card", async () => (await signCard(sample.vaultBody, phone, words)).bytes, "vault"],
  [
    "record-message",
    () =>
      encodeRecordMessage(
        vaultId,
        epochKeys,
        vector("record-message").reads as RecordMessageContent,
        scripted(salt),
      ),
  ],
  [
    "manifest",
    async () => {
      const by = { writer: hospital, random: scripted(salt) }
      return (await sealManifest(vaultId, record.recordKey, manifest, by)).bytes
    },
  ],
  [
    "catalogue",
    () => {
      const content = { pins: record.pins, list: record.listing }
      return sealCatalogue(vaultId, epochKeys, record.slot, content, scripted(salt)).bytes
    },
  ],
  [
    "grant",
    () =>
      sealGrant(
        vaultId,
        sample.grantMessage,
        hospital,
        sample.grantBody,
        scripted(salt, contentKey, encapsulation),
      ),
  ],
  ["grant-message", () => encodeGrantMessage(sample.grantMessage)],
  [
    "link-envelope",
    () => sealLinkEnvelope(vaultId, linkId, linkKeys, sample.linkBody, scripted(salt, contentKey)),
  ],
  ["link", () => encodeLink(sample.linkPayload)],
  ["deposit", () => sealDeposit(at, record.intake.agreement, record.deposit, byHospital)],
  [
    "query",
    () =>
      sealQuery(at, record.intake.agreement, record.deposit.instances, {
        writer: hospital,
        random: scripted(ekm),
      }),
  ],
  [
    "draft",
    async () =>
      joined(await sealDraft(at, [answered.answered], hospital.agreement, draft, scripted(ekm))),
  ],
  [
    "query-answer",
    async () =>
      joined(
        await sealQueryAnswer(
          at,
          answered.answered,
          hospital.agreement,
          ["new", "exists", "other-version"],
          scripted(ekm),
        ),
      ),
  ],
  ["offer", () => encodeOffer({ card: utf8("card"), aggregate: utf8("aggregate") })],
  ["offer", () => encodeOfferAnswer(vector("offer", "answer").reads as OfferAnswer), "answer"],
  [
    "second-factor",
    async () =>
      joined(await sealFactor("4711", secretOf("aggregate"), agent.agreement, scripted(ekm))),
  ],
  [
    "store-authorization",
    () =>
      authorizeStoreCall(
        sample.storeCall,
        sample.storeNetwork,
        sample.register.key,
        phone,
        sample.STORE_TIME,
      ),
  ],
]

describe("what is written", () => {
  it.each(WRITERS.map(([file, make, name]) => ({ file, make, name })))(
    "as $file is the vector, byte for byte",
    async ({ file, make, name }) => {
      const made = await make()
      const bytes = typeof made === "string" ? utf8(made) : made
      expect(Buffer.compare(bytes, vector(file, name).bytes)).toBe(0)
    },
  )

  it("with randomness of its own is read again", async () => {
    const { keptLink, pairing, epochHandOver } = sample
    const to = agent.agreement
    const request = { proof: secretOf("proof"), viewer: viewer.agreement }
    const file = { type: "application/fhir+json", bytes: utf8("{}") } as const
    const owned = await sealVaultFile(vaultId, sample.vaultFile, sample.seeded("file"))
    const [handed, paired, kept, dropped, asked, told, jwe] = await Promise.all([
      sealHandOver(epochHandOver, to, phone),
      sealHandOver(pairing, to, phone),
      sealKeepLink(keptLink, to, phone),
      sealDropLink(linkId, to, phone),
      sealKeeperRequest(linkId, to, request),
      sealKeeperAnswer(linkId, viewer.agreement, linkKeys.h),
      sealLinkFile(linkKeys.key, file, sample.seeded("jwe")),
    ])
    const read = await Promise.all([
      openHandOver(handed, agent, phone.key),
      openHandOver(paired, agent),
      openKeepLink(kept, agent),
      openDropLink(dropped, agent),
      openKeeperRequest(linkId, agent, asked),
      openKeeperAnswer(linkId, viewer, told),
      openLinkFile(linkKeys.key, jwe),
      openVaultFile(owned, vaultId, phone),
      openVaultFile(owned, vaultId, words),
    ])
    expect(read).toEqual([
      epochHandOver,
      pairing,
      { link: keptLink, signer: phone.key },
      { linkId, signer: phone.key },
      request,
      linkKeys.h,
      file,
      sample.vaultFile,
      sample.vaultFile,
    ])
  })
})
