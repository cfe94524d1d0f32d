/**
 * The command line in this process: what is typed, the exit code, and every byte that it writes to its two streams.
 *
 * @module
 */
import { vi } from "vitest"
import { runCli } from "../../src/cli/program.ts"

/** What a command left. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `medlake …args`; one at a time, for the streams are the process's own. Variables of ours outside `environment` are unset. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const written = { stdout: "", stderr: "" }
  const before = { ...process.env }
  for (const name of Object.keys(before)) if (name.startsWith("MEDLAKE_")) delete process.env[name]
  Object.assign(process.env, environment)
  const taken = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((piece) => {
      written[name] += typeof piece === "string" ? piece : new TextDecoder().decode(piece)
      return true
    }),
  )
  try {
    return { code: await runCli(args), ...written }
  } finally {
    for (const one of taken) one.mockRestore()
    for (const name of Object.keys(environment)) delete process.env[name]
    Object.assign(process.env, before)
  }
}
