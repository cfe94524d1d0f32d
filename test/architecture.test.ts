import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { cycles, importBreaches, tooLong, vagueNames } from "./support/architecture.ts"
import { importsOf, type Module, readModules } from "./support/imports.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  dependencies: Record<string, string>
}
const declared = new Set(Object.keys(dependencies))
const source = readModules(root, ["src", "storage"])
const tooling = readModules(root, ["scripts", "bin", "test"])

/** Fewer than these and the test did not look at the tree. */
const FEWEST_MODULES = 70
const FEWEST_IMPORTS = 300

function isTestFile({ path }: Module): boolean {
  return path.startsWith("test/") && !path.startsWith("test/support/")
}

/** A made-up module of 100 lines. */
function module(path: string, ...imports: (string | undefined)[]): Module {
  return { path, lines: 100, imports }
}

describe("the source tree", () => {
  it("is really read: its modules and imports are counted", () => {
    const found = source.flatMap(({ imports }) => imports)
    // An independent, cruder count: one-line specifiers after the word `from`.
    const lines = source.flatMap(({ path }) => readFileSync(root + path, "utf8").split("\n"))
    const crude = lines.filter((line) => /^(import|export|\}).* from "[^"]+"$/.test(line))
    process.stdout.write(`architecture: ${source.length} modules, ${found.length} imports\n`)
    expect(source.length).toBeGreaterThanOrEqual(FEWEST_MODULES)
    expect(found.length).toBeGreaterThanOrEqual(Math.max(FEWEST_IMPORTS, crude.length))
    expect(crude.length).toBeGreaterThanOrEqual(FEWEST_IMPORTS)
  })

  it("imports in one direction, drivers from compose.ts alone", () => {
    expect(importBreaches(source, declared)).toEqual([])
  })

  it("has no cycles", () => {
    expect(cycles(source)).toEqual([])
  })

  it("has no module over 300 lines; only test files may be longer", () => {
    const measured = [...source, ...tooling].filter((each) => !isTestFile(each))
    expect(tooLong(measured)).toEqual([])
  })

  it("uses every package that it depends on", () => {
    const specifiers = source.flatMap(({ imports }) => imports.filter((one) => one !== undefined))
    const packages = specifiers.map((one) => /^(@[^/]+\/)?[^/]+/.exec(one)?.[0])
    // scripts/launch.mjs resolves tsx by name, to run everything else.
    const used = new Set([...packages, "tsx"])
    expect([...declared].filter((name) => !used.has(name))).toEqual([])
  })

  it("has no vague names", () => {
    expect(vagueNames([...source, ...tooling])).toEqual([])
  })
})

describe("importsOf", () => {
  it("sees every way to name another module, and nothing else", () => {
    const text = [
      `import a from "./a.ts"`,
      `import type { B } from "./b.ts"`,
      `import "./c.ts"`,
      `export * from "./d.ts"`,
      `export type { E } from "./e.ts"`,
      `type F = import("./f.ts").F`,
      `const g = () => import("./g.ts")`,
      `const h = require("./h.ts")`,
      `import i = require("./i.ts")`,
      `const j = new Worker(new URL("./j.ts", import.meta.url))`,
      `const k = (name: string) => import(name)`,
      `// import "./comment.ts"`,
      `const text = 'import "./text.ts"'`,
      `const page = new URL("./page.html", import.meta.url)`,
    ].join("\n")
    const letters = "abcdefghij".split("").map((letter) => `./${letter}.ts`)
    expect(importsOf(text)).toEqual([...letters, undefined])
  })
})

