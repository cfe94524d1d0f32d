import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { concat } from "../../../src/base/bytes.ts"
import {
  type Announcement,
  announcementHash,
  encodeAnnouncement,
  NO_ANNOUNCEMENT,
  printRecordName,
} from "../../../src/vault/announcement.ts"
import {
  type AnnouncementTransfer,
  announcedAt,
  followAnnouncements,
  type IgnoredReason,
} from "../../../src/vault/announcement-history.ts"
import * as sample from "./samples.ts"

const { erased: _erased, ...base } = sample.announcement

/** A transfer at a height, in which one thing was said. */
const at = (height: number, message: Uint8Array): AnnouncementTransfer => ({
  height: BigInt(height),
  transaction: 0,
  index: 0,
  message,
  hash: sample.secretOf(`transfer ${height}`),
})

/** What follows an announcement: its hash, and the fields that change. */
const after = (before: Uint8Array | undefined, fields: Partial<Announcement>) =>
  encodeAnnouncement({
    ...base,
    previous: before ? announcementHash(before) : NO_ANNOUNCEMENT,
    ...fields,
  })

const first = after(undefined, { epoch: 1, revision: 0 })
const revised = after(first, { epoch: 1, revision: 1, intake: sample.cidOf("new intake") })
const second = after(revised, {
  epoch: 2,
  revision: 0,
  commit: sample.secretOf("commit 2"),
  vault: sample.stranger.address,
})
const right = [at(1, first), at(2, revised), at(3, second)]
const places = (transfers: readonly { transfer: AnnouncementTransfer }[]) =>
  transfers.map(({ transfer }) => Number(transfer.height))

describe("followAnnouncements", () => {
  it("follows revisions of an epoch and the first of the next, which may name another vault", () => {
    const { newest, history, ignored } = followAnnouncements(right)
    expect(places(history)).toEqual([1, 2, 3])
    expect(newest?.announcement).toMatchObject({ epoch: 2, revision: 0 })
    expect(newest?.digest).toEqual(announcementHash(second))
    expect(ignored).toEqual([])
  })

  it("has nothing before the first", () => {
    expect(followAnnouncements([])).toMatchObject({ newest: undefined, history: [] })
  })

  it("goes by the chain's order, not by that in which transfers come", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(right, { minLength: 3 }), (shuffled) => {
        expect(places(followAnnouncements(shuffled).history)).toEqual([1, 2, 3])
      }),
    )
  })

  const forged = (fields: Partial<Announcement>, before: Uint8Array | undefined = revised) =>
    after(before, { epoch: 1, revision: 2, ...fields })
  const rows: readonly (readonly [string, Uint8Array, IgnoredReason])[] = [
    ["a message of another kind", Uint8Array.of(1, 2, 3), "not-an-announcement"],
    ["one cut short", first.slice(0, 50), "malformed"],
    ["one of another version", Uint8Array.from(revised.with(3, 2)), "unsupported"],
    ["one with a byte behind it", concat(revised, Uint8Array.of(0)), "malformed"],
    ["the first again", first, "does-not-follow"],
    ["the newest again (a replay)", revised, "does-not-follow"],
    ["a revision left out", forged({ revision: 3 }), "does-not-follow"],
    ["an epoch left out", forged({ epoch: 3, revision: 0 }), "does-not-follow"],
    [
      "a new epoch that begins with revision 1",
      forged({ epoch: 2, revision: 1 }),
      "does-not-follow",
    ],
    ["one that names an older one", forged({}, first), "other-previous"],
    ["one that names none", forged({ previous: NO_ANNOUNCEMENT }), "other-previous"],
    ["a revision with another vault", forged({ vault: sample.stranger.address }), "other-vault"],
    [
      "a revision with another commitment",
      forged({ commit: sample.secretOf("x") }),
      "other-commitment",
    ],
  ]
  it.each(rows)("ignores %s, says why, and goes on", (_what, message, reason) => {
    const [one, two, three] = right as [
      AnnouncementTransfer,
      AnnouncementTransfer,
      AnnouncementTransfer,
    ]
    const { history, ignored } = followAnnouncements([
      one,
      two,
      at(5, message),
      { ...three, height: 9n },
    ])
    expect(places(history)).toEqual([1, 2, 9])
    expect(ignored.map((found) => found.reason)).toEqual([reason])
  })

  it.each([
    ["of a later epoch", after(undefined, { epoch: 2, revision: 0 }), "does-not-follow"],
    ["of a later revision", after(undefined, { epoch: 1, revision: 1 }), "does-not-follow"],
    ["that names one before it", after(second, { epoch: 1, revision: 0 }), "other-previous"],
  ] as const)("ignores a first one %s", (_what, message, reason) => {
    const { newest, ignored } = followAnnouncements([at(1, message)])
    expect(newest).toBeUndefined()
    expect(ignored[0]?.reason).toBe(reason)
  })

  it("revives nothing that was ignored: what names an ignored one is ignored too", () => {
    const skipped = after(first, { epoch: 1, revision: 2 })
    const behind = after(skipped, { epoch: 1, revision: 3 })
    const found = followAnnouncements([at(1, first), at(2, skipped), at(3, behind), at(4, revised)])
    expect(places(found.history)).toEqual([1, 4])
    expect(places(found.ignored)).toEqual([2, 3])
  })

  it("gathers erasures of those that count, and of no other", () => {
    const name = (label: string) => ({ hash: sample.secretOf(label), index: 3 })
    const erasing = after(first, { epoch: 1, revision: 1, erased: [name("a"), name("b")] })
    const ignored = after(first, { epoch: 1, revision: 5, erased: [name("c")] })
    const { erased } = followAnnouncements([at(1, first), at(2, erasing), at(3, ignored)])
    expect([...erased]).toEqual([printRecordName(name("a")), printRecordName(name("b"))])
  })
})

describe("announcedAt", () => {
  const { history } = followAnnouncements(right)

  it("is the newest before a place, never one at it", () => {
    const newestAt = (height: number, index = 0) =>
      announcedAt(history, { height: BigInt(height), transaction: 0, index })?.announcement
    expect(newestAt(1)).toBeUndefined()
    expect(newestAt(1, 1)).toMatchObject({ epoch: 1, revision: 0 })
    expect(newestAt(3)).toMatchObject({ epoch: 1, revision: 1 })
    expect(newestAt(4)).toMatchObject({ epoch: 2, revision: 0 })
  })
})
