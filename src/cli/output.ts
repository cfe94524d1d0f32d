/**
 * What a command prints: people's lines and progress on stderr and stdout, or one JSON value a result on stdout.
 *
 * @module
 */
import { SingleBar } from "cli-progress"
import { hex } from "../base/bytes.ts"
import type { Progress } from "../lake/ports.ts"

/** Where a verb's words go. */
export interface Output {
  /** Whether `--json` was asked for. */
  readonly json: boolean
  /** A line for people; nothing with `--json`. */
  line(text?: string): void
  /** A remark for people on stderr: advice, warnings. */
  note(text: string): void
  /** The result: with `--json` one JSON value on stdout, else what `print` prints. */
  result(value: unknown, print: () => void): void
  /** A progress bar on stderr, only on a terminal. Call the returned function when the work ends. */
  progress(): { readonly report: Progress; readonly stop: () => void }
}

/** Output to this process's own streams. */
export function processOutput(json: boolean): Output {
  const line = (text = "") => {
    if (!json) process.stdout.write(`${printable(text)}\n`)
  }
  return {
    json,
    line,
    note: (text) => {
      process.stderr.write(`${printable(text)}\n`)
    },
    result: (value, print) => {
      if (json) process.stdout.write(`${JSON.stringify(value, jsonValue)}\n`)
      else print()
    },
    progress: () => (json || !process.stderr.isTTY ? silent() : bar()),
  }
}

/** Names and descriptions come from others: none of them may steer this terminal. */
export function printable(text: string): string {
  return text.replaceAll(/(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
}

function silent(): { report: Progress; stop: () => void } {
  return { report: () => undefined, stop: () => undefined }
}

function bar(): { report: Progress; stop: () => void } {
  const shown = new SingleBar({
    format: " {phase} {bar} {percentage}% {value}/{total}",
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  })
  let phase = ""
  return {
    report: (step) => {
      if (step.phase !== phase) {
        if (phase !== "") shown.stop()
        phase = step.phase
        shown.start(step.total, step.done, { phase: phase.padEnd(10) })
      } else {
        shown.update(step.done, { phase: phase.padEnd(10) })
      }
    },
    stop: () => {
      if (phase !== "") shown.stop()
    },
  }
}

/** Bytes print as hex, big integers as decimal text. */
function jsonValue(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (typeof value === "bigint") return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  return value
}

/** `1 536` → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ""}`
}

/** `1 record`, `2 records`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`
}

/** `2026-07-03 14:00` in UTC. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").slice(0, 16)
}
