/**
 * Tink's own library, run as a Python program over files (`stream_by_tink.py`).
 *
 * @module
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { hex } from "../../src/base/bytes.ts"

/** `.ci/run` makes it and installs PyPI's `tink` there. */
const PYTHON = fileURLToPath(new URL("../../.cache/python/bin/python", import.meta.url))
const PROGRAM = fileURLToPath(new URL("stream_by_tink.py", import.meta.url))

/** One stream to seal or to open. */
export interface TinkJob {
  readonly do: "seal" | "open"
  readonly dek: Uint8Array
  readonly aad: Uint8Array
  readonly bytes: Uint8Array
}

/** Why Tink can't run here, or `undefined`. */
export function missingTink(): string | undefined {
  if (!existsSync(PYTHON)) return `there is no ${PYTHON}: .ci/run makes it`
  try {
    execFileSync(PYTHON, ["-c", "import tink"], { stdio: "pipe" })
    return undefined
  } catch {
    return "PyPI's tink is not installed in .cache/python: .ci/run does it"
  }
}

/** What Tink makes of each job: the stream, the plaintext, or its refusal in words. */
export async function runTink(jobs: readonly TinkJob[]): Promise<(Uint8Array | string)[]> {
  const folder = await mkdtemp(join(tmpdir(), "medlake-tink-"))
  try {
    const orders = jobs.map(({ do: what, dek, aad }, i) => ({
      do: what,
      dek: hex(dek),
      aad: hex(aad),
      from: join(folder, `${i}.in`),
      to: join(folder, `${i}.out`),
    }))
    for (const [i, { from }] of orders.entries()) {
      await writeFile(from, (jobs[i] as TinkJob).bytes)
    }
    const output = execFileSync(PYTHON, [PROGRAM], {
      input: JSON.stringify(orders),
      stdio: ["pipe", "pipe", "inherit"],
    })
    const answers = JSON.parse(output.toString()) as { bytes?: number; refused?: string }[]
    return await Promise.all(
      answers.map(
        async ({ refused }, i) => refused ?? (await readFile((orders[i] as { to: string }).to)),
      ),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}
