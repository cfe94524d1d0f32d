/**
 * Links as text, their files, and what viewer and keeper say to each other: vectors of docs/FORMAT.md §11.
 *
 * @module
 */
import { argon2id } from "hash-wasm"
import { CompactEncrypt } from "jose"
import { base64url, concat, utf8 } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { hkdf } from "../../../src/crypto/hkdf.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, type ErrorName, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf, type Layer } from "../layer.ts"
import { hpkeJoined, NOTHING } from "../sealed.ts"

const { agent, stranger, viewer, linkId, linkKeys, linkPayload } = sample
const VIEWER = "https://viewer.example/#"

/** A link over any JSON. */
const linkOf = (payload: unknown) => utf8(`shlink:/${base64url(utf8(JSON.stringify(payload)))}`)

const payload = {
  url: linkPayload.url,
  key: base64url(linkPayload.key),
  exp: (linkPayload.until as number) / 1000,
  flag: "P",
  label: linkPayload.label,
  v: 1,
  _ml: { k: base64url(linkPayload.keeper as Uint8Array) },
}
type Payload = Partial<Record<keyof typeof payload | "more", unknown>>

/** Fields and what is wrong with them. */
const WRONG_FIELDS: Readonly<Record<string, Payload>> = {
  "no URL": { url: undefined },
  "a URL of 129 characters": { url: `https://${"x".repeat(121)}` },
  "a relative URL": { url: "/links/x" },
  "a URL of another scheme": { url: "ftp://links.example/x" },
  "no key": { key: undefined },
  "a key of 42 characters": { key: payload.key.slice(1) },
  "a key of 44 characters": { key: `${payload.key}A` },
  "a key with unused bits": { key: `${payload.key.slice(0, -1)}B` },
  "a key in base64": { key: `+${payload.key.slice(1)}` },
  "a negative exp": { exp: -1 },
  "half a second": { exp: 1.5 },
  "exp as text": { exp: "1798761600" },
  "a label of 81": { label: "x".repeat(81) },
  "a flag that is none": { flag: 7 },
  "the keeper's hash too short": { _ml: { k: "AAAA" } },
  "a version as text": { v: "1" },
}

function linkCases(): Case[] {
  const read = "link"
  const text = linkOf(payload)
  const bare = { url: payload.url, key: payload.key }
  const reads = { url: payload.url, key: linkPayload.key }
  const accepted = (name: string, bytes: Uint8Array, value: unknown = linkPayload): Case => ({
    name,
    read,
    bytes,
    reads: value,
  })
  const refused = refusalsOf(read)
  const json = new TextDecoder().decode(text)
  return [
    accepted("link", text),
    accepted("with a viewer in front", concat(utf8(VIEWER), text)),
    accepted("with blanks around it", utf8(`  ${json}\n`)),
    accepted("only what the standard requires", linkOf(bare), reads),
    accepted("with a field and flags of others", linkOf({ ...bare, more: 1, flag: "LPX" }), {
      ...reads,
      flag: "LPX",
    }),
    ...Object.entries(WRONG_FIELDS).map(([name, fields]) =>
      refused(name, linkOf({ ...payload, ...fields })),
    ),
    refused("version 2", linkOf({ ...payload, v: 2 }), "UnsupportedError"),
    refused("a viewer without TLS", concat(utf8("http://viewer.example/#"), text)),
    refused("a viewer without #", concat(utf8("https://viewer.example/"), text)),
    refused("another scheme", utf8(json.replace("shlink:/", "shclink:/"))),
    refused("padding", utf8(`${json}=`)),
    refused("a list", linkOf([payload])),
    refused("no JSON", utf8(`shlink:/${base64url(utf8("{"))}`)),
    refused("nothing", utf8("")),
    refused("more than 4096 characters", linkOf({ ...payload, more: "x".repeat(3200) })),
  ]
}

