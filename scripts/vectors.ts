/**
 * `npm run vectors`: writes `test/vectors/*.json`, the same bytes every time.
 *
 * A difference after a change of code is a change of format: docs/FORMAT.md says whether it may be.
 *
 * @module
 */
import { writeFileSync } from "node:fs"
import { textOf } from "./vectors/case.ts"
import { vectorFiles } from "./vectors/files.ts"

const folder = new URL("../test/vectors/", import.meta.url)
for (const one of await vectorFiles()) {
  const text = textOf(one)
  writeFileSync(new URL(`${one.file}.json`, folder), text)
  const size = `${Math.ceil(text.length / 1024)} KiB`
  process.stdout.write(
    `${one.file.padEnd(22)} ${String(one.cases.length).padStart(4)} cases  ${size}\n`,
  )
}
