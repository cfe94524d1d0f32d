/** What the demo is asked to do. @module */
import { resolve } from "node:path"
import { parseArgs } from "node:util"

/** See the README. */
export interface DemoOptions {
  /** The user's own folder; a synthetic study is made when left out. */
  readonly path: string | undefined
  /** Where ciphertext goes: `file:`, `s3://`, `ipfs://`. */
  readonly lake: string | undefined
  readonly control: readonly string[] | undefined
}

/** Parses the command line; relative paths are meant from where `npm run` was called. */
export function demoOptions(args: readonly string[], environment: NodeJS.ProcessEnv): DemoOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { lake: { type: "string" }, control: { type: "string" } },
  })
  if (positionals.length > 1) throw new Error("one PATH at most: npm run demo -- [PATH]")
  const from = environment["INIT_CWD"] ?? process.cwd()
  const place = (location: string) => (location.includes(":") ? location : resolve(from, location))
  const [path] = positionals
  return {
    path: path === undefined ? undefined : resolve(from, path),
    lake: values.lake === undefined ? undefined : place(values.lake),
    control: values.control?.split(",").map(place),
  }
}
