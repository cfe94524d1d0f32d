/**
 * Reads what TypeScript modules import, by the compiler's own parser, and which files there are.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"

/** A module as the architecture rules see it. */
export interface Module {
  /** From the project's root, with forward slashes: `src/crypto/seal.ts`. */
  path: string
  lines: number
  /** Specifiers as written; `undefined` for one that is computed at run time. */
  imports: (string | undefined)[]
}

/** Every module under these folders of `root`; a folder that does not exist has none. */
export function readModules(root: string, folders: readonly string[]): Module[] {
  const files = folders.flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
          join(folder, name).replaceAll("\\", "/"),
        )
      : [],
  )
  return files
    .filter((path) => /\.(ts|tsx|mts|js|mjs)$/.test(path))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8")
      return { path, lines: text.trimEnd().split("\n").length, imports: importsOf(text) }
    })
}

/**
 * Specifiers of every import and export, types included, static and dynamic, and of every module started by
 * `new URL("./worker.ts", import.meta.url)`.
 */
export function importsOf(text: string): (string | undefined)[] {
  const found: (string | undefined)[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) found.push(literal(node.moduleSpecifier))
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier)
      found.push(literal(node.moduleSpecifier))
    else if (ts.isExternalModuleReference(node)) found.push(literal(node.expression))
    else if (ts.isImportTypeNode(node))
      found.push(ts.isLiteralTypeNode(node.argument) ? literal(node.argument.literal) : undefined)
    else if (ts.isCallExpression(node) && isImporter(node.expression))
      found.push(literal(node.arguments[0]))
    else if (ts.isNewExpression(node) && node.expression.getText() === "URL") {
      const [relative, base] = node.arguments ?? []
      if (base?.getText() === "import.meta.url" && /\.m?[jt]s$/.test(literal(relative) ?? ""))
        found.push(literal(relative))
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile("module.ts", text, ts.ScriptTarget.ESNext, true))
  return found
}

function isImporter(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(callee) && callee.text === "require")
  )
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}
