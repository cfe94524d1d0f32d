import { describe, expect, it } from "vitest"
import { type RefusedAct, type RegisterView, understand } from "../../../src/agent/understand.ts"
import { AgentRefusedError } from "../../../src/base/errors.ts"
import { REGISTER_METADATA_KEY } from "../../../src/lake/register.ts"
import type { Instruction } from "../../../src/ledger/index.ts"
import { metadataDelta } from "../../../src/ledger/index.ts"
import {
  type Announcement,
  announcementHash,
  encodeAnnouncement,
} from "../../../src/vault/announcement.ts"
import {
  agent,
  cidOf,
  hospital,
  phone,
  register,
  announcement as sample,
  seats,
  secretOf,
  stranger,
  vaultAccount,
  vaultId,
  words,
} from "../vault/samples.ts"

const { erased: _erased, ...last } = { ...sample, epoch: 2, revision: 3 }
const digest = announcementHash(encodeAnnouncement(last))
const nextCommit = secretOf("next commitment")
const view: RegisterView = {
  id: vaultId,
  phone: phone.key,
  register: register.key,
  seats: seats.key,
  newest: { announcement: last, digest },
  epochs: [
    { epoch: 2, commit: last.commit, intake: last.intake },
    { epoch: 3, commit: nextCommit, intake: cidOf("next intake") },
  ],
}
const revision: Announcement = { ...last, revision: 4, previous: digest }
const newEpoch: Announcement = {
  ...revision,
  epoch: 3,
  revision: 0,
  commit: nextCommit,
  intake: cidOf("next intake"),
}

const transfer = (
  message: Uint8Array,
  recipient = vaultId.register,
  signer = register.key,
): Extract<Instruction, { type: "transfer" }> => ({
  type: "transfer",
  signer,
  recipient,
  mosaics: [],
  message,
})
const metadata = (next: Uint8Array, before = digest) =>
  ({
    type: "account-metadata",
    signer: register.key,
    target: vaultId.register,
    key: REGISTER_METADATA_KEY,
    ...metadataDelta(before, next),
  }) as const
const announcing = (announcement: Announcement): Instruction[] => {
  const message = encodeAnnouncement(announcement)
  return [transfer(message), metadata(announcementHash(message))]
}
const seating = {
  type: "multisig",
  signer: seats.key,
  minApprovalDelta: 0,
  minRemovalDelta: 0,
  additions: [hospital.address],
  deletions: [] as Uint8Array[],
} as const
const grantMessage = new Uint8Array(349).fill(1)
const [announce, mark] = announcing(revision) as [
  Instruction,
  Extract<Instruction, { type: "account-metadata" }>,
]
const act = (...instructions: Instruction[]) => ({ signer: phone.key, instructions })

describe("understand", () => {
  it("understands a revision", () => {
    const understood = understand(act(announce, mark), view)
    expect(understood).toEqual({ announcement: revision, seated: [], unseated: [], messages: 0 })
  })

  it("understands a new epoch that was handed over, with its messages, in any order", () => {
    const messages = [
      transfer(grantMessage, hospital.address),
      transfer(grantMessage, stranger.address),
    ]
    const understood = understand(act(...messages, ...announcing(newEpoch).toReversed()), view)
    expect(understood.announcement.epoch).toBe(3)
    expect(understood.messages).toBe(2)
  })

  it("understands seats that are given and taken", () => {
    const taking = { ...seating, additions: [], deletions: [stranger.address] }
    const understood = understand(act(seating, taking, announce, mark), view)
    expect(understood.seated).toEqual([hospital.address])
    expect(understood.unseated).toEqual([stranger.address])
  })
})

const currency = { id: 0x72c0212e67a08bcen, amount: 1n }
const otherMark = { ...mark, ...metadataDelta(digest, secretOf("another")) }

