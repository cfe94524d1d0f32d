/**
 * The rules of the source tree (DESIGN §10), as a table over zones and a checker that says each breach in a sentence.
 *
 *     base ← crypto, cid, dicom, devnet ← vault, ledger, record, fhir, storage ← lake ← db, host, agent ← gateway ← cli
 *
 * `compose.ts` alone sees drivers. Nothing sees what this table does not name.
 *
 * @module
 */
import { isBuiltin } from "node:module"
import { posix } from "node:path"
import type { Module } from "./imports.ts"

/** More lines than this and a module is two ideas. */
const MOST_LINES = 300

const UP_TO_LAKE = ["base", "crypto", "cid", "dicom", "vault", "ledger", "record", "fhir"]
/** The port, and what drivers and wrappers share to keep its contract. */
const PORT = "storage port"
const WRAPPERS = "storage wrappers"
const DRIVERS = "storage drivers"
const HTTP_NODE = "http node"
const UP_TO_AGENT = [...UP_TO_LAKE, PORT, "lake", "config"]
const UP_TO_GATEWAY = [...UP_TO_AGENT, "db", "host", "agent"]
const EVERYTHING_BUT_DRIVERS = [...UP_TO_GATEWAY, WRAPPERS, "gateway"]

/** What each zone may import beside itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  crypto: ["base"],
  cid: ["base", "crypto"],
  dicom: ["base", "crypto"],
  devnet: ["base", "crypto"],
  vault: ["base", "crypto", "cid"],
  ledger: ["base", "crypto"],
  [HTTP_NODE]: ["base", "crypto", "ledger"],
  record: ["base", "crypto", "cid", "vault"],
  fhir: ["base", "dicom"],
  [PORT]: ["base", "crypto", "cid"],
  [WRAPPERS]: ["base", "crypto", "cid", PORT],
  [DRIVERS]: ["base", "crypto", "cid", PORT, WRAPPERS],
  lake: [...UP_TO_LAKE, PORT, WRAPPERS],
  config: ["base"],
  db: UP_TO_AGENT,
  host: UP_TO_AGENT,
  agent: UP_TO_AGENT,
  gateway: [...UP_TO_GATEWAY, WRAPPERS],
  cli: [...EVERYTHING_BUT_DRIVERS, "compose", "index"],
  compose: [...EVERYTHING_BUT_DRIVERS, DRIVERS, HTTP_NODE, "devnet"],
  index: [...EVERYTHING_BUT_DRIVERS, "compose"],
}

/** Zones that run in browsers too. */
const NO_NODE = new Set([...UP_TO_LAKE, PORT, WRAPPERS, "lake"])

/** Packages that only some modules may name. */
const PACKAGES: readonly { name: RegExp; only: RegExp; where: string }[] = [
  {
    name: /^symbol-sdk(\/|$)/,
    only: /^src\/(ledger|devnet)\//,
    where: "src/ledger and src/devnet",
  },
  { name: /^ipfs-http-client(\/|$)/, only: /^storage\/ipfs[^/]*$/, where: "storage/ipfs*.ts" },
  { name: /^@(aws-sdk|smithy)\//, only: /^storage\/s3[^/]*$/, where: "storage/s3*.ts" },
  {
    name: /^ws$/,
    only: /^src\/(ledger\/http-node[^/]*$|devnet\/)/,
    where: "src/ledger/http-node.ts and src/devnet",
  },
  { name: /^sharp(\/|$)/, only: /(?!)/, where: "no module" },
]

const VAGUE_NAME = /^(utils?|helpers?|common|misc)$/

/** The zone of a module by its path; `undefined` when the table has none for it. */
export function zoneOf(path: string): string | undefined {
  if (/^storage\/(blob-store|key|leaves|source|wait)\.ts$/.test(path)) return PORT
  if (path.startsWith("storage/with/")) return WRAPPERS
  if (path.startsWith("storage/")) return DRIVERS
  if (/^src\/ledger\/http-node[^/]*$/.test(path)) return HTTP_NODE
  const zone = /^src\/([^/.]+)(\/|\.ts$)/.exec(path)?.[1]
  return zone !== undefined && Object.hasOwn(ALLOWED, zone) ? zone : undefined
}

/** Every breach of the tree's rules by `modules` of src and storage, as `path: sentence`. */
export function importBreaches(modules: readonly Module[], dependencies: ReadonlySet<string>) {
  const paths = new Set(modules.map((module) => module.path))
  return modules.flatMap((module) =>
    module.imports
      .map((specifier) => importBreach(module.path, specifier, paths, dependencies))
      .concat(zoneOf(module.path) === undefined ? ["its folder is not in the table"] : [])
      .filter((breach) => breach !== undefined)
      .map((breach) => `${module.path}: ${breach}`),
  )
}

function importBreach(
  path: string,
  specifier: string | undefined,
  paths: ReadonlySet<string>,
  dependencies: ReadonlySet<string>,
): string | undefined {
  if (specifier === undefined) return "imports a computed name, which nobody can check"
  const from = zoneOf(path) ?? ""
  if (specifier.startsWith(".")) return relativeBreach(path, from, specifier, paths)
  if (isBuiltin(specifier))
    return NO_NODE.has(from) ? `${from} runs in browsers and imports ${specifier}` : undefined
  const rule = PACKAGES.find(({ name }) => name.test(specifier))
  if (rule && !rule.only.test(path)) return `imports ${specifier}, which ${rule.where} may import`
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  if (!dependencies.has(name)) return `imports ${name}, which is not among the dependencies`
  return undefined
}

function relativeBreach(path: string, from: string, specifier: string, paths: ReadonlySet<string>) {
  const target = posix.join(posix.dirname(path), specifier)
  const to = zoneOf(target)
  if (!paths.has(target) || to === undefined) return `imports ${specifier}, which is no module here`
  if (to === from || ALLOWED[from]?.includes(to)) return undefined
  return `${from} may not import ${to} (${specifier})`
}

/** Each cycle of relative imports once, as `a → b → a`. Types count: a cycle of types is a cycle of ideas. */
export function cycles(modules: readonly Module[]): string[] {
  const edges = new Map(
    modules.map(({ path, imports }) => [
      path,
      imports
        .filter((specifier) => specifier?.startsWith("."))
        .map((specifier) => posix.join(posix.dirname(path), specifier as string)),
    ]),
  )
  const found: string[] = []
  const finished = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const begin = trail.indexOf(path)
    if (begin >= 0) found.push([...trail.slice(begin), path].join(" → "))
    if (begin >= 0 || finished.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...trail, path])
    finished.add(path)
  }
  for (const path of edges.keys()) walk(path, [])
  return found
}

/** Modules that are two ideas. */
export function tooLong(modules: readonly Module[]): string[] {
  return modules
    .filter(({ lines }) => lines > MOST_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, over ${MOST_LINES}`)
}

/** Modules whose name, or folder's name, lets nobody guess what is in them. */
export function vagueNames(modules: readonly Module[]): string[] {
  return modules.map(({ path }) => path).filter((path) => path.split("/").some(isVague))
}

function isVague(part: string): boolean {
  return VAGUE_NAME.test(part.replace(/\..*$/, ""))
}
