/**
 * Who may write to a store: vectors of docs/FORMAT.md §12.
 *
 * @module
 */
import { base64url, utf8 } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { addressOf } from "../../../src/crypto/address.ts"
import { signFor } from "../../../src/crypto/sign.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, refusalsOf, type VectorFile } from "../case.ts"
import { casesOf } from "../layer.ts"

const { phone, register, storeCall, storeNetwork, STORE_TIME } = sample
const { generationHash, networkByte } = storeNetwork
const MINUTES = 60_000

const fields = {
  v: 1,
  register: register.key,
  signer: phone.key,
  at: STORE_TIME,
  signature: signFor(
    "store",
    [generationHash, addressOf(register.key, networkByte)],
    encodeDagCbor([storeCall.method, storeCall.folder, storeCall.cid, storeCall.size, STORE_TIME]),
    phone.seed,
  ),
}
const header = (bytes: Uint8Array) => utf8(`Medlake ${base64url(bytes)}`)

async function storeCases(): Promise<Case[]> {
  const read = "store authorization"
  const reads = {
    register: register.key,
    registerAddress: register.address,
    signer: phone.key,
    at: STORE_TIME,
  }
  const right = header(encodeDagCbor(fields))
  const refused = refusalsOf(read)
  const late = (name: string, minutes: number, ms: number) =>
    refused(name, right, "ClockSkewError", { now: STORE_TIME + minutes * MINUTES + ms })
  const foreign = (name: string, given: object) =>
    refused(name, right, "IntegrityError", { ...given })
  const said = (more: object) => header(encodeDagCbor({ ...fields, ...more }))
  return [
    ...(await casesOf([{ name: "header", read, value: fields, reads, wrap: header }])),
    {
      name: "five minutes old",
      read,
      with: { now: STORE_TIME + 5 * MINUTES },
      bytes: right,
      reads,
    },
    {
      name: "five minutes ahead",
      read,
      with: { now: STORE_TIME - 5 * MINUTES },
      bytes: right,
      reads,
    },
    late("older than five minutes", 5, 1),
    late("further ahead than five minutes", -5, -1),
    foreign("another method", { method: "DELETE" }),
    foreign("another folder", { folder: "blobs" }),
    foreign("another size", { size: storeCall.size + 1 }),
    foreign("another object", { cid: sample.cidOf("other").toString() }),
    foreign("another network", { generationHash: sample.secretOf("other network") }),
    foreign("another network byte", { networkByte: 0x68 }),
    refused("another register", said({ register: phone.key }), "IntegrityError"),
    refused("another signer", said({ signer: register.key }), "IntegrityError"),
    refused("another time", said({ at: STORE_TIME + 1 }), "IntegrityError"),
    refused("another scheme", utf8(`Bearer ${base64url(encodeDagCbor(fields))}`)),
    refused("in lower case", utf8(`medlake ${base64url(encodeDagCbor(fields))}`)),
    refused("with padding", utf8(`Medlake ${base64url(encodeDagCbor(fields))}=`)),
    refused("nothing", utf8("")),
    refused(
      "more than 1024 characters",
      header(encodeDagCbor({ ...fields, more: new Uint8Array(800) })),
    ),
  ]
}

/** store-authorization. */
export async function storeFiles(): Promise<VectorFile[]> {
  const given = { ...storeCall, ...storeNetwork, now: STORE_TIME }
  return [{ file: "store-authorization", section: "12", with: given, cases: await storeCases() }]
}
