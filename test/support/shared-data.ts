/**
 * Real data that lies beside the repository and is committed to none: DICOM files, API descriptions.
 *
 * @module
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Folder of the data: `MEDLAKE_DATA`, else `../shared/data` beside the repository. */
export const sharedData = process.env["MEDLAKE_DATA"] ?? join(root, "../shared/data")

/** Path of a shared file or folder. */
export function sharedPath(name: string): string {
  return join(sharedData, name)
}

/** Why a suite on this file or folder can't run here; `undefined` when it can. For `describeIfPresent`. */
export function missingShared(name: string): string | undefined {
  return existsSync(sharedPath(name))
    ? undefined
    : `${name} is not in the shared data: set MEDLAKE_DATA to its folder`
}
