/**
 * What a failure of the AWS SDK means to the reader of a store.
 *
 * SDK v3 sets `$metadata.httpStatusCode` for every answer and `name` to the service's error code; a HEAD has no body, so
 * there `name` says nothing. Without an answer there is no status. Messages are never looked at.
 *
 * @module
 */
import {
  AccessDeniedError,
  IntegrityError,
  MedlakeError,
  StorageFullError,
  StorageUnavailableError,
} from "../src/base/errors.ts"
import { answerFailure } from "./answer.ts"

interface SdkError {
  readonly name?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number }
}

const FULL = new Set(["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"])
const BUSY = new Set(["RequestTimeout", "OperationAborted", "ConditionalRequestConflict"])
const CORRUPT = new Set(["XAmzContentSHA256Mismatch", "BadDigest", "InvalidDigest"])

/** The typed error of a failed request; the SDK's own stays its `cause`. */
export function s3Failure(cause: unknown, what: string, bucket: string): Error {
  if (cause instanceof MedlakeError) return cause
  const { name = "", $metadata, $response } = (cause ?? {}) as SdkError
  const asked = `${what} in bucket ${bucket}`
  if (name === "NoSuchBucket") return bucketGone(bucket, cause)
  if (name === "CredentialsProviderError") {
    return new AccessDeniedError(
      "no S3 credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the AWS files",
      { cause },
    )
  }
  if (FULL.has(name)) {
    return new StorageFullError(`${asked}: the store has no room left`, { cause })
  }
  if (CORRUPT.has(name)) {
    return new IntegrityError(`${asked}: the bytes did not arrive as they were sent`, { cause })
  }
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  if (status === undefined || BUSY.has(name)) {
    return new StorageUnavailableError(`${asked}: the store does not answer, try again later`, {
      cause,
    })
  }
  return answerFailure(status, asked, cause)
}

/** A bucket that is not there proves nothing about the keys that should be in it. */
export function bucketGone(bucket: string, cause: unknown): StorageUnavailableError {
  return new StorageUnavailableError(`there is no bucket ${bucket}: create it, or check its name`, {
    cause,
  })
}

/** Whether a typed failure is the answer 416: the range begins at or past the end of the object. */
export function isPastTheEnd(error: unknown): boolean {
  return (
    ((error as Error | undefined)?.cause as SdkError | undefined)?.$metadata?.httpStatusCode === 416
  )
}
