/**
 * What a person means by the paths of `upload`: files, and all files below folders. Nothing is chosen by its name: what a file is, its
 * bytes say.
 *
 * @module
 */
import type { Stats } from "node:fs"
import { readdir, realpath, stat } from "node:fs/promises"
import { join } from "node:path"
import { InvalidInputError, MedlakeError } from "../base/errors.ts"
import type { UploadFile } from "../lake/upload.ts"
import { fileSource } from "./file-source.ts"
import { fileError } from "./files.ts"

/**
 * All files at the paths, folders walked in the order of their names, links followed, each folder walked once. What can't be opened inside a
 * folder is a file whose reading fails, so that the upload names it and takes the others.
 * @throws {InvalidInputError} when there is nothing at one of the paths, or something that is neither file nor folder
 * @throws {AccessDeniedError} no right to look into a folder
 */
export async function filesAt(paths: readonly string[]): Promise<UploadFile[]> {
  const walked = new Set<string>()
  const files: UploadFile[] = []
  for (const path of paths) files.push(...(await filesBelow(path, walked)))
  return files
}

async function filesBelow(path: string, walked: Set<string>): Promise<UploadFile[]> {
  const found = await statOf(path)
  if (!found.isDirectory()) return [{ name: path, source: await sourceOf(path, found) }]
  const folder = await realpath(path)
  if (walked.has(folder)) return []
  walked.add(folder)
  const names = await readdir(path).catch((cause: unknown) => {
    throw fileError(path, cause)
  })
  const files: UploadFile[] = []
  for (const name of names.toSorted()) {
    const inside = join(path, name)
    try {
      files.push(...(await filesBelow(inside, walked)))
    } catch (error) {
      if (!(error instanceof MedlakeError)) throw error
      files.push({ name: inside, source: brokenSource(error) })
    }
  }
  return files
}

async function statOf(path: string): Promise<Stats> {
  return await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause)
  })
}

/** Opening a pipe would wait for its writer for ever; a device has no end. */
async function sourceOf(path: string, found: Stats): Promise<UploadFile["source"]> {
  if (!found.isFile()) {
    throw new InvalidInputError(`${path} is neither a file nor a folder: leave it out`)
  }
  return await fileSource(path)
}

/** A file that was found but can't be read, for `reason`; nobody knows its size. */
function brokenSource(reason: MedlakeError): UploadFile["source"] {
  const read = async (): Promise<never> => {
    throw reason
  }
  return { size: 1, read }
}
