/**
 * Primitives alone: numbers of their standards, and values by other libraries than those under test (node:crypto, `@noble/hashes`' argon2id,
 * `@hpke/hybridkem-x-wing`, symbol-sdk, ipfs-unixfs-importer).
 *
 * @module
 */
import { createCipheriv, createHash, hkdfSync } from "node:crypto"
import { XWing } from "@hpke/hybridkem-x-wing"
import { argon2id } from "@noble/hashes/argon2.js"
import { PrivateKey, PublicKey } from "symbol-sdk"
import { KeyPair, Network, SymbolFacade } from "symbol-sdk/symbol"
import { concat, fromHex, utf8 } from "../../../src/base/bytes.ts"
import { keySchedule } from "../../../test/support/hpke-schedule.ts"
import * as sample from "../../../test/unit/vault/samples.ts"
import { type Case, flipped, refusalsOf, type VectorFile } from "../case.ts"

const { secretOf } = sample
const NOTHING = new Uint8Array()
const MAINNET = 0x68
const TESTNET = 0x98
const hashOf = (bytes: Uint8Array) => Uint8Array.from(createHash("sha256").update(bytes).digest())
const own = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer

/** RFC 5869, appendix A.1 and A.3, and the lengths that FORMAT derives. */
function hkdfCases(): Case[] {
  const of = (name: string, salt: Uint8Array, info: Uint8Array, length: number): Case => {
    const ikm = new Uint8Array(22).fill(0x0b)
    const reads = new Uint8Array(hkdfSync("sha256", ikm, salt, info, length))
    return { name, read: "hkdf", with: { ikm, salt, info, length }, reads }
  }
  const salt = fromHex("000102030405060708090a0b0c")
  return [
    of("RFC 5869 A.1", salt, fromHex("f0f1f2f3f4f5f6f7f8f9"), 42),
    of("RFC 5869 A.3", NOTHING, NOTHING, 42),
    of("a box key", salt, utf8("info"), 76),
    of("one byte", salt, NOTHING, 1),
  ]
}

function gcmCases(): Case[] {
  const read = "aes-gcm"
  const given = { key: secretOf("gcm key"), nonce: fromHex("cafebabefacedbaddecaf888") }
  const sealed = (plaintext: Uint8Array, aad: Uint8Array) => {
    const cipher = createCipheriv("aes-256-gcm", given.key, given.nonce).setAAD(aad)
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  }
  const [plaintext, aad] = [utf8("plaintext"), utf8("associated")]
  const bytes = sealed(plaintext, aad)
  const refused = (name: string, changed: Uint8Array, more: object = {}) =>
    refusalsOf(read)(name, changed, "IntegrityError", { ...given, aad, ...more })
  return [
    { name: "message", read, with: { ...given, aad }, bytes, reads: plaintext },
    {
      name: "nothing, tag alone",
      read,
      with: { ...given, aad: NOTHING },
      bytes: sealed(NOTHING, NOTHING),
      reads: NOTHING,
    },
    refused("changed ciphertext", flipped(bytes, 0)),
    refused("changed tag", flipped(bytes, -1)),
    refused("cut tag", bytes.slice(0, -1)),
    refused("fifteen bytes", bytes.slice(0, 15)),
    refused("another key", bytes, { key: secretOf("another") }),
    refused("another nonce", bytes, { nonce: flipped(given.nonce, 0) }),
    refused("another aad", bytes, { aad: utf8("associateD") }),
  ]
}

