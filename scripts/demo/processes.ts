/**
 * The demo's parties as processes: each command and each server runs alone, with its own home folder and passphrase, and nobody's
 * process is told where another's home is.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const LOADER = import.meta.resolve("tsx")
const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
/** A server that says nothing within this time has failed, ms. */
const START_MS = 60_000

/** What a finished command left. */
export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** A server in a process of its own. */
export interface Served {
  readonly url: string
  /** Ends it: SIGTERM, or SIGKILL as a power cut would. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>
}

/** One party: its home folder below `folder`, and the secrets that it types. */
export class DemoParty {
  readonly name: string
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #homeless: boolean

  private constructor(
    name: string,
    folder: string,
    environment: NodeJS.ProcessEnv,
    homeless: boolean,
  ) {
    this.name = name
    this.#folder = folder
    this.#environment = environment
    this.#homeless = homeless
  }

  /** Makes a party; its secrets lie in files that only its own processes are told of. */
  static async make(
    folder: string,
    name: string,
    { factor, homeless = false }: { factor?: string; homeless?: boolean } = {},
  ): Promise<DemoParty> {
    const secrets = join(folder, `${name}-secrets`)
    await mkdir(secrets, { recursive: true, mode: 0o700 })
    const passphrase = join(secrets, "passphrase")
    await writeFile(passphrase, `passphrase of the ${name}\n`, { mode: 0o600 })
    const environment: NodeJS.ProcessEnv = { MEDLAKE_PASSPHRASE_FILE: passphrase }
    if (factor !== undefined) {
      environment["MEDLAKE_FACTOR_FILE"] = join(secrets, "factor")
      await writeFile(join(secrets, "factor"), `${factor}\n`, { mode: 0o600 })
    }
    return new DemoParty(name, folder, environment, homeless)
  }

  /** Runs `medlake --home NAME …` to its end; any exit code is an answer. */
  async run(args: readonly string[]): Promise<Finished> {
    return await this.script(CLI, this.typed(args))
  }

  /** What is typed after `medlake`: who has no home, names none. */
  typed(args: readonly string[]): string[] {
    return this.#homeless ? [...args] : ["--home", this.name, ...args]
  }

  /** Runs another script as this party; `onRemark` hears that it wrote to stderr. */
  async script(
    file: string,
    args: readonly string[],
    onRemark: () => void = () => undefined,
  ): Promise<Finished> {
    const begun = performance.now()
    const child = this.#start(file, args)
    child.stderr?.once("data", onRemark)
    const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
    const [code] = (await once(child, "close")) as [number | null]
    const ms = performance.now() - begun
    return { code: code ?? 1, stdout: await stdout, stderr: await stderr, ms }
  }

  /** Starts `medlake …` as a server and waits until it says where it answers. */
  async serve(args: readonly string[]): Promise<Served> {
    const child = this.#start(CLI, ["--json", ...this.typed(args)])
    const closed = once(child, "close")
    const stderr = textOf(child.stderr)
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const timeout = setTimeout(() => child.kill("SIGKILL"), START_MS)
    const [line] = (await Promise.race([once(lines, "line"), closed])) as [unknown]
    clearTimeout(timeout)
    if (typeof line !== "string") {
      throw new Error(`medlake ${args.join(" ")} did not start: ${await stderr}`)
    }
    const { url } = JSON.parse(line) as { url: string }
    return {
      url,
      stop: async (signal = "SIGTERM") => {
        child.kill(signal)
        await closed
      },
    }
  }

  #start(file: string, args: readonly string[]): ChildProcess {
    return spawn(process.execPath, ["--import", LOADER, file, ...args], {
      cwd: this.#folder,
      env: { ...withoutSecrets(process.env), ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
  }
}

function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("MEDLAKE_")),
  )
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ""
  if (!stream) return text
  for await (const piece of stream) text += String(piece)
  return text
}
