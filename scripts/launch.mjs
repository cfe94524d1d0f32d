/**
 * Starts TypeScript on plain Node, for everything a person types first. No dependencies, and no syntax that a Node too
 * old to run medlake could not parse: it must live long enough to say so.
 *
 * @module
 */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

/** Oldest Node that runs medlake; `engines` in package.json says the same. */
export const OLDEST_NODE = "20.19"

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]

/** Ends the process with one sentence when `version` (`20.20.2`) is older than medlake needs. */
export function refuseOldNode(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE.split(".").map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  process.stderr.write(
    `medlake needs Node ${OLDEST_NODE} or newer and this is Node ${version}: install a newer one and run this again\n`,
  )
  process.exit(1)
}

/**
 * Runs a TypeScript file in a child that shares this terminal, and ends as the child ends: same exit code, same signal.
 * tsx is named by its place in this project, so the working directory may be anywhere.
 */
export function runTypeScript(file, args) {
  let loader
  try {
    loader = import.meta.resolve("tsx")
  } catch {
    const root = fileURLToPath(new URL("..", import.meta.url))
    process.stderr.write(`medlake is not installed in ${root}: run "npm ci" there once\n`)
    process.exit(1)
  }
  const child = spawn(process.execPath, ["--import", loader, file, ...args], { stdio: "inherit" })
  for (const signal of FORWARDED) {
    // A terminal sends Ctrl-C to the child as well: passing it on would look like a second, impatient one.
    const fromTerminal = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT")
    process.on(signal, () => fromTerminal || child.kill(signal))
  }
  child.on("error", (error) => {
    process.stderr.write(`Node could not be started again: ${error.message}\n`)
    process.exit(1)
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