function argon2idCases(): Case[] {
  const read = "argon2id"
  const [passphrase, salt] = ["Ünlock me", secretOf("salt").slice(0, 16)]
  const of = (memoryKiB: number, passes: number, lanes: number): Case => ({
    name: `${memoryKiB} KiB, ${passes} passes, ${lanes} lanes`,
    read,
    with: { passphrase, salt, memoryKiB, passes, lanes },
    reads: argon2id(utf8(passphrase), salt, { m: memoryKiB, t: passes, p: lanes, dkLen: 32 }),
  })
  const refused = (name: string, given: object): Case => ({
    name,
    read,
    with: { passphrase, salt, memoryKiB: 64, passes: 1, lanes: 1, ...given },
    error: "InvalidInputError",
  })
  return [
    of(64, 1, 1),
    of(1024, 3, 1),
    of(32, 10, 4),
    refused("above 256 MiB", { memoryKiB: 262_145 }),
    refused("above 10 passes", { passes: 11 }),
    refused("above 4 lanes", { lanes: 5 }),
    refused("no pass", { passes: 0 }),
    refused("under 8 KiB a lane", { memoryKiB: 31, lanes: 4 }),
    refused("a salt of 15 bytes", { salt: salt.slice(1) }),
  ]
}

async function agreementCases(): Promise<Case[]> {
  const kem = new XWing()
  const seed = secretOf("x-wing seed")
  const pair = await kem.generateKeyPairDerand(seed)
  const publicKey = new Uint8Array(await kem.serializePublicKey(pair.publicKey))
  const ekm = own(concat(secretOf("ekm 1"), secretOf("ekm 2")))
  const encapsulated = await kem.encap({ recipientPublicKey: pair.publicKey, ekm })
  const enc = new Uint8Array(encapsulated.enc)
  const sharedSecret = new Uint8Array(encapsulated.sharedSecret)
  const [info, aad, plaintext] = [utf8("info"), utf8("aad"), utf8("a message")]
  const suite = { kem: 0x647a, aead: 2, keyLength: 32 }
  const { key, nonce } = keySchedule(suite, sharedSecret, info)
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad)
  const message = concat(enc, cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  const given = { seed, info, aad }
  const refused = (name: string, bytes: Uint8Array, more: object = {}) =>
    refusalsOf("hpke")(name, bytes, "AccessDeniedError", { ...given, ...more })
  return [
    { name: "key pair", read: "x-wing key", with: { seed }, reads: hashOf(publicKey) },
    { name: "shared secret", read: "x-wing", with: { seed }, bytes: enc, reads: sharedSecret },
    refusalsOf("x-wing")("cut encapsulation", enc.slice(1), "InvalidInputError", { seed }),
    refusalsOf("x-wing")("a seed of 31 bytes", enc, "InvalidInputError", { seed: seed.slice(1) }),
    { name: "message", read: "hpke", with: given, bytes: message, reads: plaintext },
    refused("another recipient", message, { seed: secretOf("another") }),
    refused("another info", message, { info: utf8("infO") }),
    refused("another aad", message, { aad: NOTHING }),
    refused("changed encapsulation, ML-KEM", flipped(message, 0)),
    refused("changed encapsulation, X25519", flipped(message, 1119)),
    refused("changed ciphertext", flipped(message, 1120)),
    refused("changed tag", flipped(message, -1)),
    refused("cut ciphertext", message.slice(0, -1)),
    refusalsOf("hpke")("cut encapsulation", message.slice(0, 1119), "InvalidInputError", given),
  ]
}

