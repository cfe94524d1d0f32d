/**
 * A real file system with little room: a small tmpfs, where this process may mount one.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A mounted file system. */
export interface SmallDisk {
  readonly folder: string
  /** Makes it read-only. */
  freeze(): void
  unmount(): void
}

/** Why no file system can be mounted here; `undefined` when it can. */
export function missingMount(): string | undefined {
  if (process.platform !== "linux") return "a tmpfs is Linux's"
  try {
    mountSmallDisk(1).unmount()
    return undefined
  } catch {
    return "only root may mount a file system"
  }
}

/** Mounts a file system with room for `mebibytes`. */
export function mountSmallDisk(mebibytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "medlake-small-"))
  const run = (...command: [string, ...string[]]) => {
    const [program, ...rest] = command
    const { status } = spawnSync(program, rest, { stdio: "ignore" })
    if (status !== 0) throw new Error(`${command.join(" ")} failed`)
  }
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "medlake-test", folder)
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
  return {
    folder,
    freeze: () => run("mount", "-o", "remount,ro", folder),
    unmount: () => {
      run("umount", folder)
      rmSync(folder, { recursive: true })
    },
  }
}
