/**
 * HPKE in base mode (RFC 9180 §5.1.1): X-Wing (0x647A), HKDF-SHA256 (0x0001), AES-256-GCM (0x0002).
 *
 * @module
 */
import { Aes256Gcm, CipherSuite, HkdfSha256 } from "@hpke/core"
import { XWing } from "@hpke/hybridkem-x-wing"
import { expectLength } from "../base/bytes.ts"
import { AccessDeniedError } from "../base/errors.ts"
import { type RandomBytes, systemRandom } from "../base/random.ts"
import { X_WING_ENC_LENGTH, X_WING_PUBLIC_KEY_LENGTH } from "./x-wing.ts"

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** Seals one message to the holder of an X-Wing public key (1216 bytes). */
export async function hpkeSeal(
  recipientPublicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  random: RandomBytes = systemRandom,
): Promise<{ readonly enc: Uint8Array; readonly ct: Uint8Array }> {
  expectLength("X-Wing public key", recipientPublicKey, X_WING_PUBLIC_KEY_LENGTH)
  const key = await suite.kem.deserializePublicKey(buffer(recipientPublicKey))
  const { enc, ct } = await suite.seal(
    { recipientPublicKey: key, info: buffer(info), ekm: buffer(random(64)) },
    buffer(plaintext),
    buffer(aad),
  )
  return { enc: new Uint8Array(enc), ct: new Uint8Array(ct) }
}

/**
 * Opens a message with an X-Wing seed (32 bytes).
 * @throws {AccessDeniedError} when it was sealed to another key, for another purpose, or changed: HPKE can't tell which
 * @throws {InvalidInputError} when a length is wrong
 */
export async function hpkeOpen(
  seed: Uint8Array,
  enc: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  ct: Uint8Array,
): Promise<Uint8Array> {
  expectLength("X-Wing seed", seed, 32)
  expectLength("X-Wing encapsulation", enc, X_WING_ENC_LENGTH)
  const recipientKey = await suite.kem.deserializePrivateKey(buffer(seed))
  try {
    const opened = await suite.open(
      { recipientKey, enc: buffer(enc), info: buffer(info) },
      buffer(ct),
      buffer(aad),
    )
    return new Uint8Array(opened)
  } catch (cause) {
    throw new AccessDeniedError("the message was not sealed to this key for this purpose", {
      cause,
    })
  }
}

/** The library takes whole buffers: a view is copied out of its own. */
function buffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
