/**
 * Cards: vectors of docs/FORMAT.md §9.
 *
 * @module
 */
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { signFor } from "../../../src/crypto/sign.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { cardOf } from "../sealed.ts"

const { contactBody, vaultBody, hospital, phone, words, stranger } = sample
const contact = encodeDagCbor(contactBody)
const reads = (body: object, root = stranger) => ({ body, root: root.key })

const layers: Layer[] = [
  {
    name: "card",
    read: "card",
    value: cardOf(contact),
    reads: reads(contactBody),
    rules: { anyLength: ["body"] },
  },
  {
    name: "contact",
    read: "card",
    value: contactBody,
    reads: reads(contactBody),
    wrap: (bytes) => encodeDagCbor(cardOf(bytes)),
    rules: { optional: ["register"] },
  },
  {
    name: "vault",
    read: "card",
    value: vaultBody,
    reads: reads(vaultBody, words),
    wrap: (bytes) => encodeDagCbor(cardOf(bytes, phone, words)),
  },
]

/** URLs that are none, each as the only one of a contact card. */
const WRONG_URLS = {
  "another scheme": "ftp://hospital.example",
  "no scheme": "hospital.example",
  "no slashes": "https:hospital.example",
  "a user": "https://user@hospital.example",
  "a user and password": "https://user:pw@hospital.example",
  "a fragment": "https://hospital.example/#",
  "a space before": " https://hospital.example",
  "a line break inside": "https://hospital\n.example",
  "a backslash": "https://hospital.example\\@other.example",
  "no ASCII": "https://klinikum-süd.example",
  "257 characters": `https://hospital.example/${"x".repeat(232)}`,
}

function refusals(): Case[] {
  const refused = refusalsOf("card")
  const holding = (body: object) => encodeDagCbor(cardOf(encodeDagCbor(body)))
  const right = cardOf(contact)
  const swapped = { signature: right.rootSignature, rootSignature: right.signature }
  const signed = (purpose: string, context: unknown) =>
    encodeDagCbor({ ...right, signature: signFor(purpose, context, contact, hospital.seed) })
  return [
    refused("signed by another key", encodeDagCbor(cardOf(contact, stranger)), "IntegrityError"),
    refused("another root", encodeDagCbor({ ...right, root: hospital.key }), "IntegrityError"),
    refused("signatures swapped", encodeDagCbor({ ...right, ...swapped }), "IntegrityError"),
    refused("signed for another purpose", signed("deposit", null), "IntegrityError"),
    refused("signed in a context", signed("card", []), "IntegrityError"),
    refused("an empty name", holding({ ...contactBody, name: "" })),
    refused("an unknown kind", holding({ ...contactBody, kind: "person" })),
    refused("17 URLs", holding({ ...contactBody, urls: Array(17).fill("http://a") })),
    ...Object.entries(WRONG_URLS).map(([name, url]) =>
      refused(`URL: ${name}`, holding({ ...contactBody, urls: [url] })),
    ),
    refusalsOf("contact card")("a vault's card", encodeDagCbor(vaultCard)),
    refusalsOf("vault card")("a contact's card", encodeDagCbor(right)),
  ]
}

const vaultCard = cardOf(encodeDagCbor(vaultBody), phone, words)

/** card. */
export async function cardFiles(): Promise<VectorFile[]> {
  return [
    { file: "card", section: "9", with: {}, cases: [...(await casesOf(layers)), ...refusals()] },
  ]
}
