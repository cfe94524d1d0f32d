/**
 * What writer and agent say to each other: vectors of docs/FORMAT.md §10.
 *
 * @module
 */
import { concat } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import { signFor } from "../../../src/crypto/sign.ts"
import * as record from "../../../test/unit/record/samples.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { ctx, hpkeJoined, writerMessage } from "../sealed.ts"

const { vaultId, otherVault, EPOCH, hospital, stranger, agent } = sample
const { intake, deposit } = record
const instances = deposit.instances.map(({ uid, digest }) => [uid, digest])
const depositValue = {
  ...deposit,
  manifest: Object.values(deposit.manifest),
  blobs: deposit.blobs.map((one) => Object.values(one)),
  instances,
}

/** A message of either kind, and who must not read it. */
async function messageCases(
  kind: "deposit" | "query",
  value: object,
  content: unknown,
  free: string[],
): Promise<Case[]> {
  const plaintext = encodeDagCbor(value)
  const reads = { writer: hospital.key, content }
  const message = await writerMessage(kind, intake.agreement, plaintext)
  const right = encodeDagCbor(message)
  const other = kind === "deposit" ? "query" : "deposit"
  const whole = async (...from: Parameters<typeof writerMessage>) =>
    encodeDagCbor(await writerMessage(...from))
  const layers: Layer[] = [
    { name: "message", read: kind, value: message, reads, rules: { anyLength: ["ct"] } },
    {
      name: "plaintext",
      read: kind,
      value,
      reads,
      wrap: (bytes) => whole(kind, intake.agreement, bytes),
      rules: { sealed: true, free },
    },
  ]
  const refused = refusalsOf(kind)
  const older = await whole(kind, intake.agreement, plaintext, { epoch: 1 })
  const stolen = await writerMessage(kind, intake.agreement, plaintext, { named: stranger.key })
  return [
    ...(await casesOf(layers)),
    refused("an older epoch", older, "StaleEpochError"),
    refused("a newer epoch is the newest", right, "StaleEpochError", { epoch: EPOCH + 1 }),
    refused(
      "said to be of another epoch",
      encodeDagCbor({ ...message, epoch: 1 }),
      "IntegrityError",
    ),
    refused("another vault", right, "IntegrityError", { vault: otherVault }),
    refused("another intake key", right, "AccessDeniedError", { account: stranger.seed }),
    refused("under another writer's name", encodeDagCbor(stolen), "IntegrityError"),
    refused("signed anew by another writer", resigned(kind, message), "AccessDeniedError"),
    refused(
      "a changed ciphertext",
      encodeDagCbor({ ...message, ct: flipped(message.ct, 0) }),
      "IntegrityError",
    ),
    refused(`a ${other}`, await whole(other, intake.agreement, plaintext)),
    refused("sealed as the other kind", await relabelled(kind, other, plaintext), "IntegrityError"),
  ]
}

/** A thief takes the ciphertext and signs it as its own. */
function resigned(kind: string, { enc, ct }: { enc: Uint8Array; ct: Uint8Array }) {
  const signature = signFor(kind, ctx(EPOCH), concat(enc, ct), stranger.seed)
  return encodeDagCbor({ v: 1, kind, epoch: EPOCH, writer: stranger.key, enc, ct, signature })
}

async function relabelled(kind: string, sealedAs: string, plaintext: Uint8Array) {
  return encodeDagCbor({ ...(await writerMessage(sealedAs, intake.agreement, plaintext)), kind })
}

async function depositRefusals(): Promise<Case[]> {
  const refused = refusalsOf("deposit")
  const saying = async (fields: object) =>
    encodeDagCbor(
      await writerMessage(
        "deposit",
        intake.agreement,
        encodeDagCbor({ ...depositValue, ...fields }),
      ),
    )
  return [
    refused("no blob", await saying({ blobs: [] })),
    refused("an empty UID", await saying({ instances: [["", sample.secretOf("x")]] })),
    refused("a UID with a zero", await saying({ instances: [["1\0", sample.secretOf("x")]] })),
    refused("a UID of 257", await saying({ instances: [["1".repeat(257), sample.secretOf("x")]] })),
    refused("a time with the flag before 1970", await saying({ before1970: true })),
    refused("an entry with a CID", await saying({ entry: { cid: sample.cidOf("other") } })),
  ]
}

