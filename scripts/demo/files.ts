/** Files of the demo, compared by their hashes. @module */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { hex } from "../../src/base/bytes.ts"
import { sha256 } from "../../src/crypto/sha256.ts"

/** SHA-256 (hex) of every file below a folder, or of one file. */
export async function hashesOf(path: string): Promise<Set<string>> {
  const hashes = new Set<string>()
  for (const file of await filesBelow(path)) hashes.add(hex(sha256(await readFile(file))))
  return hashes
}

/** All files below a folder; the file itself when it is one. */
export async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOTDIR") return undefined
      throw cause
    },
  )
  if (!entries) return [path]
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
}

/**
 * Compares what came out with what was asked for.
 * @throws when a file is missing, too many, or has other bytes
 */
export function requireSame(
  fetched: ReadonlySet<string>,
  expected: ReadonlySet<string>,
  input: ReadonlySet<string>,
): void {
  const missing = [...expected].filter((one) => !fetched.has(one))
  const strange = [...fetched].filter((one) => !input.has(one))
  if (missing.length + strange.length > 0 || fetched.size !== expected.size) {
    throw new Error(
      `fetched files differ: ${missing.length} missing, ${strange.length} with other bytes`,
    )
  }
}
