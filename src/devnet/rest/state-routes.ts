/**
 * Routes about accounts, multisig, mosaics and metadata, and their state proofs (symbol.md §9.4, §6.2).
 *
 * @module
 */
import { addressHex, hexOf } from "../account.ts"
import type { Chain } from "../chain.ts"
import { metadataHash } from "../plugins/metadata.ts"
import type { CacheName } from "../state.ts"
import {
  addressOfText,
  fieldOf,
  hashOf,
  invalid,
  listOf,
  malformed,
  missing,
  numberOf,
  pageOf,
  pagingOf,
  type RestRequest,
} from "./request.ts"
import { accountShape, metadataShape, mosaicShape, multisigShape } from "./shapes.ts"

/** Target id of metadata on accounts. */
const ACCOUNT_TARGET = "0".repeat(16)

export function account({ chain, parameters }: RestRequest) {
  const [id = ""] = parameters
  const entry = chain.store.entry("account", accountIdOf(id))
  if (!entry) throw missing(id)
  return accountShape(entry, chain.genesis.currency)
}

export function accounts({ chain, query }: RestRequest) {
  const address = query.get("address")
  const mosaicId = hex64Of(query, "mosaicId")
  const wanted = address === null ? undefined : addressOfText(address, "address")
  const entries = chain.store
    .entries("account")
    .filter((one) => wanted === undefined || one.address === wanted)
    .filter((one) => mosaicId === undefined || mosaicId in one.mosaics)
  const { currency } = chain.genesis
  return pageOf(
    entries.map((one) => accountShape(one, currency)),
    pagingOf(query),
  )
}

export function accountsById({ chain, body }: RestRequest) {
  const byKey = fieldOf(body, "publicKeys") !== undefined
  if (byKey && fieldOf(body, "addresses") !== undefined) {
    throw invalid("publicKeys and addresses cannot both be provided")
  }
  const addresses = byKey
    ? listOf(body, "publicKeys", (text) => addressHex(hashOf(text, "publicKeys")))
    : listOf(body, "addresses", (text) => addressOfText(text, "addresses"))
  return addresses.flatMap((one) => {
    const entry = chain.store.entry("account", one)
    return entry ? [accountShape(entry, chain.genesis.currency)] : []
  })
}

export function accountMerkle({ chain, parameters }: RestRequest) {
  return proofOf(chain, "account", accountIdOf(parameters[0] ?? ""))
}

export function multisig({ chain, parameters }: RestRequest) {
  const [address = ""] = parameters
  const entry = chain.store.entry("multisig", addressOfText(address, "address"))
  if (!entry) throw missing(address)
  return multisigShape(entry)
}

export function multisigMerkle({ chain, parameters }: RestRequest) {
  return proofOf(chain, "multisig", addressOfText(parameters[0] ?? "", "address"))
}

/** Level 0 is the account asked for, negative the multisigs above it, positive its cosignatories. */
export function multisigGraph({ chain, parameters }: RestRequest) {
  const [text = ""] = parameters
  const address = addressOfText(text, "address")
  if (!chain.store.entry("multisig", address)) throw missing(text)
  const levels = new Map<number, Set<string>>()
  climb(chain, address, 0, "multisigs", -1, levels)
  climb(chain, address, 0, "cosignatories", 1, levels)
  return [...levels.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([level, addresses]) => ({
      level,
      multisigEntries: [...addresses].flatMap((one) => {
        const entry = chain.store.entry("multisig", one)
        return entry ? [multisigShape(entry)] : []
      }),
    }))
}

function climb(
  chain: Chain,
  address: string,
  level: number,
  along: "multisigs" | "cosignatories",
  step: number,
  levels: Map<number, Set<string>>,
): void {
  const seen = levels.get(level) ?? new Set()
  levels.set(level, seen.add(address))
  for (const next of chain.store.entry("multisig", address)?.[along] ?? []) {
    climb(chain, next, level + step, along, step, levels)
  }
}

export function mosaic({ chain, parameters }: RestRequest) {
  const id = mosaicIdOf(parameters[0])
  const entry = chain.store.entry("mosaic", id)
  if (!entry) throw missing(parameters[0] ?? "")
  return mosaicShape(entry)
}