const answered = sha256(encodeDagCbor("a deposit"))
const answer =
  (label: string, aad = answered, to = hospital, epoch = EPOCH) =>
  (bytes: Uint8Array) =>
    hpkeJoined(to.agreement, [label, ctx(epoch)], aad, bytes)

/** An answer, and to whom it must say nothing. */
async function answerCases(read: string, label: string, layer: Pick<Layer, "value" | "reads">) {
  const right = await answer(label)(encodeDagCbor(layer.value))
  const refused = refusalsOf(read)
  return [
    ...(await casesOf([
      {
        name: read,
        read,
        ...layer,
        wrap: answer(label),
        rules: { anyLength: ["aggregate"], sealed: true },
      },
    ])),
    refused("to another message", right, "AccessDeniedError", { answered: sample.linkId }),
    refused("another writer", right, "AccessDeniedError", { account: stranger.seed }),
    refused("another vault", right, "AccessDeniedError", { vault: otherVault }),
    refused("an older epoch", right, "AccessDeniedError", { epoch: 1 }),
    refused("a changed ciphertext", flipped(right, -1), "AccessDeniedError"),
    refused(
      "under another label",
      await answer("deposit")(encodeDagCbor(layer.value)),
      "AccessDeniedError",
    ),
  ]
}

async function draftCases(): Promise<Case[]> {
  const opener = new Uint8Array(76).fill(7)
  const draft = { aggregate: sample.secretOf("aggregate"), openers: [{ index: 0, opener }] }
  const value = { v: 1, ...draft }
  const saying = (openers: object[]) => answer("draft")(encodeDagCbor({ ...value, openers }))
  const refused = refusalsOf("draft")
  return [
    ...(await answerCases("draft", "draft", { value, reads: draft })),
    refused("no opener", await saying([])),
    refused(
      "an index twice",
      await saying([
        { index: 0, opener },
        { index: 0, opener },
      ]),
    ),
    refused(
      "indexes falling",
      await saying([
        { index: 2, opener },
        { index: 1, opener },
      ]),
    ),
  ]
}

async function queryAnswerCases(): Promise<Case[]> {
  const value = { exists: [0, 1, 2] }
  const saying = (exists: unknown[]) => answer("query-answer")(encodeDagCbor({ exists }))
  const refused = refusalsOf("query answer")
  return [
    ...(await answerCases("query answer", "query-answer", {
      value,
      reads: ["new", "exists", "other-version"],
    })),
    refused("about fewer instances", await saying([0, 1])),
    refused("about more instances", await saying([0, 1, 2, 0])),
    refused("a word that is none", await saying([0, 1, 3])),
  ]
}

/** deposit, draft, query, query-answer. */
export async function writerFiles(): Promise<VectorFile[]> {
  const at = { vault: vaultId, epoch: EPOCH }
  const toIntake = { ...at, account: agent.seed }
  const toWriter = { ...at, account: hospital.seed, answered }
  return [
    {
      file: "deposit",
      section: "10",
      with: toIntake,
      cases: [
        ...(await messageCases("deposit", depositValue, deposit, ["entry"])),
        ...(await depositRefusals()),
      ],
    },
    { file: "draft", section: "10", with: toWriter, cases: await draftCases() },
    {
      file: "query",
      section: "10",
      with: toIntake,
      cases: await messageCases("query", { instances }, deposit.instances, []),
    },
    {
      file: "query-answer",
      section: "10",
      with: { ...toWriter, count: 3 },
      cases: await queryAnswerCases(),
    },
  ]
}
