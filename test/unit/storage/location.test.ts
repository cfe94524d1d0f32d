import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { InvalidInputError } from "../../../src/base/errors.ts"
import { parseStoreLocation } from "../../../storage/location.ts"

describe("parseStoreLocation", () => {
  it.for([
    ["/srv/lake", { kind: "filesystem", folder: "/srv/lake" }],
    ["./lake", { kind: "filesystem", folder: resolve("lake") }],
    ["lake of s3", { kind: "filesystem", folder: resolve("lake of s3") }],
    ["file:///srv/my%20lake", { kind: "filesystem", folder: "/srv/my lake" }],
    ["memory:", { kind: "memory" }],
    ["s3://lake", { kind: "s3", bucket: "lake", prefix: "" }],
    ["s3://lake/", { kind: "s3", bucket: "lake", prefix: "" }],
    ["s3://lake/a/b/", { kind: "s3", bucket: "lake", prefix: "a/b" }],
    [
      "s3://lake/a?endpoint=http://127.0.0.1:9000&region=eu-central-1",
      {
        kind: "s3",
        bucket: "lake",
        prefix: "a",
        endpoint: "http://127.0.0.1:9000",
        region: "eu-central-1",
      },
    ],
    ["ipfs://127.0.0.1:5001", { kind: "ipfs", api: "http://127.0.0.1:5001" }],
    ["ipfs+http://node:5001/", { kind: "ipfs", api: "http://node:5001" }],
    ["ipfs+https://node/api/", { kind: "ipfs", api: "https://node/api" }],
    ["IPFS://node:5001", { kind: "ipfs", api: "http://node:5001" }],
    ["https://lake.example/blobs/", { kind: "http", url: "https://lake.example/blobs" }],
    ["http://127.0.0.1:4700/objects", { kind: "http", url: "http://127.0.0.1:4700/objects" }],
  ])("reads %s", ([text, location]) => {
    expect(parseStoreLocation(text as string)).toEqual(location)
  })

  it.for([
    ["", "empty"],
    ["  ", "empty"],
    ["ftp://host/lake", "not ftp:"],
    ["gs://lake", "not gs:"],
    ["memory:lake", "takes nothing after it"],
    ["s3://", "not a URL|names no host"],
    ["s3:///prefix", "not a URL|names no host"],
    ["s3://La", "not the name of a bucket"],
    ["s3://a", "not the name of a bucket"],
    ["s3://lake_1", "not the name of a bucket"],
    ["s3://lake?acl=public", '"acl" does not belong there'],
    ["s3://lake?endpoint=ftp://host", "http\\(s\\) address"],
    ["s3://lake?endpoint=nowhere", "not a URL"],
    ["s3://lake#part", "does not belong there"],
    ["ipfs://", "not a URL|names no host"],
    ["ipfs://node?arg=1", "does not belong there"],
    ["https://lake.example/blobs?token=1", "does not belong there"],
    ["file://elsewhere/lake", "not the address of a folder here"],
  ])("refuses %j", ([text, why]) => {
    const parse = () => parseStoreLocation(text as string)
    expect(parse).toThrow(InvalidInputError)
    expect(parse).toThrow(new RegExp(why as string))
  })

  it.for([
    "s3://AKIA:very-secret@lake",
    "https://user:very-secret@lake.example/blobs",
    "s3://lake?endpoint=http://user:very-secret@host",
    "ipfs://user:very-secret@node:5001",
  ])("refuses credentials and does not repeat them: %s", (text) => {
    const parse = () => parseStoreLocation(text)
    expect(parse).toThrow(InvalidInputError)
    expect(parse).toThrow(/holds credentials/)
    expect(parse).not.toThrow(/very-secret/)
  })
})
