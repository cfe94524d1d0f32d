/**
 * Grants in their two halves, and the vault file: vectors of docs/FORMAT.md §7 and §8.
 *
 * @module
 */
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { encodeNode } from "../../../src/vault/calendar.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import type { LayerRules } from "../mutants.ts"
import {
  accountSlot,
  aroundBody,
  headerOf,
  NOTHING,
  pad,
  passphraseSlot,
  sealedEnvelope,
} from "../sealed.ts"

const { vaultId, otherVault, hospital, stranger, phone, words, agent, linkKeys } = sample
const PASSPHRASE = "Zwölf Boxkämpfer"
const BODY: LayerRules = { anyLength: ["card", "cards"], sealed: true, padded: true }
const fileId = sample.secretOf("file id").slice(0, 16)
const vaultFile = { ...sample.vaultFile, kind: "vault-file" }
const { id: grantId, a } = sample.grantMessage
const grantHeader = headerOf(grantId, [accountSlot(hospital, grantId, a)])
const grantBody = {
  ...sample.grantBody,
  kind: "grant",
  epochs: sample.grantBody.epochs.map((one) => ({
    ...one,
    list: one.list.map(encodeNode),
    read: one.read.map(encodeNode),
  })),
}

async function grantCases(): Promise<Case[]> {
  const reads = sample.grantBody
  const right = sealedEnvelope("envelope", grantHeader, grantBody)
  const [epoch] = grantBody.epochs as [(typeof grantBody.epochs)[0]]
  const saying = (fields: object) =>
    sealedEnvelope("envelope", grantHeader, { ...grantBody, ...fields })
  const nodes = (list: Uint8Array[]) => saying({ epochs: [{ ...epoch, list }] })
  const [node] = epoch.list as [Uint8Array]
  const refused = refusalsOf("grant")
  const layers: Layer[] = [
    {
      name: "body",
      read: "grant",
      value: grantBody,
      reads,
      wrap: aroundBody("envelope", grantHeader),
      rules: BODY,
    },
  ]
  return [
    ...(await casesOf(layers)),
    refused("another vault", right, "IntegrityError", { vault: otherVault }),
    refused("another account", right, "AccessDeniedError", { account: stranger.seed }),
    refused("another chain half", right, "AccessDeniedError", { a: linkKeys.h }),
    refused("another grant", right, "IntegrityError", { id: fileId }),
    refused("read nodes in a list grant", saying({ capability: "list" })),
    refused("nodes in a locate grant", saying({ capability: "locate" })),
    refused("an unknown capability", saying({ capability: "write" })),
    refused("epochs twice", saying({ epochs: [epoch, epoch] })),
    refused("epochs falling", saying({ epochs: [epoch, { ...epoch, epoch: 1 }] })),
    refused("no epoch", saying({ epochs: [] })),
    refused("a node below the leaves", nodes([Uint8Array.from([30, ...node.slice(1)])])),
    refused(
      "a node with low bits",
      nodes([Uint8Array.from([...node.slice(0, 4), 1, ...node.slice(5)])]),
    ),
    refused(
      "a node beyond the tree",
      nodes([Uint8Array.from([node[0] as number, 0xff, ...node.slice(2)])]),
    ),
    refused("a node twice", nodes([node, node])),
    refused("a vault file", sealedEnvelope("vault-file", grantHeader, grantBody)),
    refused(
      "the body of a link",
      sealedEnvelope("envelope", grantHeader, { ...sample.linkBody, kind: "link" }),
    ),
  ]
}

async function grantMessageCases(): Promise<Case[]> {
  const read = "grant message"
  const value = { v: 1, kind: "grant", ...sample.grantMessage }
  const wrap = (bytes: Uint8Array) => pad(bytes, 320)
  const right = wrap(encodeDagCbor(value))
  const refused = refusalsOf(read)
  const stores = ["https://a", "https://b", "https://c"]
  return [
    ...(await casesOf([
      { name: "message", read, value, reads: sample.grantMessage, wrap, rules: { padded: true } },
    ])),
    refused("319 bytes", right.slice(0, 319)),
    refused("321 bytes", pad(right, 321)),
    refused("three stores", wrap(encodeDagCbor({ ...value, stores }))),
  ]
}

async function vaultFileCases(): Promise<Case[]> {
  const read = "vault file"
  const header = headerOf(fileId, [
    accountSlot(words, fileId, NOTHING),
    accountSlot(phone, fileId, NOTHING),
    await passphraseSlot(PASSPHRASE),
  ])
  const right = sealedEnvelope("vault-file", header, vaultFile)
  const saying = (fields: object) =>
    sealedEnvelope("vault-file", header, { ...vaultFile, ...fields })
  const [epoch] = vaultFile.epochs as [(typeof vaultFile.epochs)[0]]
  const [grant] = vaultFile.grants as [(typeof vaultFile.grants)[0]]
  const refused = refusalsOf(read)
  const byPassphrase = (passphrase: string) => ({ account: null, passphrase })
  return [
    ...(await casesOf([
      {
        name: "body",
        read,
        value: vaultFile,
        reads: sample.vaultFile,
        wrap: aroundBody("vault-file", header),
        rules: BODY,
      },
    ])),
    {
      name: "opened by the words",
      read,
      with: { account: words.seed },
      bytes: right,
      reads: sample.vaultFile,
    },
    {
      name: "opened by the passphrase, decomposed",
      read,
      with: byPassphrase(PASSPHRASE.normalize("NFD")),
      bytes: right,
      reads: sample.vaultFile,
    },
    refused("another passphrase", right, "AccessDeniedError", byPassphrase("Zwölf Boxer")),
    refused("the agent's account", right, "AccessDeniedError", { account: agent.seed }),
    refused("another vault", right, "IntegrityError", { vault: otherVault }),
    refused("an envelope", sealedEnvelope("envelope", header, vaultFile)),
    refused("epochs twice", saying({ epochs: [epoch, epoch] })),
    refused("no epoch", saying({ epochs: [] })),
    refused("no owner", saying({ owners: [] })),
    refused("an empty range", saying({ grants: [{ ...grant, to: grant.from }] })),
    refused("a range past 2^29", saying({ grants: [{ ...grant, to: 2 ** 29 + 1 }] })),
    refused("an empty category", saying({ category: "" })),
  ]
}

/** grant, grant-message, vault-file. */
export async function grantFiles(): Promise<VectorFile[]> {
  return [
    {
      file: "grant",
      section: "7",
      with: { vault: vaultId, account: hospital.seed, id: grantId, a },
      cases: await grantCases(),
    },
    { file: "grant-message", section: "8", with: {}, cases: await grantMessageCases() },
    {
      file: "vault-file",
      section: "7",
      with: { vault: vaultId, account: phone.seed },
      cases: await vaultFileCases(),
    },
  ]
}
