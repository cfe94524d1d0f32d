/**
 * The connection to an S3 service, set so that it is fast and that services other than AWS understand it.
 *
 * @module
 */
import http from "node:http"
import https from "node:https"
import { S3Client } from "@aws-sdk/client-s3"
import { NodeHttpHandler } from "@smithy/node-http-handler"

/** Longest silence of the service in milliseconds, unless said otherwise. */
export const IDLE_MS = 60_000

/** Which bucket, as whom, and how long to wait. */
export interface S3Options {
  readonly bucket: string
  /** Folder in the bucket, without slashes at its ends. Default none. */
  readonly prefix?: string
  /** Address of the service; without it AWS itself. */
  readonly endpoint?: string
  /** Default: what the SDK finds in the environment, `us-east-1` with an endpoint. */
  readonly region?: string
  /** Default: what the SDK finds in the environment and the AWS files. */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  /** Calls of each request, the first included, before the failure is reported. Default 5. */
  readonly maxAttempts?: number
  /** Default 5000 ms. */
  readonly connectionTimeoutMs?: number
  /** Longest silence of the service in milliseconds. Default 60 000. */
  readonly idleTimeoutMs?: number
}

/** A client of the service. */
export function connect(options: S3Options): S3Client {
  const agent = { keepAlive: true, maxSockets: 64 }
  const region = options.region ?? (options.endpoint === undefined ? undefined : "us-east-1")
  return new S3Client({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    expectContinueHeader: false,
    maxAttempts: options.maxAttempts ?? 5,
    requestHandler: new NodeHttpHandler({
      httpAgent: new http.Agent(agent),
      httpsAgent: new https.Agent(agent),
      connectionTimeout: options.connectionTimeoutMs ?? 5000,
      // Counts silence on the socket, so that a large body on a slow line is not cut. Twice the patience: where a body is
      // read, the watch on it speaks first.
      socketTimeout: 2 * (options.idleTimeoutMs ?? IDLE_MS),
    }),
  })
}
