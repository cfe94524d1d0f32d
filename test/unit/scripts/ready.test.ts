import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const project = fileURLToPath(new URL("../../..", import.meta.url))

/** Says how it was called, then does what its first argument asks for. */
const PROGRAM = `
const [first, second] = process.argv.slice(2)
if (first === "wait") {
  process.on("SIGTERM", () => process.exit(7))
  setInterval(() => {}, 1000)
}
console.log(JSON.stringify(process.argv.slice(2)))
if (first === "exit") process.exit(Number(second))
`
/** Stands in for npm: notes that it ran, prints, and ends with the code in the file "npm-code". */
const NPM = `
const { appendFileSync, readFileSync } = require("node:fs")
appendFileSync("npm-calls", process.argv.slice(2).join(" ") + "\\n")
console.log("npm says why")
process.exit(Number(readFileSync("npm-code", "utf8")))
`
const WANTED = {
  "": { name: "medlake" },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/windows-only": { version: "1.0.0", integrity: "sha512-w", optional: true },
}
const { "": _, "node_modules/windows-only": __, ...FOUND } = WANTED

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "medlake ready "))
  mkdirSync(join(root, "node_modules"))
  cpSync(join(project, "scripts/ready.mjs"), join(root, "scripts/ready.mjs"))
  cpSync(join(project, "scripts/launch.mjs"), join(root, "scripts/launch.mjs"))
  cpSync(join(project, "bin/medlake.mjs"), join(root, "bin/medlake.mjs"))
  symlinkSync(join(project, "node_modules/tsx"), join(root, "node_modules/tsx"))
  writeFileSync(join(root, "program.ts"), PROGRAM)
  mkdirSync(join(root, "src/cli"), { recursive: true })
  writeFileSync(join(root, "src/cli/main.ts"), PROGRAM)
  writeFileSync(join(root, "npm.js"), NPM)
  writeFileSync(join(root, "npm-code"), "0")
  lock("package-lock.json", WANTED)
  lock("node_modules/.package-lock.json", FOUND)
})

afterEach(() => rmSync(root, { recursive: true }))

function lock(file: string, packages: object): void {
  writeFileSync(join(root, file), JSON.stringify({ lockfileVersion: 3, packages }))
}

function run(file: string, ...args: string[]) {
  const env = { ...process.env, npm_execpath: join(root, "npm.js") }
  return spawnSync(process.execPath, [join(root, file), ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
    env,
  })
}

function npmCalls(): string {
  const file = join(root, "npm-calls")
  return existsSync(file) ? readFileSync(file, "utf8") : ""
}

/** What a Node of this version would be told. */
function refusal(version: string) {
  const module = pathToFileURL(join(root, "scripts/launch.mjs")).href
  const code = `import { refuseOldNode } from "${module}"; refuseOldNode("${version}"); console.log("goes on")`
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" })
}

describe("ready", () => {
  it("starts the program without npm when the lockfile's packages are installed", () => {
    const child = run("scripts/ready.mjs", "program.ts", "a b", "--x", "", '$HOME "q"')
    expect(JSON.parse(child.stdout)).toEqual(["a b", "--x", "", '$HOME "q"'])
    expect(child.stderr).toBe("")
    expect(child.status).toBe(0)
    expect(npmCalls()).toBe("")
  })

  it.for<[what: string, found: object]>([
    ["another version", { "node_modules/a": { version: "1.0.1", integrity: "sha512-a" } }],
    ["other content", { "node_modules/a": { version: "1.0.0", integrity: "sha512-b" } }],
    ["a package too few", {}],
    [
      "a package too many",
      { ...FOUND, "node_modules/b": { version: "1.0.0", integrity: "sha512-b" } },
    ],
  ])("runs npm ci, quietly, when %s is installed", ([, found]) => {
    lock("node_modules/.package-lock.json", found)
    const child = run("scripts/ready.mjs", "program.ts", "a")
    expect(npmCalls()).toBe("ci\n")
    expect(child.stdout).toBe('["a"]\n')
    expect(child.stderr).not.toContain("npm says why")
  })

  it("runs npm ci when nothing is installed", () => {
    rmSync(join(root, "node_modules/.package-lock.json"))
    expect(run("scripts/ready.mjs", "program.ts").status).toBe(0)
    expect(npmCalls()).toBe("ci\n")
  })

  it("shows what npm says when npm ci fails, and does not start the program", () => {
    rmSync(join(root, "node_modules/.package-lock.json"))
    writeFileSync(join(root, "npm-code"), "3")
    const child = run("scripts/ready.mjs", "program.ts")
    expect(child.stderr).toContain("npm says why")
    expect(child.stderr).toContain('"npm ci" failed')
    expect(child.stdout).toBe("")
    expect(child.status).toBe(3)
  })

  it("refuses to guess which program is meant", () => {
    const child = run("scripts/ready.mjs")
    expect(child.status).toBe(2)
    expect(child.stderr).toContain("usage:")
  })

  it("ends with the program's exit code", () => {
    expect(run("scripts/ready.mjs", "program.ts", "exit", "5").status).toBe(5)
  })

  it("passes a signal on and ends as the program ends", async () => {
    const child = spawn(process.execPath, [join(root, "scripts/ready.mjs"), "program.ts", "wait"])
    await once(child.stdout, "data")
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([7, null])
  })
})

describe("bin/medlake", () => {
  it("runs the CLI from another folder, through a link", () => {
    symlinkSync(join(root, "bin/medlake.mjs"), join(root, "linked"))
    const child = run("linked", "upload", "a b")
    expect(child.stdout).toBe('["upload","a b"]\n')
  })

  it("says what to do when nothing is installed", () => {
    rmSync(join(root, "node_modules"), { recursive: true })
    const child = run("bin/medlake.mjs", "upload")
    expect(child.status).toBe(1)
    expect(child.stderr).toContain('run "npm ci" there once')
    expect(child.stdout).toBe("")
  })
})

describe("refuseOldNode", () => {
  it.for(["12.22.12", "18.20.8", "20.9.0", "20.18.3"])(
    "refuses Node %s with a sentence",
    (version) => {
      const child = refusal(version)
      expect(child.status).toBe(1)
      expect(child.stdout).toBe("")
      expect(child.stderr).toBe(
        `medlake needs Node 20.19 or newer and this is Node ${version}: install a newer one and run this again\n`,
      )
    },
  )

  it.for(["20.19.0", "22.1.0", "24.21.0"])("lets Node %s go on", (version) => {
    expect(refusal(version).stdout).toBe("goes on\n")
  })

  it("asks for the version that package.json asks for", () => {
    const { engines } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
      engines: { node: string }
    }
    expect(refusal("0.1.0").stderr).toContain(
      `needs Node ${engines.node.replace(">=", "")} or newer`,
    )
  })
})
