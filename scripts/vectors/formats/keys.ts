/**
 * Derivations without a message: vectors of docs/FORMAT.md §1, §1.1, §1.2 and §4.
 *
 * Boxes of `seal` are checked in every other file; here is one of each step alone.
 *
 * @module
 */
import { createHmac, pbkdf2Sync } from "node:crypto"
import { concat, utf8 } from "../../../src/base/bytes.ts"
import { encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { gcmEncrypt } from "../../../src/crypto/aes-gcm.ts"
import { publicKeyOf, signBytes } from "../../../src/crypto/ed25519.ts"
import { hkdf } from "../../../src/crypto/hkdf.ts"
import { hmacSha256, sha256 } from "../../../src/crypto/sha256.ts"
import { xWingKeyPair } from "../../../src/crypto/x-wing.ts"
import { ACCOUNT_ROLES } from "../../../src/vault/accounts.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"
import { ctx, ctx0, NOTHING, salt } from "../sealed.ts"

const { vaultId, secretOf } = sample
const key = secretOf("key")
const derived = (from: Uint8Array, label: string, context: unknown) =>
  hkdf(from, NOTHING, encodeDagCbor([`medlake/v1/${label}`, context]), 32)

function kdfCases(): Case[] {
  const of = (name: string, label: string, context: unknown): Case => ({
    name,
    read: "kdf",
    with: { key, label, ctx: context },
    reads: derived(key, label, context),
  })
  return [
    of("of an epoch", "index", ctx(2)),
    of("ctx0", "envelope-mac", ctx0),
    of("no ctx", "xwing", null),
  ]
}

function sealCases(): Case[] {
  const read = "seal"
  const plaintext = utf8("plaintext")
  const okm = hkdf(key, salt, encodeDagCbor(["medlake/v1/slot", ctx0]), 76)
  const box = concat(
    okm.subarray(44),
    gcmEncrypt(okm.subarray(0, 32), okm.subarray(32, 44), plaintext),
  )
  const right = { key, label: "slot", ctx: ctx0, salt }
  const refused = (name: string, given: object) =>
    refusalsOf(read)(name, box, "AccessDeniedError", { ...right, ...given })
  const broken = (name: string, bytes: Uint8Array, error: Case["error"] = "IntegrityError") =>
    refusalsOf(read)(name, bytes, error, right)
  return [
    { name: "box", read, with: right, bytes: box, reads: plaintext },
    { name: "opener", read: "opener", with: right, reads: okm },
    refused("another key", { key: salt }),
    refused("another label", { label: "envelope" }),
    refused("another ctx", { ctx: ctx(1) }),
    refused("another salt", { salt: key }),
    broken("a changed commit", flipped(box, 31), "AccessDeniedError"),
    broken("a changed ciphertext", flipped(box, 32)),
    broken("a changed tag", flipped(box, -1)),
    broken("cut", box.slice(0, -1)),
    broken("47 bytes", box.slice(0, 47)),
  ]
}

function signCases(): Case[] {
  const read = "signature"
  const { seed } = sample.phone
  const body = utf8("body")
  const message = concat(utf8("medlake/v1/card\0"), encodeDagCbor(null), body)
  const signature = signBytes(seed, message)
  const given = { purpose: "card", ctx: null, body, key: sample.phone.key }
  const refused = (name: string, bytes: Uint8Array, more: object = {}) =>
    refusalsOf(read)(name, bytes, "IntegrityError", { ...given, ...more })
  return [
    { name: "signature", read, with: given, bytes: signature, reads: true },
    refused("another purpose", signature, { purpose: "card-root" }),
    refused("another ctx", signature, { ctx: ctx0 }),
    refused("another body", signature, { body: utf8("bodY") }),
    refused("another key", signature, { key: sample.words.key }),
    refused("the body alone", signBytes(seed, body)),
    refused("63 bytes", signature.slice(1)),
  ]
}

function epochCases(): Case[] {
  const of = (epoch: number): Case => {
    const secret = secretOf(`epoch ${epoch}`)
    const index = derived(secret, "index", ctx(epoch))
    const locate = derived(index, "locate", ctx(epoch))
    return {
      name: `epoch ${epoch}`,
      read: "epoch keys",
      with: { vault: vaultId, epoch, secret },
      reads: {
        epoch,
        index,
        locate,
        listRoot: derived(secret, "list", ctx(epoch)),
        readRoot: derived(secret, "read", ctx(epoch)),
        commit: derived(locate, "commit", ctx(epoch)),
      },
    }
  }
  return [of(1), of(2), of(0xffffffff)]
}

function tagCases(): Case[] {
  const dedup = secretOf("dedup")
  const uid = "1.2.840.99999.1"
  const digest = secretOf("data set")
  return [
    {
      name: "tags of an instance",
      read: "instance tags",
      with: { dedup, uid, digest },
      reads: {
        uid: hmacSha256(dedup, utf8(uid)).slice(0, 16),
        content: hmacSha256(dedup, concat(utf8(uid), Uint8Array.of(0), digest)),
      },
    },
  ]
}

const WORDS = `${"abandon ".repeat(23)}art`

/** SLIP-0010: HMAC-SHA-512 at every step, all of them hardened. */
function slip10(seed: Uint8Array, path: readonly number[]): Uint8Array {
  let node = createHmac("sha512", "ed25519 seed").update(seed).digest()
  for (const step of path) {
    const data = new Uint8Array(37)
    data.set(node.subarray(0, 32), 1)
    new DataView(data.buffer).setUint32(33, step + 2 ** 31)
    node = createHmac("sha512", node.subarray(32)).update(data).digest()
  }
  return Uint8Array.from(node.subarray(0, 32))
}

function accountCases(): Case[] {
  const seedOfWords = Uint8Array.from(pbkdf2Sync(WORDS, "mnemonic", 2048, 64, "sha512"))
  const cases: Case[] = []
  for (const [role, roleName] of ACCOUNT_ROLES.entries()) {
    for (const [mainnet, vaultIndex, generation] of [
      [false, 0, 0],
      [true, 3, 2],
    ] as const) {
      const path = [44, mainnet ? 4343 : 1, vaultIndex, role, generation]
      const seed = slip10(seedOfWords, path)
      const agreement = derived(seed, "xwing", null)
      cases.push({
        name: `m/${path.map((step) => `${step}'`).join("/")}`,
        read: "account",
        with: { mainnet, vaultIndex, role: roleName, generation },
        reads: {
          seed,
          key: publicKeyOf(seed),
          agreementSeed: agreement,
          agreementHash: sha256(xWingKeyPair(agreement).publicKey),
        },
      })
    }
  }
  const institution = {
    root: secretOf("root"),
    network: vaultId.network,
    register: vaultId.register,
  }
  const words = (name: string, text: string) =>
    ({ name, read: "words", with: { words: text }, error: "InvalidInputError" }) satisfies Case
  return [
    ...cases,
    {
      name: "an institution's key for one vault",
      read: "institution",
      with: institution,
      reads: derived(institution.root, "vault-key", [institution.network, institution.register]),
    },
    {
      name: "words in another spelling",
      read: "words",
      with: { words: ` ${WORDS.toUpperCase().replaceAll(" ", "  ")}\n` },
      reads: WORDS,
    },
    words("23 words", WORDS.replace("abandon ", "")),
    words("12 words", `${"abandon ".repeat(11)}about`),
    words("a wrong checksum", `${"abandon ".repeat(23)}able`),
    words("a word that is none", `${"abandon ".repeat(23)}arts`),
  ]
}

/** keys, accounts. */
export function keyFiles(): VectorFile[] {
  return [
    {
      file: "keys",
      section: "1",
      with: {},
      cases: [...kdfCases(), ...sealCases(), ...signCases(), ...epochCases(), ...tagCases()],
    },
    { file: "accounts", section: "1.1", with: { words: WORDS }, cases: accountCases() },
  ]
}
