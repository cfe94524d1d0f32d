/**
 * Makes a fresh clone ready and runs one of its programs: `node scripts/ready.mjs FILE.ts [ARGUMENT…]`.
 *
 * Runs `npm ci` when what is installed is not what package-lock.json says; sets nothing else up. The two are compared by
 * content, since the times of a clone's files mean nothing. With everything installed it needs no network.
 *
 * @module
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { refuseOldNode, runTypeScript } from "./launch.mjs"

refuseOldNode()

const root = fileURLToPath(new URL("..", import.meta.url))

/** The packages that a lockfile names, by path; `undefined` when there is no such file. */
function lockedPackages(file) {
  let text
  try {
    text = readFileSync(new URL(`../${file}`, import.meta.url), "utf8")
  } catch (error) {
    if (error.code === "ENOENT") return undefined
    throw error
  }
  const { "": _project, ...packages } = JSON.parse(text).packages
  return packages
}

const same = (a, b) => a.version === b.version && a.integrity === b.integrity

/** Whether `node_modules` holds what package-lock.json names; optional packages of other platforms may be absent. */
function isInstalled() {
  const wanted = lockedPackages("package-lock.json")
  // npm writes this file last, and "npm ci" deletes it first.
  const found = lockedPackages("node_modules/.package-lock.json")
  if (wanted === undefined) throw new Error(`package-lock.json is missing in ${root}: clone again`)
  if (found === undefined) return false
  return (
    Object.keys(found).every((path) => path in wanted) &&
    Object.keys(wanted).every((path) =>
      path in found ? same(wanted[path], found[path]) : wanted[path].optional === true,
    )
  )
}

/** Runs `npm ci`, silent unless it fails. */
function install() {
  process.stderr.write("medlake: installing packages (npm ci), once …\n")
  const options = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }
  const own = process.env.npm_execpath
  const npm =
    own !== undefined && own.endsWith(".js")
      ? spawnSync(process.execPath, [own, "ci"], options)
      : spawnSync("npm", ["ci"], { ...options, shell: process.platform === "win32" })
  if (npm.status === 0) return
  for (const text of [npm.stdout, npm.stderr, npm.error && npm.error.message])
    if (text) process.stderr.write(`${text}\n`)
  process.stderr.write(`medlake: "npm ci" failed in ${root}; the lines above say why\n`)
  process.exit(npm.status || 1)
}

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write("usage: node scripts/ready.mjs FILE.ts [ARGUMENT…]\n")
  process.exit(2)
}
if (!isInstalled()) install()
runTypeScript(resolve(root, file), args)