async function fileCases(): Promise<Case[]> {
  const read = "link file"
  const text = utf8('{"resourceType":"Bundle","type":"collection"}')
  const jwe = async (header: object, key = linkKeys.key) =>
    utf8(
      await new CompactEncrypt(text)
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", ...header })
        .setInitializationVector(sample.secretOf("IV").slice(0, 12))
        .encrypt(key),
    )
  const type = "application/fhir+json"
  const right = await jwe({ cty: type })
  const parts = new TextDecoder().decode(right).split(".")
  const withHeader = (header: object) =>
    utf8([base64url(utf8(JSON.stringify(header))), ...parts.slice(1)].join("."))
  const refused = refusalsOf(read)
  const wrong = (name: string, bytes: Uint8Array, error: ErrorName) => refused(name, bytes, error)
  return [
    { name: "file", read, bytes: right, reads: { type, bytes: text } },
    refused("another key", right, "AccessDeniedError", { key: linkKeys.h }),
    wrong("another type", await jwe({ cty: "text/html" }), "UnsupportedError"),
    wrong("no type", await jwe({}), "UnsupportedError"),
    wrong(
      "another encryption",
      withHeader({ alg: "dir", enc: "A128GCM", cty: type }),
      "UnsupportedError",
    ),
    wrong(
      "a wrapped key",
      withHeader({ alg: "A256KW", enc: "A256GCM", cty: type }),
      "UnsupportedError",
    ),
    wrong(
      "another header",
      withHeader({ alg: "dir", enc: "A256GCM", cty: type, x: 1 }),
      "AccessDeniedError",
    ),
    refused("four parts", utf8(parts.slice(1).join("."))),
    refused("nothing", utf8("")),
  ]
}

/** As docs/FORMAT.md §11 says, with the written parameters. */
async function proofOf(passcode: string, link: Uint8Array): Promise<Uint8Array> {
  const stretched = await argon2id({
    password: utf8(passcode.normalize("NFC")),
    salt: link,
    memorySize: 65_536,
    iterations: 3,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  })
  return hkdf(stretched, NOTHING, utf8("medlake/v1/link-proof"), 32)
}

async function keeperCases(): Promise<Case[]> {
  const passcode = "Äpfel 77"
  const proof = await proofOf(passcode, linkId)
  const request = { proof, viewer: viewer.agreement }
  const to = (agreement: Uint8Array, label: string) => (bytes: Uint8Array) =>
    hpkeJoined(agreement, [label, linkId], NOTHING, bytes)
  const asked = to(agent.agreement, "keeper-request")
  const answered = to(viewer.agreement, "keeper-answer")
  const layers: Layer[] = [
    {
      name: "request",
      read: "keeper request",
      value: { v: 1, ...request },
      reads: request,
      wrap: asked,
      rules: { sealed: true },
    },
    {
      name: "answer",
      read: "keeper answer",
      value: { v: 1, h: linkKeys.h },
      reads: { h: linkKeys.h },
      wrap: answered,
    },
  ]
  const question = await asked(encodeDagCbor({ v: 1, ...request }))
  const answer = await answered(encodeDagCbor({ v: 1, h: linkKeys.h }))
  const refusedRequest = refusalsOf("keeper request")
  const refusedAnswer = refusalsOf("keeper answer")
  const other = { link: linkKeys.key }
  return [
    {
      name: "proof of a passcode",
      read: "passcode proof",
      with: { passcode },
      reads: { proof, hash: sha256(proof) },
    },
    ...(await casesOf(layers)),
    refusedRequest("another link", question, "AccessDeniedError", other),
    refusedRequest("another keeper", question, "AccessDeniedError", { account: stranger.seed }),
    refusedRequest(
      "an answer",
      await to(agent.agreement, "keeper-answer")(encodeDagCbor({ v: 1, ...request })),
      "AccessDeniedError",
    ),
    refusedRequest("cut in the ciphertext", question.slice(0, -1), "AccessDeniedError"),
    refusedRequest("cut in the encapsulation", question.slice(0, 1119)),
    refusedAnswer("another link", answer, "AccessDeniedError", other),
    refusedAnswer("another viewer", answer, "AccessDeniedError", { viewer: stranger.seed }),
  ]
}

/** link, link-file, link-keeper. */
export async function linkFiles(): Promise<VectorFile[]> {
  return [
    { file: "link", section: "11", with: {}, cases: linkCases() },
    { file: "link-file", section: "11", with: { key: linkKeys.key }, cases: await fileCases() },
    {
      file: "link-keeper",
      section: "11",
      with: { link: linkId, account: agent.seed, viewer: viewer.seed },
      cases: await keeperCases(),
    },
  ]
}
