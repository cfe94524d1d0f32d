/**
 * Where a store is, as a user writes it.
 *
 *     /srv/lake, file:///srv/lake          a folder
 *     s3://bucket/prefix?endpoint=URL&region=R     any S3; credentials come from the environment or the AWS files
 *     ipfs://host:5001, ipfs+https://host/api      a Kubo RPC API
 *     https://lake.example/blobs           `medlake serve`
 *     memory:                              this process
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { InvalidInputError } from "../src/base/errors.ts"

/** One kind of store and what finds it. */
export type StoreLocation =
  | { readonly kind: "memory" }
  | { readonly kind: "filesystem"; readonly folder: string }
  | {
      readonly kind: "s3"
      readonly bucket: string
      readonly prefix: string
      readonly endpoint?: string
      readonly region?: string
    }
  | { readonly kind: "ipfs"; readonly api: string }
  | { readonly kind: "http"; readonly url: string }

const SCHEME = /^([a-z][a-z0-9+]+):/i

/**
 * Parses a location; a path is taken from the working folder.
 * @throws {InvalidInputError} an unknown scheme, a part that is missing or does not belong there, credentials in the URL
 */
export function parseStoreLocation(text: string): StoreLocation {
  if (text.trim() === "") throw new InvalidInputError("the location of a store is empty")
  const scheme = isAbsolute(text) ? undefined : SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: "filesystem", folder: resolve(text) }
  if (scheme === "memory") {
    if (text !== "memory:") throw new InvalidInputError(`"${text}": memory: takes nothing after it`)
    return { kind: "memory" }
  }
  const url = parseUrl(text)
  switch (scheme) {
    case "file":
      return { kind: "filesystem", folder: folderOf(url, text) }
    case "s3":
      return parseS3(url, text)
    case "ipfs":
    case "ipfs+http":
    case "ipfs+https": {
      allowQuery(url, [], text)
      const host = requireHost(url, text)
      const protocol = scheme === "ipfs+https" ? "https" : "http"
      return { kind: "ipfs", api: `${protocol}://${host}${url.pathname.replace(/\/+$/, "")}` }
    }
    case "http":
    case "https":
      allowQuery(url, [], text)
      return { kind: "http", url: url.href.replace(/\/+$/, "") }
    default:
      throw new InvalidInputError(
        `"${text}": stores are a folder, s3://, ipfs://, http(s):// or memory:, not ${scheme}:`,
      )
  }
}

function parseS3(url: URL, text: string): StoreLocation {
  allowQuery(url, ["endpoint", "region"], text)
  const bucket = requireHost(url, text)
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new InvalidInputError(`"${bucket}" is not the name of a bucket: 3 to 63 of a-z 0-9 . -`)
  }
  const endpoint = url.searchParams.get("endpoint")
  const region = url.searchParams.get("region")
  if (endpoint !== null && !/^https?:$/.test(parseUrl(endpoint).protocol)) {
    throw new InvalidInputError(`"${endpoint}" is not the http(s) address of an S3 service`)
  }
  return {
    kind: "s3",
    bucket,
    prefix: url.pathname.replaceAll(/^\/+|\/+$/g, ""),
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
  }
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw new InvalidInputError("the location of a store is not a URL")
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError(
      "the location of a store holds credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the AWS files, instead",
    )
  }
  return url
}

function folderOf(url: URL, text: string): string {
  allowQuery(url, [], text)
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new InvalidInputError(`"${text}" is not the address of a folder here`, { cause })
  }
}

function requireHost(url: URL, text: string): string {
  if (url.host === "") throw new InvalidInputError(`"${text}" names no host or bucket`)
  return url.host
}

function allowQuery(url: URL, allowed: readonly string[], text: string): void {
  const unknown = [...url.searchParams.keys()].find((name) => !allowed.includes(name))
  if (unknown !== undefined || url.hash !== "") {
    throw new InvalidInputError(`"${text}": "${unknown ?? url.hash}" does not belong there`)
  }
}
