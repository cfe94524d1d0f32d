/**
 * What a failure of the Kubo RPC client means to the reader of a store.
 *
 * Kubo answers every failure of a command with 500, `Code` 0 and a sentence, so here, and nowhere else, sentences are
 * looked at: the two below have been Kubo's own for years.
 *
 * @module
 */
import { MedlakeError, StorageFullError, StorageUnavailableError } from "../src/base/errors.ts"
import { answerFailure } from "./answer.ts"

interface RpcError {
  readonly message?: string
  readonly response?: { readonly status?: number }
}

const NOT_PINNED = /\bis not pinned\b|\bnot pinned or pinned indirectly\b/
const NO_SPACE = /\bno space left on device\b/

/** Whether the daemon says that a CID is not pinned recursively. */
export function saysNotPinned(cause: unknown): boolean {
  const { message = "", response } = (cause ?? {}) as RpcError
  return response?.status === 500 && NOT_PINNED.test(message)
}

/** The typed error of a failed command; the client's own stays its `cause`. */
export function ipfsFailure(cause: unknown, command: string, api: string): Error {
  if (cause instanceof MedlakeError) return cause
  const { message = "", response } = (cause ?? {}) as RpcError
  if (response?.status === undefined) {
    return new StorageUnavailableError(
      `the IPFS daemon at ${api} does not answer: is it running?`,
      {
        cause,
      },
    )
  }
  const asked = `${command} at ${api}`
  if (NO_SPACE.test(message)) {
    return new StorageFullError(`${asked}: the daemon's repository has no room left`, { cause })
  }
  // 404 and 405 are about the command, not about the key: the address is not that of an RPC API.
  const status = response.status === 404 || response.status === 405 ? 400 : response.status
  return answerFailure(status, asked, cause)
}
