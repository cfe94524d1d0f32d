/**
 * What an HTTP answer that is not a success means to the reader of a store.
 *
 * @module
 */
import {
  AccessDeniedError,
  AlreadyExistsError,
  IntegrityError,
  InvalidInputError,
  type MedlakeError,
  NotFoundError,
  StorageFullError,
  StorageUnavailableError,
} from "../src/base/errors.ts"

/**
 * The typed error of an HTTP status. `what` says what was asked of whom: "GET bafk… from https://lake.example/blobs".
 */
export function answerFailure(status: number, what: string, cause?: unknown): MedlakeError {
  switch (status) {
    case 401:
    case 403:
      return new AccessDeniedError(`${what} was refused (${status}): check the credentials`, {
        cause,
      })
    case 404:
    case 410:
      return new NotFoundError(`${what}: it is not there`, { cause })
    case 409:
      return new AlreadyExistsError(`${what}: the key is taken by other bytes`, { cause })
    case 422:
      return new IntegrityError(`${what}: the store says that the bytes are not the key's`, {
        cause,
      })
    case 507:
      return new StorageFullError(`${what}: the store has no room left`, { cause })
    case 408:
    case 429:
      return new StorageUnavailableError(
        `${what}: the store is busy (${status}), try again later`,
        {
          cause,
        },
      )
    default:
      return status >= 500
        ? new StorageUnavailableError(`${what}: the store failed (${status}), try again later`, {
            cause,
          })
        : new InvalidInputError(`${what}: the store did not understand (${status})`, { cause })
  }
}
