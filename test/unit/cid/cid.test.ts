import { describe, expect, it } from "vitest"
import { cidOfBytes, parseCid, rootKind } from "../../../src/cid/cid.ts"

const invalid = expect.objectContaining({ code: "invalid_input" })
const RAW = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

describe("parseCid", () => {
  it("reads a raw leaf's name, 36 bytes in binary", () => {
    expect(parseCid(RAW).toString()).toBe(RAW)
    expect(parseCid(RAW).bytes).toHaveLength(36)
    expect(rootKind(RAW)).toBe("leaf")
  })

  it.each([
    ["CIDv0", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPBdG"],
    ["upper case", RAW.toUpperCase()],
    ["base58btc", "zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA"],
    ["dag-cbor", "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"],
    [
      "sha2-512",
      "bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs",
    ],
    ["a path", `${RAW}/a`],
    ["a space after it", `${RAW} `],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => parseCid(text)).toThrow(invalid)
    expect(rootKind(text)).toBeUndefined()
  })
})

describe("cidOfBytes", () => {
  it("names up to one leaf, and refuses more", () => {
    expect(cidOfBytes(new Uint8Array()).toString()).toBe(RAW)
    expect(cidOfBytes(new Uint8Array(1 << 20)).code).toBe(0x55)
    expect(() => cidOfBytes(new Uint8Array((1 << 20) + 1))).toThrow(invalid)
  })
})
