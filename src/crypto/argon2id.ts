/**
 * Keys from passphrases: argon2id, version 1.3 (RFC 9106), capped before it is run.
 *
 * @module
 */
import { argon2id as hashWasmArgon2id } from "hash-wasm"
import { InvalidInputError } from "../base/errors.ts"

/** Cost of one hash. */
export interface Argon2idParameters {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** What medlake writes: 64 MiB, 3 passes, 1 lane. */
export const ARGON2ID_WRITTEN: Argon2idParameters = { memoryKiB: 65_536, passes: 3, lanes: 1 }

/** What medlake reads at most: a stranger's file must not cost more. */
export const ARGON2ID_CAP: Argon2idParameters = { memoryKiB: 262_144, passes: 10, lanes: 4 }

const MIN_SALT_LENGTH = 16

/**
 * 32 bytes from a passphrase.
 * @throws {InvalidInputError} when a parameter is above the cap or below what RFC 9106 allows, the salt is under 16 bytes, or the passphrase empty
 */
export async function argon2id(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, lanes }: Argon2idParameters,
): Promise<Uint8Array> {
  requireWithin("passes", passes, 1, ARGON2ID_CAP.passes)
  requireWithin("lanes", lanes, 1, ARGON2ID_CAP.lanes)
  requireWithin("memoryKiB", memoryKiB, 8 * lanes, ARGON2ID_CAP.memoryKiB)
  if (passphrase.length === 0) throw new InvalidInputError("a passphrase is not empty")
  if (salt.length < MIN_SALT_LENGTH) {
    throw new InvalidInputError(
      `"salt" expected at least ${MIN_SALT_LENGTH} bytes, got ${salt.length}`,
    )
  }
  return await hashWasmArgon2id({
    password: passphrase,
    salt,
    memorySize: memoryKiB,
    iterations: passes,
    parallelism: lanes,
    hashLength: 32,
    outputType: "binary",
  })
}

function requireWithin(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new InvalidInputError(`argon2id: "${name}" is not in ${from} … ${to}`)
  }
}
