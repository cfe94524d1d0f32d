/**
 * How the vectors of primitives are read, as `readers.ts` does for formats.
 *
 * @module
 */
import { utf8 } from "../../src/base/bytes.ts"
import { dagOfLeaves } from "../../src/cid/unixfs.ts"
import { addressOf, formatAddress, parseAddress } from "../../src/crypto/address.ts"
import { gcmDecrypt } from "../../src/crypto/aes-gcm.ts"
import { argon2id } from "../../src/crypto/argon2id.ts"
import { hkdf } from "../../src/crypto/hkdf.ts"
import { hpkeOpen } from "../../src/crypto/hpke.ts"
import { padmeLength } from "../../src/crypto/padme.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import { messageKey } from "../../src/crypto/symbol-agreement.ts"
import { decapsulate, X_WING_ENC_LENGTH, xWingKeyPair } from "../../src/crypto/x-wing.ts"

/** What cases give to these readers; each needs some of it. */
export interface PrimitiveGiven {
  readonly ikm: Uint8Array
  readonly key: Uint8Array
  readonly salt: Uint8Array
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly nonce: Uint8Array
  readonly seed: Uint8Array
  readonly peer: Uint8Array
  readonly leaves: Uint8Array
  readonly length: number
  readonly size: number
  readonly passphrase: string
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
  readonly text: string
  readonly networkByte: number
}

type PrimitiveReader = (bytes: Uint8Array, given: PrimitiveGiven) => unknown

const HASH = 32

/** By the name that cases have in `read`. */
export const PRIMITIVE_READERS: Readonly<Record<string, PrimitiveReader>> = {
  hkdf: (_, { ikm, salt, info, length }) => hkdf(ikm, salt, info, length),
  "aes-gcm": (bytes, { key, nonce, aad }) => gcmDecrypt(key, nonce, bytes, aad),
  argon2id: (_, { passphrase, salt, ...cost }) => argon2id(utf8(passphrase), salt, cost),
  "x-wing key": (_, { seed }) => sha256(xWingKeyPair(seed).publicKey),
  "x-wing": (bytes, { seed }) => decapsulate(seed, bytes),
  hpke: (bytes, { seed, info, aad }) => {
    const enc = bytes.slice(0, X_WING_ENC_LENGTH)
    return hpkeOpen(seed, enc, info, aad, bytes.slice(X_WING_ENC_LENGTH))
  },
  address: (_, { key, networkByte }) => formatAddress(addressOf(key, networkByte)),
  "typed address": (_, { text }) => parseAddress(text),
  "message key": (_, { seed, peer }) => messageKey(seed, peer),
  padme: (_, { length }) => padmeLength(length),
  root: (_, { leaves, size }) => {
    const digests = Array.from({ length: leaves.length / HASH }, (__, i) =>
      leaves.slice(i * HASH, (i + 1) * HASH),
    )
    return dagOfLeaves(digests, size).root.toString()
  },
}
