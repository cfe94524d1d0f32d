import { describe, expect, it } from "vitest"
import { encodeRecordMessage } from "../../../src/record/record-message.ts"
import {
  balanceMatches,
  type RecordFacts,
  type RecordTransfer,
  type Standing,
  standingsOf,
} from "../../../src/record/standing.ts"
import { REASONS, type ReasonCode } from "../../../src/record/standing-reason.ts"
import { printRecordName } from "../../../src/vault/announcement.ts"
import type { Announced } from "../../../src/vault/announcement-history.ts"
import { slotOf } from "../../../src/vault/slot.ts"
import * as sample from "../vault/samples.ts"
import { recordKey, slot, TIME } from "./samples.ts"

const { vaultId, epochKeys, EPOCH, phone, agent, words, hospital, stranger, cidOf } = sample
const MOSAIC = 0x1234n
const manifestCid = cidOf("manifest")

/** An announcement of the epoch at a height. */
const announcedIn = (epoch: number, height: bigint): Announced => ({
  announcement: { ...sample.announcement, epoch },
  digest: sample.secretOf(`digest ${epoch}`),
  transfer: {
    height,
    transaction: 0,
    index: 0,
    message: new Uint8Array(),
    hash: sample.secretOf(`announcement ${epoch}`),
  },
})

const history = [announcedIn(EPOCH - 1, 10n), announcedIn(EPOCH, 20n), announcedIn(EPOCH + 1, 40n)]

const message = encodeRecordMessage(
  vaultId,
  epochKeys,
  { manifest: manifestCid, catalogue: cidOf("catalogue"), slot, recordKey },
  sample.seeded("message"),
)

const transfer: RecordTransfer = {
  hash: sample.secretOf("aggregate"),
  height: 30n,
  transaction: 0,
  index: 1,
  sender: vaultId.vault,
  mosaics: [{ id: MOSAIC, amount: 1n }],
  message,
  signers: [hospital.key, agent.key],
}

/** A record of a member that opens to the end. */
const whole: RecordFacts = {
  transfer,
  manifestCid,
  slot,
  listedWriter: hospital.key,
  members: { phone: phone.key, agent: agent.key, writers: [hospital.key] },
  recordKey,
  manifest: { writer: hospital.key, time: TIME },
}

const context = {
  announcements: { history, erased: new Set<string>() },
  dataMosaic: () => MOSAIC,
}

const withTransfer = (fields: Partial<RecordTransfer>): Partial<RecordFacts> => ({
  transfer: { ...transfer, ...fields },
})
const signedBy = (...signers: Uint8Array[]) => withTransfer({ signers })

function standingOf(fields: Partial<RecordFacts>, given = context) {
  const [one, ...more] = standingsOf([{ ...whole, ...fields }], given)
  expect(more).toEqual([])
  return { standing: one?.standing, reasons: one?.reasons.map(({ code }) => code) }
}

type Row = readonly [what: string, fields: Partial<RecordFacts>, why: ReasonCode]

const version2 = Uint8Array.from(message.with(3, 2))
const QUARANTINED: readonly Row[] = [
  ["nothing was announced yet", withTransfer({ height: 9n }), "not-announced"],
  ["another account sent it", withTransfer({ sender: stranger.address }), "other-sender"],
  ["no unit moved", withTransfer({ mosaics: [] }), "not-one-unit"],
  ["two units moved", withTransfer({ mosaics: [{ id: MOSAIC, amount: 2n }] }), "not-one-unit"],
  [
    "a unit of another mosaic moved",
    withTransfer({ mosaics: [{ id: MOSAIC + 1n, amount: 1n }] }),
    "not-one-unit",
  ],
  [
    "something else moved beside the unit",
    withTransfer({ mosaics: [...transfer.mosaics, { id: 1n, amount: 5n }] }),
    "not-one-unit",
  ],
  ["the message is another", withTransfer({ message: new Uint8Array(384) }), "not-a-record"],
  ["the message is cut", withTransfer({ message: message.slice(0, 383) }), "malformed"],
  ["the message is newer", withTransfer({ message: version2 }), "unsupported"],
  ["a new epoch was announced before it", withTransfer({ height: 41n }), "other-epoch"],
  ["its epoch was not announced yet", withTransfer({ height: 19n }), "other-epoch"],
  ["the locate box does not open", { manifestCid: "shut" }, "locate-shut"],
  ["the index box does not open", { slot: "shut" }, "index-shut"],
  ["the catalogue does not open", { listedWriter: "shut" }, "catalogue-shut"],
  ["the writer did not sign", signedBy(agent.key, phone.key), "not-signed-by-writer"],
  ["only the writer signed", signedBy(hospital.key), "not-signed-by-patient"],
  [
    "the words signed, not phone or agent",
    signedBy(hospital.key, words.key),
    "not-signed-by-patient",
  ],
  ["nobody is known to have signed", signedBy(), "not-signed-by-writer"],
  ["the record key does not open", { recordKey: "shut" }, "record-key-shut"],
  ["the manifest does not open", { manifest: "shut" }, "manifest-shut"],
  [
    "the manifest names another writer",
    { manifest: { writer: stranger.key, time: TIME } },
    "other-writer",
  ],
  [
    "the manifest has a time of another slot",
    { manifest: { writer: hospital.key, time: TIME + 600_000 } },
    "other-time",
  ],
]

