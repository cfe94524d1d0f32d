/**
 * How the demo is told: numbered chapters, each step as the command that a user would type, with what it printed and how long it took.
 *
 * @module
 */
import Table from "cli-table3"
import pc from "picocolors"
import type { DemoParty, Finished } from "./processes.ts"

/** What one party tried in vain, after a control that shows that the same try works where it may. */
export interface Probe {
  readonly who: string
  readonly holds: string
  /** What the same probe opened. */
  readonly opened: string
  /** What stayed shut. */
  readonly shut: string
}

/** Tells the demo on stdout. */
export class Story {
  readonly #probes: Probe[] = []
  #chapter = 0

  chapter(title: string): void {
    this.#chapter += 1
    process.stdout.write(`\n${pc.bold(`${this.#chapter}  ${title}`)}\n`)
  }

  say(text: string): void {
    process.stdout.write(`     ${text}\n`)
  }

  /** A command of a party that must end with one of these exit codes, and its output. */
  async step(
    party: DemoParty,
    args: readonly string[],
    codes: readonly number[] = [0],
  ): Promise<string> {
    const done = await this.#run(party, args)
    if (!codes.includes(done.code)) {
      throw new Error(`medlake ${args[0] ?? ""} ended with ${done.code}: ${done.stderr.trim()}`)
    }
    return done.stdout
  }

  /** A command that must be refused with this exit code. */
  async refused(party: DemoParty, args: readonly string[], code: number): Promise<void> {
    const done = await this.#run(party, args)
    if (done.code !== code) {
      throw new Error(
        `medlake ${args.join(" ")} ended with ${done.code} instead of ${code}: ${done.stderr}`,
      )
    }
  }

  /** Keeps a probe for the table at the end. */
  probe(probe: Probe): void {
    this.#probes.push(probe)
    this.say(`${pc.green("shut")} ${probe.who}: ${probe.shut}`)
    this.say(`     (the same probe opened: ${probe.opened})`)
  }

  /** The table of all probes. */
  table(): void {
    const table = new Table({
      head: ["who", "holds", "the probe opened", "and could not open"],
      style: { head: [], border: [] },
      colWidths: [18, 28, 34, 44],
      wordWrap: true,
    })
    for (const { who, holds, opened, shut } of this.#probes) table.push([who, holds, opened, shut])
    process.stdout.write(`\n${table.toString()}\n`)
  }

  async #run(party: DemoParty, args: readonly string[]): Promise<Finished> {
    const typed = ["medlake", ...party.typed(args)].map(quoted).join(" ")
    process.stdout.write(`   ${pc.cyan("$")} ${typed}\n`)
    const done = await party.run(args)
    const time = pc.dim(`${(done.ms / 1000).toFixed(1)} s`)
    const lines = `${done.stdout}${done.stderr}`.split("\n").filter((line) => line.trim() !== "")
    for (const line of lines) this.say(line)
    this.say(time)
    return done
  }
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument}'`
}