function symbolCases(): Case[] {
  const { key } = sample.phone
  const addressOf = (networkByte: number) => {
    const network = networkByte === MAINNET ? Network.MAINNET : Network.TESTNET
    return new SymbolFacade(network).network.publicKeyToAddress(new PublicKey(key.slice()))
  }
  const address = (name: string, networkByte: number): Case => ({
    name,
    read: "address",
    with: { key, networkByte },
    reads: addressOf(networkByte).toString(),
  })
  const text = addressOf(TESTNET).toString()
  const wrong = (name: string, typed: string): Case => ({
    name,
    read: "typed address",
    with: { text: typed },
    error: "InvalidInputError",
  })
  const [mine, peer] = [sample.agent.seed, sample.hospital.key]
  const shared = SymbolFacade.deriveSharedKey(
    new KeyPair(new PrivateKey(mine.slice())),
    new PublicKey(peer.slice()),
  )
  const refusedPeer = (name: string, other: Uint8Array): Case => ({
    name,
    read: "message key",
    with: { seed: mine, peer: other },
    error: "InvalidInputError",
  })
  return [
    address("on mainnet", MAINNET),
    address("on testnet", TESTNET),
    {
      name: "as people type it",
      read: "typed address",
      with: { text: ` ${(text.match(/.{1,6}/g) ?? []).join("-").toLowerCase()}` },
      reads: Uint8Array.from(addressOf(TESTNET).bytes),
    },
    wrong("mistyped", `${text.slice(0, 5)}${text[5] === "A" ? "B" : "A"}${text.slice(6)}`),
    wrong("a character short", text.slice(1)),
    wrong("no base32", text.replace(/./, "1")),
    {
      name: "message key",
      read: "message key",
      with: { seed: mine, peer },
      reads: Uint8Array.from(shared.bytes),
    },
    refusedPeer("a peer of order one", Uint8Array.of(1, ...new Uint8Array(31))),
    refusedPeer(
      "a peer of order eight",
      fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ),
    refusedPeer("a peer that is no point", Uint8Array.of(2, ...new Uint8Array(31))),
    refusedPeer("a peer of 31 bytes", peer.slice(1)),
  ]
}

/** Padmé lengths by the paper's algorithm, worked out by hand. */
function padmeCases(): Case[] {
  const lengths = [
    [0, 0],
    [1, 1],
    [9, 10],
    [100, 104],
    [1000, 1024],
    [1025, 1088],
    [1_048_521, 1_048_576],
    [1_000_000_000, 1_006_632_960],
  ] as const
  return lengths.map(([length, padded]) => ({
    name: `${length} bytes`,
    read: "padme",
    with: { length },
    reads: padded,
  }))
}

/** Roots by ipfs-unixfs-importer 17.1.1 (chunker 1 MiB, raw leaves, 1024 links) over zeros: `test/unit/cid` computes such ones anew. */
const ROOTS: readonly [size: number, root: string][] = [
  [0, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"],
  [1, "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu"],
  [1048576, "bafkreibq4fevl27rgurgnxbp7adh42aqiyd6ouflxhj3gzmcxcxzbh6lla"],
  [1048577, "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq"],
  [3145728, "bafybeigdsjup7aizxrrjn7yqtcmqg6ffksaugwr7is2ind3cf7esaqrz4m"],
]

function rootCases(): Case[] {
  const leafOf = (length: number) => hashOf(new Uint8Array(length))
  const leaves = (size: number) => {
    const count = Math.max(1, Math.ceil(size / 2 ** 20))
    const last = size - (count - 1) * 2 ** 20
    const whole = leafOf(2 ** 20)
    return concat(...Array.from({ length: count - 1 }, () => whole), leafOf(last))
  }
  const wrong = (name: string, size: number, joined: Uint8Array): Case => ({
    name,
    read: "root",
    with: { size, leaves: joined },
    error: "IntegrityError",
  })
  return [
    ...ROOTS.map(([size, root]) => ({
      name: `${size} zeros`,
      read: "root",
      with: { size, leaves: leaves(size) },
      reads: root,
    })),
    wrong("a leaf too few", 2 ** 20 + 1, leaves(2 ** 20)),
    wrong("a leaf too many", 2 ** 20, leaves(2 ** 20 + 1)),
    wrong("no leaf", 0, NOTHING),
  ]
}

/** primitives. */
export async function primitiveFiles(): Promise<VectorFile[]> {
  const cases = [
    ...hkdfCases(),
    ...gcmCases(),
    ...argon2idCases(),
    ...(await agreementCases()),
    ...symbolCases(),
    ...padmeCases(),
    ...rootCases(),
  ]
  return [{ file: "primitives", section: "1", with: {}, cases }]
}
