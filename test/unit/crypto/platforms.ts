/**
 * The two platforms that the primitives run on: Node's own code, and noble's as in a browser. Both must give the same bytes.
 *
 * @module
 */
import { vi } from "vitest"

export const PLATFORMS = ["node", "browser"] as const
export type Platform = (typeof PLATFORMS)[number]

/** Loads modules anew, with `node:crypto` or as where there is none. Errors then are of classes loaded anew: compare their names. */
export async function loadOn<T>(platform: Platform, load: () => Promise<T>): Promise<T> {
  vi.resetModules()
  if (platform === "browser") {
    vi.doMock("../../../src/crypto/platform.ts", () => ({ nodeCrypto: undefined }))
  } else vi.doUnmock("../../../src/crypto/platform.ts")
  const { nodeCrypto } = await import("../../../src/crypto/platform.ts")
  if ((nodeCrypto === undefined) !== (platform === "browser")) {
    throw new Error(`the platform ${platform} was not put in place`)
  }
  return await load()
}
