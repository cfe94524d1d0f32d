/**
 * Symbol's own description of its REST API, asked whether an answer is as described.
 *
 * Schemas choose among transaction types by `anyOf`, where a poor answer fits a poor type; so each transaction is held
 * against the schema of its own type too.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { missingShared, sharedPath } from "../support/shared-data.ts"

const FILE = "symbol-openapi.json"
/** Why tests on the description can't run here. */
export const missingOpenApi = missingShared(FILE)

type Json = Readonly<Record<string, unknown>>

/** Names of schemas by transaction type, without `TransactionDTO` and `Embedded`. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x4154: "Transfer",
  0x4155: "MultisigAccountModification",
  0x414d: "MosaicDefinition",
  0x424d: "MosaicSupplyChange",
  0x4144: "AccountMetadata",
  0x4141: "Aggregate",
}

/**
 * Heights that nodes give as "0" where the description says "from 1": a key never seen, an importance never computed,
 * a transaction that waits (symbol.md §9.6; catapult stores zero).
 */
const ZERO_HEIGHTS = [
  ["AccountDTO", "publicKeyHeight"],
  ["AccountDTO", "importanceHeight"],
  ["TransactionStatusDTO", "height"],
] as const

export class OpenApi {
  readonly #paths: Readonly<Record<string, Json>>
  readonly #ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true })
  readonly #compiled = new Map<string, ValidateFunction>()

  constructor() {
    const document = JSON.parse(readFileSync(sharedPath(FILE), "utf8")) as {
      paths: Record<string, Json>
      components: { schemas: Record<string, { properties: Record<string, Json> }> }
    }
    for (const [schema, property] of ZERO_HEIGHTS) {
      const properties = document.components.schemas[schema]?.properties
      if (!properties?.[property]) throw new Error(`${schema} has no ${property} any more`)
      properties[property] = { $ref: "#/components/schemas/TransactionMetaHeight" }
    }
    this.#paths = document.paths
    this.#ajv.addFormat("int64", true)
    this.#ajv.addSchema(document, "symbol")
  }

  /** The described path that a request asks, such as `/accounts/{accountId}`; undefined when none is. */
  template(method: string, target: string): string | undefined {
    const asked = (target.split("?")[0] ?? "").split("/")
    const fits = (path: string) => {
      const segments = path.split("/")
      return (
        segments.length === asked.length &&
        segments.every((segment, i) => segment.startsWith("{") || segment === asked[i])
      )
    }
    const found = Object.keys(this.#paths).filter(
      (path) => fits(path) && this.#paths[path]?.[method.toLowerCase()] !== undefined,
    )
    const variables = (path: string) => path.split("{").length
    return found.toSorted((a, b) => variables(a) - variables(b))[0]
  }

  /** What is wrong with an answer; a status that the description does not have is wrong as well. */
  problems(method: string, target: string, status: number, body: unknown): string[] {
    const path = this.template(method, target)
    if (path === undefined) return [`no route ${method} ${target} is described`]
    const operation = this.#paths[path]?.[method.toLowerCase()] as { responses: Json }
    const response = operation.responses[String(status)] as { $ref?: string } | undefined
    if (!response) return [`status ${status} is not described for ${method} ${path}`]
    const responsePath =
      response.$ref ?? `#/paths/${escaped(path)}/${method.toLowerCase()}/responses/${status}`
    const schema = `${responsePath}/content/application~1json/schema`
    const found = this.#errors(schema, body, `${method} ${path}`)
    for (const { at, name, transaction } of transactionsIn(body, "")) {
      found.push(
        ...(name === undefined
          ? [`${at}: type ${String(transaction["type"])} is none of the chain's`]
          : this.#errors(`#/components/schemas/${name}`, transaction, at)),
      )
    }
    return found
  }

  #errors(pointer: string, value: unknown, at: string): string[] {
    let validate = this.#compiled.get(pointer)
    if (!validate) {
      validate = this.#ajv.compile({ $ref: `symbol${pointer}` })
      this.#compiled.set(pointer, validate)
    }
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${at}${instancePath}: ${message ?? "is wrong"}`,
    )
  }
}

/** Every object that stands under "transaction", with the name of its schema. */
function* transactionsIn(
  value: unknown,
  at: string,
): Generator<{ at: string; name: string | undefined; transaction: Json }> {
  if (typeof value !== "object" || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const path = `${at}/${key}`
    if (key === "transaction") {
      const transaction = inner as Json
      const type = TYPE_NAMES[transaction["type"] as number]
      const isEmbedded = "aggregateHash" in ((value as { meta?: object }).meta ?? {})
      const extended = type === "Aggregate" && "transactions" in transaction ? "Extended" : ""
      const name = type && `${isEmbedded ? "Embedded" : ""}${type}Transaction${extended}DTO`
      yield { at: path, name, transaction }
    }
    yield* transactionsIn(inner, path)
  }
}

function escaped(path: string): string {
  return encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"))
}