export function mosaics({ chain, query }: RestRequest) {
  const owner = query.get("ownerAddress")
  const wanted = owner === null ? undefined : addressOfText(owner, "ownerAddress")
  const entries = chain.store.entries("mosaic").filter((one) => !wanted || one.owner === wanted)
  return pageOf(entries.map(mosaicShape), pagingOf(query))
}

export function mosaicsById({ chain, body }: RestRequest) {
  return listOf(body, "mosaicIds", mosaicIdOf).flatMap((id) => {
    const entry = chain.store.entry("mosaic", id)
    return entry ? [mosaicShape(entry)] : []
  })
}

export function mosaicMerkle({ chain, parameters }: RestRequest) {
  return proofOf(chain, "mosaic", mosaicIdOf(parameters[0]))
}

export function metadata({ chain, query }: RestRequest) {
  const paging = pagingOf(query)
  const address = (name: string) => {
    const text = query.get(name)
    return text === null ? undefined : addressOfText(text, name)
  }
  const [source, target] = [address("sourceAddress"), address("targetAddress")]
  const key = hex64Of(query, "scopedMetadataKey")
  // All entries here are on accounts: type 0, with no target id.
  const isAccount =
    [undefined, 0].includes(numberOf(query, "metadataType")) &&
    [undefined, ACCOUNT_TARGET].includes(hex64Of(query, "targetId"))
  const find = () =>
    source !== undefined && target !== undefined && key !== undefined
      ? [chain.store.entry("metadata", metadataHash(source, target, BigInt(`0x${key}`)))]
      : chain.store.entries("metadata")
  const entries = (isAccount ? find() : [])
    .filter((one) => one !== undefined)
    .filter((one) => source === undefined || one.source === source)
    .filter((one) => target === undefined || one.target === target)
    .filter((one) => key === undefined || one.key === key)
  return pageOf(entries.map(metadataShape), paging)
}

/** 64 bits in a query, as 16 hex digits. */
function hex64Of(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^[0-9A-Fa-f]{1,16}$/.test(text)) throw malformed(name)
  return text.toUpperCase().padStart(16, "0")
}

export function metadataByHash({ chain, parameters }: RestRequest) {
  const hash = hashOf(parameters[0] ?? "", "compositeHash")
  const entry = chain.store.entry("metadata", hexOf(hash))
  if (!entry) throw missing(parameters[0] ?? "")
  return metadataShape(entry)
}

export function metadataByHashes({ chain, body }: RestRequest) {
  return listOf(body, "compositeHashes", hashNamed).flatMap((hash) => {
    const entry = chain.store.entry("metadata", hexOf(hash))
    return entry ? [metadataShape(entry)] : []
  })
}

export function metadataMerkle({ chain, parameters }: RestRequest) {
  return proofOf(chain, "metadata", hexOf(hashOf(parameters[0] ?? "", "compositeHash")))
}

/** Clients ask what things are called before they show them: there are no namespaces here, so none has a name. */
export function mosaicNames({ body }: RestRequest) {
  const ids = listOf(body, "mosaicIds", mosaicIdOf)
  return { mosaicNames: ids.map((mosaicId) => ({ mosaicId, names: [] })) }
}

/** See {@link mosaicNames}. */
export function accountNames({ body }: RestRequest) {
  const addresses = listOf(body, "addresses", (text) => addressOfText(text, "addresses"))
  return { accountNames: addresses.map((address) => ({ address, names: [] })) }
}

function hashNamed(text: string): Buffer {
  return hashOf(text, "compositeHash")
}

function proofOf(chain: Chain, cache: CacheName, key: string) {
  return { raw: hexOf(chain.trees.prove(cache, key)), tree: chain.trees.describe(cache, key) }
}

/** An account by address or public key, as hex address. */
function accountIdOf(text: string): string {
  if (text.length === 64) return addressHex(hashOf(text, "accountId"))
  return addressOfText(text, "accountId")
}

function mosaicIdOf(text = ""): string {
  if (!/^[0-9A-Fa-f]{16}$/.test(text)) throw malformed("mosaicId")
  return text.toUpperCase()
}
