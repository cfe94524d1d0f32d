/**
 * Files of a SMART Health Link: JWE under the link key (docs/FORMAT.md §11).
 *
 * Written without compression, because receivers in the wild fail on it; both are read. Source: HL7 SMART Health Cards and Links 1.0,
 * "Encrypting and Decrypting Files"; RFC 7516 (alg dir, enc A256GCM).
 *
 * @module
 */
import { CompactEncrypt, compactDecrypt, errors } from "jose"
import { expectLength } from "../base/bytes.ts"
import { AccessDeniedError, InvalidInputError, UnsupportedError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"

/** Media types that a link may hold. */
export const LINK_FILE_TYPES = [
  "application/fhir+json",
  "application/smart-health-card",
  "application/smart-api-access",
] as const
export type LinkFileType = (typeof LINK_FILE_TYPES)[number]

/** A file of a link in clear. */
export interface LinkFile {
  readonly type: LinkFileType
  readonly bytes: Uint8Array
}

/** Longest file (bytes) after decompression. */
const FILE_LIMIT = 8 * 1024 * 1024

/** Seals a file under the link key (32 bytes) as a compact JWE, with a fresh IV each time. */
export async function sealLinkFile(
  key: Uint8Array,
  { type, bytes }: LinkFile,
  random: RandomBytes,
): Promise<string> {
  return await new CompactEncrypt(bytes)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", cty: type })
    .setInitializationVector(random(12))
    .encrypt(expectLength("link key", key, 32))
}

/**
 * Opens a file of a link.
 * @throws {AccessDeniedError} when the key does not open it, or it was changed: AES-GCM can't tell the two apart
 * @throws {UnsupportedError} when it has another encryption or media type
 * @throws {InvalidInputError} when it is no compact JWE, or longer than 8 MiB
 */
export async function openLinkFile(key: Uint8Array, jwe: string): Promise<LinkFile> {
  expectLength("link key", key, 32)
  const { plaintext, protectedHeader } = await decrypt(key, jwe)
  const type = LINK_FILE_TYPES.find((known) => known === protectedHeader.cty)
  if (!type)
    throw new UnsupportedError("the link holds a file of a type this program does not know")
  return { type, bytes: plaintext }
}

async function decrypt(key: Uint8Array, jwe: string) {
  if (jwe.length > 2 * FILE_LIMIT) throw new InvalidInputError("the file of the link is too long")
  try {
    return await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
      maxDecompressedLength: FILE_LIMIT,
    })
  } catch (cause) {
    if (cause instanceof errors.JWEDecryptionFailed) {
      throw new AccessDeniedError("the link key does not open this file", { cause })
    }
    if (cause instanceof errors.JOSENotSupported || cause instanceof errors.JOSEAlgNotAllowed) {
      throw new UnsupportedError(
        "the file of the link has an encryption this program does not know",
        {
          cause,
        },
      )
    }
    throw new InvalidInputError("the file of the link is no JWE", { cause })
  }
}
