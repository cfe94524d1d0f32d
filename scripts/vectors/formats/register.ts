/**
 * What the register announces, and the objects that announcements name: vectors of docs/FORMAT.md §6.
 *
 * @module
 */
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { seal } from "../../../src/crypto/seal.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, pad, salt } from "../sealed.ts"

const { epochKeys, vaultId, otherVault, EPOCH } = sample
const HEAD = Uint8Array.of(0x4d, 0x41, 0, 1)

const { erased, ...announced } = sample.announcement
const announcement: Layer = {
  name: "announcement",
  read: "announcement",
  value: { ...announced, erased: erased?.map(({ hash, index }) => [hash, index]) },
  reads: sample.announcement,
  wrap: (bytes) => concat(HEAD, bytes),
  rules: { optional: ["erased"] },
}

/** Around the announcement's map. */
function announcementRefusals(right: Uint8Array): Case[] {
  const body = right.slice(HEAD.length)
  const head = (...bytes: number[]) => Uint8Array.from(bytes)
  const refused = refusalsOf("announcement")
  const saying = (fields: object) => concat(HEAD, encodeDagCbor({ ...announced, ...fields }))
  const many = Array.from({ length: 28 }, (_, i) => [sample.secretOf(`erased ${i}`), i])
  return [
    refused("another marker", concat(head(0x4d, 0x42, 0, 1), body)),
    refused("version 2", concat(head(0x4d, 0x41, 0, 2), body), "UnsupportedError"),
    refused("version 257", concat(head(0x4d, 0x41, 1, 1), body), "UnsupportedError"),
    refused("cut in the version", right.slice(0, 3)),
    refused("longer than 1024 bytes", saying({ erased: many })),
    refused("epoch 0", saying({ epoch: 0 })),
    refused("epoch 2^32", saying({ epoch: 2 ** 32 })),
    refused("an empty list of erasures", saying({ erased: [] })),
  ]
}

const intake = { epoch: EPOCH, key: sample.agent.agreement }
const intakeLayer: Layer = {
  name: "intake",
  read: "intake",
  value: { v: 1, kind: "intake", ...intake },
  reads: intake,
}

const membersOf = (body: Uint8Array, epoch = EPOCH) => ({
  v: 1,
  kind: "members",
  epoch,
  salt,
  box: seal(epochKeys.index, "members", ctx(EPOCH), salt, pad(body)),
})
const membersBody = encodeDagCbor(sample.members)
const membersLayers: Layer[] = [
  {
    name: "object",
    read: "members",
    value: membersOf(membersBody),
    reads: sample.members,
    rules: { anyLength: ["box"] },
  },
  {
    name: "body",
    read: "members",
    value: sample.members,
    reads: sample.members,
    wrap: (bytes) => encodeDagCbor(membersOf(bytes)),
    rules: { anyLength: ["cards"], sealed: true, padded: true },
  },
]

function membersRefusals(): Case[] {
  const object = membersOf(membersBody)
  const bytes = encodeDagCbor(object)
  const refused = refusalsOf("members")
  const holding = (cards: Uint8Array[]) =>
    encodeDagCbor(membersOf(encodeDagCbor({ ...sample.members, cards })))
  const older = encodeDagCbor(membersOf(membersBody, 3))
  const changed = encodeDagCbor({ ...object, box: flipped(object.box, 40) })
  const cut = encodeDagCbor({ ...object, box: object.box.slice(0, 47) })
  return [
    refused("another vault", bytes, "AccessDeniedError", { vault: otherVault }),
    refused("another key", bytes, "AccessDeniedError", { index: epochKeys.locate }),
    refused("another epoch is asked for", bytes, "InvalidInputError", { epoch: 1 }),
    refused("given out as of another epoch", older, "AccessDeniedError", { epoch: 3 }),
    refused("a changed box", changed, "IntegrityError"),
    refused("a box shorter than its overhead", cut, "IntegrityError"),
    refused("25 cards", holding(Array.from({ length: 25 }, () => new Uint8Array(1)))),
  ]
}

/** announcement, intake, members. */
export async function registerFiles(): Promise<VectorFile[]> {
  const announcements = await casesOf([announcement])
  const right = announcements[0]?.bytes as Uint8Array
  return [
    {
      file: "announcement",
      section: "6",
      with: {},
      cases: [...announcements, ...announcementRefusals(right)],
    },
    { file: "intake", section: "6", with: {}, cases: await casesOf([intakeLayer]) },
    {
      file: "members",
      section: "6",
      with: { vault: vaultId, epoch: EPOCH, index: epochKeys.index },
      cases: [...(await casesOf(membersLayers)), ...membersRefusals()],
    },
  ]
}
