/**
 * What a failed file call means to the reader of a store.
 *
 * @module
 */
import {
  AccessDeniedError,
  InvalidInputError,
  MedlakeError,
  StorageFullError,
  StorageUnavailableError,
} from "../src/base/errors.ts"

/** Whether an error carries this `errno` name. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code
}

/**
 * The typed error of a failed file call in a store's folder; the original stays its `cause`. The folder itself missing is
 * *unreachable*, not absence: a disk that is not mounted looks like that.
 */
export function fileFailure(folder: string, cause: unknown): Error {
  if (cause instanceof MedlakeError) return cause
  switch ((cause as NodeJS.ErrnoException | undefined)?.code ?? "") {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new StorageFullError(`no room left in ${folder}: free some space and try again`, {
        cause,
      })
    case "EROFS":
      return new StorageFullError(`${folder} is on a read-only file system`, { cause })
    case "EACCES":
    case "EPERM":
      return new AccessDeniedError(`no right to use ${folder}: check its owner and mode`, { cause })
    case "ENOTDIR":
    case "EEXIST":
      return new InvalidInputError(`${folder} is not a folder`, { cause })
    case "ENOENT":
      return new StorageUnavailableError(`the folder ${folder} is gone: is its disk mounted?`, {
        cause,
      })
    default:
      return new StorageUnavailableError(`${folder} cannot be used now: see the cause`, { cause })
  }
}