const SHORT_OF_VERIFIED: readonly (readonly [...Row, Standing])[] = [
  ["a reader has no locate key", { manifestCid: "no-key" }, "no-locate-key", "anchored"],
  ["a reader has no index key", { slot: "no-key" }, "no-index-key", "anchored"],
  ["a reader may not list its slot", { listedWriter: "no-key" }, "no-list-key", "anchored"],
  ["no store has the catalogue", { listedWriter: "absent" }, "catalogue-absent", "anchored"],
  ["no store has the members", { members: "absent" }, "members-absent", "anchored"],
  ["the members do not open", { members: "shut" }, "members-shut", "anchored"],
  ["a reader may not read its slot", { recordKey: "no-key" }, "no-read-key", "listed"],
  ["no store has the manifest", { manifest: "absent" }, "manifest-absent", "listed"],
]

describe("standingsOf", () => {
  it("verifies a record that opens to the end, with no reason against it", () => {
    expect(standingOf({})).toEqual({ standing: "verified", reasons: [] })
    expect(standingOf(signedBy(phone.key, hospital.key)).standing).toBe("verified")
  })

  it("verifies a source's record that phone and agent signed", () => {
    const ofSource = { listedWriter: stranger.key, manifest: { writer: stranger.key, time: TIME } }
    expect(standingOf({ ...ofSource, ...signedBy(phone.key, agent.key) }).standing).toBe("verified")
    for (const signers of [[phone.key], [agent.key, stranger.key], [agent.key, words.key]]) {
      expect(standingOf({ ...ofSource, ...signedBy(...signers) })).toEqual({
        standing: "quarantined",
        reasons: ["not-signed-by-both"],
      })
    }
  })

  it.each(QUARANTINED)("quarantines a record when %s", (_what, fields, why) => {
    expect(standingOf(fields)).toEqual({ standing: "quarantined", reasons: [why] })
  })

  it.each(SHORT_OF_VERIFIED)(
    "leaves a record where it got to when %s",
    (_what, fields, why, standing) => {
      expect(standingOf(fields)).toEqual({ standing, reasons: [why] })
    },
  )

  it("has seen every reason", () => {
    const seen = [...QUARANTINED, ...SHORT_OF_VERIFIED].map(([, , why]) => why)
    const elsewhere = ["erased", "same-manifest", "not-signed-by-both"]
    expect([...new Set<string>([...seen, ...elsewhere])].toSorted()).toEqual(
      Object.keys(REASONS).toSorted(),
    )
  })

  it("lets nothing behind a failed check better a record", () => {
    const { standing } = standingOf({ manifestCid: "no-key", manifest: "shut", recordKey: "shut" })
    expect(standing).toBe("anchored")
  })

  it("takes the announcement before the record in its own aggregate, and none after it", () => {
    const beside = { ...announcedIn(EPOCH + 1, 30n) }
    const at = (index: number) => ({
      ...context,
      announcements: {
        erased: new Set<string>(),
        history: [announcedIn(EPOCH, 20n), { ...beside, transfer: { ...beside.transfer, index } }],
      },
    })
    expect(standingOf({}, at(0)).reasons).toEqual(["other-epoch"])
    expect(standingOf({}, at(2)).standing).toBe("verified")
  })

  it("counts a manifest once, the first in chain order, whatever order the facts come in", () => {
    const second = { ...whole, ...withTransfer({ height: 31n }) }
    const other = { ...whole, ...withTransfer({ height: 32n }), manifestCid: cidOf("another") }
    const found = standingsOf([other, second, whole], context)
    expect(found.map(({ standing, facts }) => [facts.transfer.height, standing])).toEqual([
      [30n, "verified"],
      [31n, "duplicate"],
      [32n, "verified"],
    ])
    expect(found[1]?.reasons.map(({ code }) => code)).toEqual(["same-manifest"])
  })

  it("does not let a quarantined record take the place of a later right one", () => {
    const forged = { ...whole, ...withTransfer({ height: 29n, signers: [hospital.key] }) }
    const found = standingsOf([forged, whole], context)
    expect(found.map(({ standing }) => standing)).toEqual(["quarantined", "verified"])
  })

  it("shows an erased record as erased, and the same manifest after it as a duplicate", () => {
    const erased = new Set([printRecordName(transfer)])
    const again = { ...whole, ...withTransfer({ height: 31n, index: 7 }) }
    const announcements = { history, erased }
    const found = standingsOf([whole, again], { ...context, announcements })
    expect(found.map(({ standing }) => standing)).toEqual(["erased", "duplicate"])
    expect(found[0]?.reasons.map(({ code }) => code)).toEqual(["erased"])
  })

  it("keeps what the chain says against a record above its erasure", () => {
    const announcements = { history, erased: new Set([printRecordName(transfer)]) }
    expect(
      standingOf(withTransfer({ sender: stranger.address }), { ...context, announcements }),
    ).toEqual({ standing: "quarantined", reasons: ["other-sender"] })
  })

  it("gives each transfer a standing and its name", () => {
    const [one] = standingsOf([whole], context)
    expect(one?.name).toBe(printRecordName(transfer))
    expect(one?.facts).toBe(whole)
  })

  it("places data older than 1970 in the first slot", () => {
    const old = slotOf(0).slot
    const facts = { slot: old, manifest: { writer: hospital.key, time: 0 } }
    expect(standingOf(facts).standing).toBe("verified")
  })
})

describe("balanceMatches", () => {
  const of = (...amounts: bigint[]) =>
    amounts.map((amount) => ({ mosaics: [{ id: MOSAIC, amount }] }))

  it("is the sum of what moved, of that mosaic alone", () => {
    const foreign = { mosaics: [{ id: 1n, amount: 9n }] }
    expect(balanceMatches([...of(1n, 1n), foreign], MOSAIC, 2n)).toBe(true)
    expect(balanceMatches([], MOSAIC, 0n)).toBe(true)
  })

  it("sees a transfer that was withheld and one that was invented", () => {
    expect(balanceMatches(of(1n), MOSAIC, 2n)).toBe(false)
    expect(balanceMatches(of(1n, 1n), MOSAIC, 1n)).toBe(false)
  })
})