/** Each a register act that is in order but for one thing. */
const REFUSED: readonly [rule: RefusedAct, what: string, instructions: readonly Instruction[]][] = [
  ["announcement", "nothing", []],
  ["announcement", "no announcement", [mark]],
  ["announcement", "two announcements", [announce, announce, mark]],
  ["announcement-malformed", "a plain message to itself", [transfer(grantMessage), mark]],
  [
    "announcement-malformed",
    "a cut announcement",
    [transfer(encodeAnnouncement(revision).slice(0, -1)), mark],
  ],
  [
    "announcement-malformed",
    "another version",
    [transfer(Uint8Array.of(0x4d, 0x41, 0, 2, 0xa0)), mark],
  ],
  [
    "announcement-does-not-follow",
    "the newest one again",
    announcing({ ...last, previous: digest }),
  ],
  ["announcement-does-not-follow", "a skipped revision", announcing({ ...revision, revision: 5 })],
  ["announcement-does-not-follow", "a skipped epoch", announcing({ ...newEpoch, epoch: 4 })],
  ["announcement-does-not-follow", "an epoch back", announcing({ ...newEpoch, epoch: 1 })],
  [
    "announcement-does-not-follow",
    "a new epoch at revision 1",
    announcing({ ...newEpoch, revision: 1 }),
  ],
  [
    "announcement-does-not-follow",
    "another previous",
    announcing({ ...revision, previous: secretOf("fork") }),
  ],
  ["other-vault", "another vault", announcing({ ...revision, vault: stranger.address })],
  [
    "other-vault",
    "another vault with a new epoch",
    announcing({ ...newEpoch, vault: stranger.address }),
  ],
  ["other-commitment", "another commitment", announcing({ ...revision, commit: nextCommit })],
  [
    "other-commitment",
    "an epoch other than the one handed over",
    announcing({ ...newEpoch, commit: last.commit }),
  ],
  ["other-intake", "another intake key", announcing({ ...revision, intake: cidOf("theirs") })],
  [
    "erasure",
    "an erasure",
    announcing({ ...revision, erased: [{ hash: secretOf("record"), index: 0 }] }),
  ],
  ["metadata", "no metadata", [announce]],
  ["metadata", "metadata twice", [announce, mark, mark]],
  ["metadata", "another hash", [announce, otherMark]],
  ["metadata", "another key", [announce, { ...mark, key: 1n }]],
  ["metadata", "another target", [announce, { ...mark, target: vaultId.vault }]],
  ["metadata", "a change of another old value", [announce, { ...mark, valueSizeDelta: 32 }]],
  [
    "seats-quorum",
    "a lower quorum of the seats",
    [{ ...seating, minApprovalDelta: -1 }, announce, mark],
  ],
  ["seats-quorum", "a higher removal quorum", [{ ...seating, minRemovalDelta: 1 }, announce, mark]],
  [
    "seats-register",
    "the register's seat taken",
    [{ ...seating, additions: [], deletions: [vaultId.register] }, announce, mark],
  ],
  ["seats-twice", "a seat twice", [seating, seating, announce, mark]],
  [
    "seats-twice",
    "a seat given and taken",
    [{ ...seating, deletions: [hospital.address] }, announce, mark],
  ],
  [
    "transfer",
    "a grant that pays",
    [{ ...transfer(grantMessage, hospital.address), mosaics: [currency] }, announce, mark],
  ],
  [
    "transfer",
    "an announcement that pays",
    [{ ...transfer(encodeAnnouncement(revision)), mosaics: [currency] }, mark],
  ],
  [
    "transfer",
    "a message in clear",
    [transfer(new Uint8Array(349), hospital.address), announce, mark],
  ],
  [
    "transfer",
    "a message of another length",
    [transfer(new Uint8Array(350).fill(1), hospital.address), announce, mark],
  ],
  [
    "instruction",
    "a transfer from the vault",
    [transfer(grantMessage, hospital.address, vaultAccount.key), announce, mark],
  ],
  [
    "instruction",
    "a payment by the phone",
    [transfer(new Uint8Array(), stranger.address, phone.key), announce, mark],
  ],
  ["instruction", "metadata of the vault", [announce, { ...mark, signer: vaultAccount.key }]],
  [
    "instruction",
    "new owners of the register",
    [{ ...seating, signer: register.key }, announce, mark],
  ],
  [
    "instruction",
    "new owners of the vault",
    [{ ...seating, signer: vaultAccount.key }, announce, mark],
  ],
  [
    "instruction",
    "a mosaic",
    [
      { type: "mosaic-supply", signer: register.key, mosaicId: 1n, delta: 1n, action: "increase" },
      announce,
      mark,
    ],
  ],
  [
    "instruction",
    "a mosaic's definition",
    [
      {
        type: "mosaic-definition",
        signer: register.key,
        nonce: 0,
        mosaicId: 1n,
        duration: 0n,
        divisibility: 0,
        flags: { supplyMutable: false, transferable: true, restrictable: false, revokable: false },
      },
      announce,
      mark,
    ],
  ],
]

describe("understand, what it does not know", () => {
  it("is tried with enough acts", () => {
    expect(REFUSED.length).toBeGreaterThanOrEqual(40)
  })

  it.for(REFUSED)("refuses as %s: %s", ([rule, , instructions]) => {
    expect(refusalOf(() => understand(act(...instructions), view))).toBe(rule)
  })

  it.for([
    ["the agent", agent],
    ["the words", words],
    ["a stranger", stranger],
  ] as const)("refuses an act signed by %s", ([, signer]) => {
    const { instructions } = act(announce, mark)
    expect(refusalOf(() => understand({ signer: signer.key, instructions }, view))).toBe("signer")
  })

  it("refuses a new epoch that was not handed over", () => {
    const unaware = { ...view, epochs: view.epochs.slice(0, 1) }
    expect(refusalOf(() => understand(act(...announcing(newEpoch)), unaware))).toBe(
      "epoch-not-handed-over",
    )
  })
})

function refusalOf(work: () => unknown): string | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof AgentRefusedError) return error.rule
    throw error
  }
  return undefined
}
