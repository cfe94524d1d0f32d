/** Files that somebody handed over: their bytes, and errors that name the file. @module */
import { readFile } from "node:fs/promises"
import { InvalidInputError } from "../base/errors.ts"
import { fileError } from "../host/files.ts"

/** The bytes of a file; throws as `fileError` when it can't be read. */
export async function readInput(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw fileError(path, cause)
  })
  return Uint8Array.from(bytes)
}

/**
 * What `parse` makes of bytes from a file.
 * @param what what they should be, e.g. "a card"
 * @throws {InvalidInputError} naming the file, when they are not
 */
export function parsedInput<T>(
  path: string,
  what: string,
  bytes: Uint8Array,
  parse: (bytes: Uint8Array) => T,
): T {
  try {
    return parse(bytes)
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause
    throw new InvalidInputError(`${path} is not ${what}: ${cause.message}`, { cause })
  }
}