describe("the rules", () => {
  const tree = [
    "src/base/bytes.ts",
    "src/crypto/seal.ts",
    "src/devnet/chain.ts",
    "src/ledger/node.ts",
    "src/ledger/http-node.ts",
    "src/host/files.ts",
    "src/lake/upload.ts",
    "src/db/search.ts",
    "storage/blob-store.ts",
    "storage/key.ts",
    "storage/memory.ts",
    "storage/with/retry.ts",
  ].map((path) => module(path))

  it.for<[path: string, specifier: string | undefined, breach: RegExp]>([
    ["src/base/a.ts", "../crypto/seal.ts", /base may not import crypto/],
    ["src/vault/a.ts", "../lake/upload.ts", /vault may not import lake/],
    ["src/ledger/a.ts", "../devnet/chain.ts", /ledger may not import devnet/],
    ["src/devnet/a.ts", "../ledger/node.ts", /devnet may not import ledger/],
    ["src/ledger/a.ts", "./http-node.ts", /ledger may not import http node/],
    ["src/lake/a.ts", "../ledger/http-node.ts", /lake may not import http node/],
    ["src/lake/a.ts", "../../storage/memory.ts", /lake may not import storage drivers/],
    ["src/index.ts", "../storage/memory.ts", /index may not import storage drivers/],
    ["src/cli/a.ts", "../devnet/chain.ts", /cli may not import devnet/],
    ["src/cli/a.ts", "../../storage/memory.ts", /cli may not import storage drivers/],
    ["src/agent/a.ts", "../host/files.ts", /agent may not import host/],
    ["storage/with/a.ts", "../memory.ts", /wrappers may not import storage drivers/],
    ["src/lake/a.ts", "../../test/support/a.ts", /no module here/],
    ["src/lake/a.ts", "./gone.ts", /no module here/],
    ["src/elsewhere/a.ts", "zod", /not in the table/],
    ["src/lake/a.ts", "symbol-sdk/symbol", /src\/ledger and src\/devnet may import/],
    ["src/lake/a.ts", "ipfs-http-client", /storage\/ipfs\*\.ts may import/],
    ["storage/ipfs.ts", "@aws-sdk/client-s3", /storage\/s3\*\.ts may import/],
    ["src/ledger/a.ts", "ws", /http-node\.ts and src\/devnet may import/],
    ["src/imaging.ts", "sharp", /no module may import/],
    ["src/host/a.ts", "left-pad/lib", /left-pad, which is not among the dependencies/],
    ["src/crypto/a.ts", "node:crypto", /crypto runs in browsers and imports node:crypto/],
    ["src/lake/a.ts", "fs/promises", /lake runs in browsers and imports fs\/promises/],
    ["src/ledger/a.ts", "node:net", /ledger runs in browsers/],
    ["storage/leaves.ts", "node:crypto", /storage port runs in browsers/],
    ["src/host/a.ts", undefined, /computed name/],
  ])("refuse %s importing %s", ([path, specifier, breach]) => {
    const breaches = importBreaches([...tree, module(path, specifier)], declared)
    expect(breaches.filter((sentence) => breach.test(sentence))).toHaveLength(1)
  })

  it("allow what the table allows", () => {
    const allowed = [
      module("src/crypto/a.ts", "./seal.ts", "../base/bytes.ts", "@noble/hashes/sha2.js"),
      module("src/ledger/http-node.ts", "./node.ts", "ws", "node:net"),
      module("src/ledger/a.ts", "symbol-sdk/symbol"),
      module("src/lake/a.ts", "../../storage/blob-store.ts", "../../storage/with/retry.ts"),
      module("src/gateway/a.ts", "../host/files.ts", "../db/search.ts", "../lake/upload.ts"),
      module(
        "src/compose.ts",
        "../storage/memory.ts",
        "./devnet/chain.ts",
        "./ledger/http-node.ts",
      ),
      module("src/gateway/b.ts", "../../storage/with/retry.ts"),
      module("storage/with/a.ts", "../blob-store.ts", "../key.ts"),
      module("src/cli/a.ts", "../compose.ts", "../host/files.ts"),
      module("storage/s3-body.ts", "@aws-sdk/client-s3", "./blob-store.ts"),
    ]
    expect(importBreaches([...tree, ...allowed], declared)).toEqual([])
  })

  it("find a cycle, of types too, and name its members once", () => {
    const ring = [
      module("src/lake/a.ts", "./b.ts"),
      module("src/lake/b.ts", "./c.ts", "../base/bytes.ts"),
      module("src/lake/c.ts", "./a.ts"),
      module("src/lake/d.ts", "./a.ts"),
    ]
    expect(cycles([...tree, ...ring])).toEqual([
      "src/lake/a.ts → src/lake/b.ts → src/lake/c.ts → src/lake/a.ts",
    ])
    expect(cycles([module("src/lake/a.ts", "./a.ts")])).toHaveLength(1)
  })

  it("refuse long modules and vague names", () => {
    const long = { path: "src/lake/a.ts", lines: 301, imports: [] }
    expect(tooLong([long])).toEqual(["src/lake/a.ts: 301 lines, over 300"])
    expect(tooLong([{ ...long, lines: 300 }])).toEqual([])
    const vague = ["src/lake/utils.ts", "test/helpers/a.ts", "src/misc.test.ts", "src/common/x.ts"]
    expect(vagueNames([...tree, ...vague.map((path) => module(path))])).toEqual(vague)
  })
})
