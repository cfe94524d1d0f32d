/**
 * The file system as a store sees it, with every call written down, and calls that fail on purpose.
 *
 * @module
 */
import type { FileHandle } from "node:fs/promises"
import * as nodeFiles from "node:fs/promises"
import { relative } from "node:path"
import type { Disk } from "../../storage/filesystem.ts"

/** A disk that notes `call path` for each call; paths are below `root`. */
export interface RecordingDisk extends Disk {
  readonly calls: string[]
  /** Handles that are open now. */
  openHandles(): number
  /** Throws where a call should fail; is asked before each. */
  fail: (call: string, path: string) => void
}

/** An error as the kernel reports it. */
export function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: made up`), { code })
}

/** A disk over the machine's own. */
export function recordingDisk(root: string): RecordingDisk {
  const calls: string[] = []
  let handles = 0
  const note = (call: string, path: string) => {
    const below = relative(root, path).replace(/\.incoming\/[0-9a-f]+$/, ".incoming/NEW")
    disk.fail(call, below)
    calls.push(`${call} ${below === "" ? "." : below}`)
  }
  const watched = (file: FileHandle, path: string): FileHandle =>
    new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== "function") return value
        return async (...parameters: unknown[]) => {
          if (name === "close") {
            handles -= 1
            await (value as () => Promise<void>).call(target)
            note("close", path)
            return undefined
          }
          note(String(name), path)
          return (value as (...all: unknown[]) => unknown).apply(target, parameters)
        }
      },
    })
  const disk = {
    calls,
    openHandles: () => handles,
    fail: () => undefined,
    open: async (path: string, flags?: string, mode?: number) => {
      note("open", path)
      const file = await nodeFiles.open(path, flags, mode)
      handles += 1
      return watched(file, path)
    },
    mkdir: async (path: string, options: object) => {
      note("mkdir", path)
      return await nodeFiles.mkdir(path, options)
    },
    rename: async (from: string, to: string) => {
      note("rename", to)
      await nodeFiles.rename(from, to)
    },
    unlink: async (path: string) => {
      note("unlink", path)
      await nodeFiles.unlink(path)
    },
    stat: async (path: string) => {
      note("stat", path)
      return await nodeFiles.stat(path)
    },
    readdir: async (path: string) => {
      note("readdir", path)
      return await nodeFiles.readdir(path)
    },
  } as unknown as RecordingDisk
  return disk
}
