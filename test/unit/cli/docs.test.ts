import { readFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { EXIT_CODES, USAGE } from "../../../src/cli/exit-codes.ts"
import { programOf } from "../../../src/cli/program.ts"
import { VERBS } from "../../../src/cli/verbs.ts"
import { runCommand } from "../../support/command.ts"

const page = await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8")
const NAMES = Object.keys(VERBS)

/** A verb with its options, as `--help` shows it. */
async function verbOf(name: string) {
  const verb = programOf(false).commands.find((one) => one.name() === name)
  if (!verb) throw new Error(`the program has no ${name}`)
  const module = await VERBS[name]?.[1]()
  module?.define(verb)
  return verb
}

/** The section of a verb in the page. */
const sectionOf = (name: string) => page.split(/^### /m).find((one) => one.startsWith(`${name}\n`))

describe("docs/cli.md", () => {
  it("names every exit code with its kind, and no other", () => {
    const rows = [...page.matchAll(/^\| (\d+) +\| `(\w+)` +\|/gm)].map(
      ([, code, kind]): [string, number] => [kind ?? "", Number(code)],
    )
    const known: [string, number][] = [
      ["internal", 1],
      ["usage", USAGE],
      ...Object.entries(EXIT_CODES),
    ]
    expect(rows).toEqual(known)
  })

  it("has a section for every verb, in the program's order, and no other", () => {
    const sections = [...page.matchAll(/^### (.*)$/gm)].map(([, name]) => name)
    expect(sections).toEqual(NAMES)
    expect(NAMES.length).toBe(15)
  })

  it.for(NAMES)(
    "says of %s its options and arguments as --help does, with an example",
    async (name) => {
      const verb = await verbOf(name)
      const section = sectionOf(name) ?? ""
      const rows = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell)
      const named = verb.registeredArguments.map((one) => {
        const text = one.variadic ? `${one.name()}…` : one.name()
        return one.required ? `<${text}>` : `[${text}]`
      })
      expect(rows).toEqual([...named, ...verb.options.map(({ flags }) => flags)])
      expect(section).toMatch(new RegExp(`^medlake .*\\b${name}\\b`, "m"))
    },
  )
})

describe("--help", () => {
  it.for(NAMES)("of %s has a purpose, every global option and an example of it", async (name) => {
    const { code, stdout, stderr } = await runCommand([name, "--help"])
    expect(code).toBe(0)
    expect(stderr).toBe("")
    expect(stdout).toContain(VERBS[name]?.[0].split(/[;:,]/)[0] ?? "?")
    for (const option of ["--home", "--passphrase-file", "--json"]) expect(stdout).toContain(option)
    expect(stdout).toMatch(new RegExp(`^ .*medlake .*\\b${name}\\b`, "m"))
  })

  it("of the program lists every verb", async () => {
    const { code, stdout } = await runCommand(["--help"])
    expect(code).toBe(0)
    for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^ +${name} `, "m"))
  })

  it("shows no option that would take a secret as its value", async () => {
    const takers = /pass(phrase|code)|words|factor|seed|secret|link/
    let seen = 0
    for (const name of NAMES) {
      for (const { flags, description } of (await verbOf(name)).options) {
        if (!takers.test(flags)) continue
        seen += 1
        const [, value] = /<(\w+)/.exec(flags) ?? []
        // A file or folder, a switch, or what the id of a link is: nothing that opens anything.
        expect([undefined, "file", "folder", "id"], `${name} ${flags} ${description}`).toContain(
          value,
        )
      }
    }
    expect(seen).toBeGreaterThanOrEqual(8)
  })
})
